from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from edgepi.config import load
from edgepi.errors import ConfigError
from edgepi.runtime.discovery import discover
from edgepi_weather.chips.vane import KIT_OHM
from edgepi_weather.config import FIELDS, RAIN, VANE, WIND, RainConfig, VaneConfig, WeatherConfig, WindConfig

PAGE = Path(__file__).parents[3] / "docs/how-to/weather.md"
NODE = "node: {name: n, latitude: 48, longitude: 11, elevation: 500}\nplugins:\n  weather: "


def read(tmp_path: Path, keys: str) -> WeatherConfig:
    path = tmp_path / "edgepi.yaml"
    path.write_text(NODE + keys + "\n")
    (settings,) = load(path, discover(), {}).plugins
    if settings.findings:
        raise ConfigError(settings.findings)
    assert isinstance(settings.config, WeatherConfig)
    return settings.config


def test_without_keys_it_is_one_sensor_of_the_air(tmp_path: Path) -> None:
    assert read(tmp_path, "{}") == WeatherConfig(bus=1, address=None, air="auto", interval=60.0)


def test_a_kit_needs_its_pins_and_nothing_else(tmp_path: Path) -> None:
    config = read(tmp_path, "{wind: {pin: 5}, vane: {}, rain: {pin: 6}}")
    assert config.wind == WindConfig(pin=5, km_h_per_hz=2.4)
    assert config.wind.m_s_per_hz == pytest.approx(0.6667, abs=0.0001)
    assert config.vane == VaneConfig(chip="ads1115", address=0x48, channel=0, pull_up_ohm=10000.0)
    assert config.vane.table == KIT_OHM
    assert config.rain == RainConfig(pin=6, mm_per_tip=0.2794)


def test_every_factor_can_be_another(tmp_path: Path) -> None:
    keys = (
        "{address: 0x77, air: bmp280, interval: 5min, elevation: 12, "
        "wind: {pin: 17, km_h_per_hz: 1.2, bounce: 5ms}, rain: {pin: 27, mm_per_tip: 0.2, most_gap: 1h}, "
        "vane: {chip: ads1015, address: 0x4a, channel: 2, supply_v: 5, supply_channel: 3, pull_up_ohm: 4700, "
        "north_deg: -15, table: {0: 1000, 120: 5000, 240: 20000}}}"
    )
    assert read(tmp_path, keys) == WeatherConfig(
        address=0x77,
        air="bmp280",
        interval=300.0,
        elevation=12.0,
        wind=WindConfig(pin=17, km_h_per_hz=1.2, bounce=0.005),
        vane=VaneConfig(
            chip="ads1015",
            address=0x4A,
            channel=2,
            supply_v=5.0,
            supply_channel=3,
            pull_up_ohm=4700.0,
            north_deg=-15.0,
            table={0.0: 1000.0, 120.0: 5000.0, 240.0: 20000.0},
        ),
        rain=RainConfig(pin=27, mm_per_tip=0.2, most_gap=3600.0),
    )


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        ("{address: 0x40}", "0x40 is out of range"),
        ("{interval: 0s}", "0s is out of range"),
        ("{adress: 0x76}", "unknown key 'adress'"),
        ("{air: bme680}", "'bme680' is not one of"),
        ("{wind: {}}", "the key 'pin' is missing"),
        ("{wind: {pin: 28}}", "28 is out of range"),
        ("{rain: {pin: 3}}", "GPIO3 is a wire of the I2C bus"),
        ("{wind: {pin: 6}, rain: {pin: 6}}", "cannot share GPIO6"),
        ("{air: none}", "there is nothing to measure"),
        ("{air: none, address: 0x76, rain: {pin: 6}}", "`air: none` has no address"),
        ("{vane: {channel: 1, supply_channel: 1}}", "the vane itself is on this input"),
        ("{vane: {pull_up_ohm: 1000000}}", "look the same"),
        ("{vane: {table: {0: 1000, 90: 1005}}}", "look the same"),
        ("{vane: {table: {0: 1000}}}", "expected degrees and ohms"),
        ("{vane: {table: {0: 1000, 400: 5}}}", "400 is out of range"),
        ("{vane: {table: {0: 1000, north: 5}}}", "'north' is not a number of degrees"),
        ("{rain: {pin: 6, mm_per_tip: 0}}", "0 is out of range"),
    ],
)
def test_a_wrong_key_is_told_in_a_sentence(tmp_path: Path, keys: str, sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, keys)
    assert any(sentence in str(finding) for finding in caught.value.findings), caught.value.findings


def test_the_page_states_every_key_and_its_default(tmp_path: Path) -> None:
    _, _, rest = PAGE.read_text().partition("All keys with their defaults")
    example = rest.split("```yaml\n", 1)[1].split("```", 1)[0]
    read_from_page = read(tmp_path, "\n" + example.split("  weather:\n", 1)[1])
    kit: dict[str, Any] = {"wind": WindConfig(pin=5), "vane": VaneConfig(), "rain": RainConfig(pin=6)}
    assert read_from_page == WeatherConfig(**kit)
    stated = set(re.findall(r"^ +(?:# )?([a-z_]+):", example, re.MULTILINE))
    known = {str(key) for part in (FIELDS, WIND, VANE, RAIN) for key in part}
    assert known <= stated, known - stated
