"""The hooks fit what EdgePi expects."""

from __future__ import annotations

from pathlib import Path

import pytest
import voluptuous as vol
from edgepi.plugin import MANIFEST_NAME, Manifest
from edgepi.testing.pytest_plugin import ContextFactory

import edgepi_{{ name }}
from edgepi_{{ name }} import plugin
from edgepi_{{ name }}.sensor import {{ class_name }}Config


def test_the_manifest_names_what_the_plugin_offers() -> None:
    manifest = Manifest.read(Path(edgepi_{{ name }}.__file__).with_name(MANIFEST_NAME))
    assert manifest.name == "{{ name }}"
    assert set(manifest.offers) <= set(plugin.__all__)


def test_an_empty_section_gives_the_defaults() -> None:
    schema = plugin.config_schema()
    assert schema.build(**vol.Schema(dict(schema.fields))({})) == {{ class_name }}Config()


def test_an_address_off_the_chips_range_is_refused() -> None:
    with pytest.raises(vol.Invalid):
        vol.Schema(dict(plugin.config_schema().fields))({"address": 0x10})


def test_every_entity_of_the_card_is_measured(plugin_context: ContextFactory) -> None:
    context = plugin_context({{ class_name }}Config())
    keys = {each.key for sensor in plugin.sensors(context) for each in sensor.describe()}
    shown = {entity.partition(".")[2] for card in plugin.cards(context) for entity in card.entities}
    assert shown <= keys
