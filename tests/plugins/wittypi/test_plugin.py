from __future__ import annotations

from pathlib import Path

import pytest
import voluptuous as vol

import edgepi_wittypi
from edgepi.plugin import MANIFEST_NAME, Manifest
from edgepi.testing.pytest_plugin import ContextFactory
from edgepi_wittypi import plugin
from edgepi_wittypi.config import WittyPiConfig


def test_the_manifest_offers_what_the_plugin_declares() -> None:
    manifest = Manifest.read(Path(edgepi_wittypi.__file__).parent / MANIFEST_NAME)
    assert manifest.name == "wittypi"
    assert set(manifest.offers) == set(plugin.__all__) - {"config_schema"}


def test_the_configuration_becomes_an_object() -> None:
    schema = plugin.config_schema()
    values = vol.Schema(dict(schema.fields))({"low_voltage": 11.6, "interval": "2min"})
    assert schema.build(**values) == WittyPiConfig(low_voltage=11.6, interval=120.0)


@pytest.mark.parametrize(
    "wrong",
    [
        {"interval": "0.5s"},
        {"board_clock": "mine"},
        {"low_voltage": 40},
        {"input": "panel"},
        {"address": 0x07},
    ],
)
def test_a_wrong_configuration_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(vol.Invalid):
        vol.Schema(dict(plugin.config_schema().fields))(wrong)


def test_cards_show_the_instance_s_own_entities(plugin_context: ContextFactory) -> None:
    context = plugin_context(WittyPiConfig(), plugin="wittypi", instance="board")
    (sensor,) = plugin.sensors(context)
    described = {f"board.{each.key}" for each in sensor.describe()}
    assert {entity for card in plugin.cards(context) for entity in card.entities} <= described
