from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import voluptuous as vol

import edgepi_weather
from edgepi.plugin import MANIFEST_NAME, Manifest
from edgepi.testing.pytest_plugin import ContextFactory
from edgepi_weather import plugin
from edgepi_weather.sensor import WeatherConfig


def test_the_manifest_offers_what_the_plugin_declares() -> None:
    manifest = Manifest.read(Path(edgepi_weather.__file__).parent / MANIFEST_NAME)
    assert manifest.name == "weather"
    assert set(manifest.offers) == set(plugin.__all__) - {"config_schema"}


def test_the_configuration_becomes_an_object() -> None:
    schema = plugin.config_schema()
    values = vol.Schema(dict(schema.fields))({"address": 0x77, "interval": "5min"})
    assert schema.build(**values) == WeatherConfig(address=0x77, interval=300.0)
    assert schema.build() == WeatherConfig(bus=1, address=None, interval=60.0)


@pytest.mark.parametrize("wrong", [{"address": 0x40}, {"interval": "0s"}, {"bus": -1}, {"adress": 0x76}])
def test_a_wrong_configuration_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(vol.Invalid):
        vol.Schema(dict(plugin.config_schema().fields))(wrong)


def test_cards_show_the_instance_s_own_entities(plugin_context: ContextFactory) -> None:
    context = plugin_context(WeatherConfig(), plugin="weather", instance="roof")
    (sensor,) = plugin.sensors(context)
    described = {f"roof.{each.key}" for each in sensor.describe()}
    shown = {entity for card in plugin.cards(context) for entity in card.entities}
    assert shown <= described


def test_importing_the_plugin_does_not_import_its_driver() -> None:
    code = "import sys, edgepi_weather.plugin; sys.exit('bme280' in sys.modules or 'smbus2' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
