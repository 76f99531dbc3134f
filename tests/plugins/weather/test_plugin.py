from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import edgepi_weather
from edgepi.plugin import MANIFEST_NAME, Manifest
from edgepi_weather import plugin
from tests.plugins.weather.conftest import Kit


def test_the_manifest_offers_what_the_plugin_declares() -> None:
    manifest = Manifest.read(Path(edgepi_weather.__file__).parent / MANIFEST_NAME)
    assert manifest.name == "weather"
    assert set(manifest.offers) == set(plugin.__all__) - {"config_schema"}


def test_a_station_without_wind_and_rain_declares_what_air_alone_tells(kit: Kit) -> None:
    context = kit.context(wind=None, vane=None, rain=None)
    described = {each.key for sensor in plugin.sensors(context) for each in sensor.describe()}
    assert described == {
        "temperature",
        "humidity",
        "pressure",
        "pressure_sea_level",
        "pressure_tendency",
        "dew_point",
        "heat_index",
        "pressure_trend",
        "outlook",
    }


def test_a_bmp280_declares_nothing_that_needs_humidity(kit: Kit) -> None:
    context = kit.context(air="bmp280", vane=None, rain=None)
    described = {each.key for sensor in plugin.sensors(context) for each in sensor.describe()}
    assert described == {
        "temperature",
        "pressure",
        "pressure_sea_level",
        "pressure_tendency",
        "wind_chill",
        "pressure_trend",
        "outlook",
        "wind_speed",
        "wind_gust",
    }


def test_a_whole_station_declares_all_of_a_station(kit: Kit) -> None:
    sensors = list(plugin.sensors(kit.context()))
    described = [each.key for sensor in sensors for each in sensor.describe()]
    assert len(sensors) == 4
    assert len(described) == len(set(described)) == 18


def test_a_gauge_alone_is_a_station_too(kit: Kit) -> None:
    (sensor,) = plugin.sensors(kit.context(air="none", wind=None, vane=None))
    assert sensor.name == "rain"


def test_the_devices_of_an_instance_share_one_station(kit: Kit) -> None:
    from edgepi_weather.station import station_of

    context = kit.context()
    assert station_of(context) is station_of(context)
    assert station_of(kit.context()) is not station_of(context)


def test_cards_show_the_instance_s_own_entities(kit: Kit) -> None:
    context = kit.context()
    described = {f"roof.{each.key}" for sensor in plugin.sensors(context) for each in sensor.describe()}
    shown = [set(card.entities) for card in plugin.cards(context)]
    assert shown[0] == described
    assert all(entities <= described for entities in shown)


def test_the_station_card_has_a_role_for_each_entity_and_the_records(kit: Kit) -> None:
    context = kit.context(rain=None)
    card = next(card for card in plugin.cards(context) if card.kind == "station")
    roles = dict(card.options)
    assert roles.pop("records") == "plugins/roof/records"
    assert set(roles.values()) == set(card.entities)
    assert roles["temperature"] == "roof.temperature"
    assert "rain_total" not in roles
    assert card.title == "Weather station: roof"


def test_importing_the_plugin_does_not_import_its_driver() -> None:
    code = "import sys, edgepi_weather.plugin; sys.exit('bme280' in sys.modules or 'smbus2' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
