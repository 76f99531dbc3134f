from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from edgepi_weather.uploads.aprs import login_line, packet, position
from edgepi_weather.uploads.report import Report

AT = datetime(2026, 11, 27, 9, 5, 59, tzinfo=UTC)
WHOLE: dict[str, float] = {
    "temperature": 20.0,
    "humidity": 50.0,
    "altimeter": 1013.25,
    "wind_speed": 4.4704,
    "wind_gust": 8.9408,
    "wind_direction": 224.6,
    "rain_hour": 2.54,
    "rain_today": 25.4,
}


def weather(**changes: Any) -> str:
    """The packet from the wind on."""
    return packet("CW0003", 48.5, 9.0, Report(at_utc=AT, **changes)).partition("_")[2]


def test_a_whole_report_is_the_packet_that_its_numbers_say() -> None:
    assert packet("CW0003", 47.5, -122.3341667, Report(at_utc=AT, **WHOLE)) == (
        "CW0003>APRS,TCPIP*:@270905z4730.00N/12220.05W_225/010g020t068r010p...P100h50b10132EdgePi"
    )


def test_what_is_not_measured_is_dots() -> None:
    assert weather() == ".../...g...t...r...p...P...h..b.....EdgePi"


@pytest.mark.parametrize(
    ("celsius", "field"),
    [(0.0, "032"), (-17.8, "000"), (-20.6, "-05"), (-40.0, "-40"), (-73.4, "..."), (50.0, "122")],
)
def test_temperatures_are_three_characters_with_the_minus_among_them(celsius: float, field: str) -> None:
    assert f"t{field}r" in weather(temperature=celsius)


@pytest.mark.parametrize(("percent", "field"), [(100.0, "00"), (99.6, "00"), (7.0, "07"), (0.2, "01")])
def test_a_hundred_percent_is_two_noughts(percent: float, field: str) -> None:
    assert f"h{field}b" in weather(humidity=percent)


@pytest.mark.parametrize(("hpa", "field"), [(1013.25, "10132"), (998.06, "09981"), (1050.0, "10500")])
def test_pressure_is_tenths_in_five_digits(hpa: float, field: str) -> None:
    assert weather(altimeter=hpa).endswith(f"b{field}EdgePi")


@pytest.mark.parametrize(
    ("degrees", "field"), [(0.0, "360"), (360.0, "360"), (359.7, "360"), (0.6, "001"), (90.0, "090")]
)
def test_north_is_360_because_000_is_a_calm(degrees: float, field: str) -> None:
    assert weather(wind_direction=degrees, wind_speed=5.0).startswith(f"{field}/011")


def test_a_calm_has_no_direction() -> None:
    assert weather(wind_speed=0.1).startswith("000/000")
    assert weather(wind_speed=3.0).startswith(".../007")


def test_rain_is_hundredths_of_an_inch() -> None:
    assert "r000p...P003" in weather(rain_hour=0.0, rain_today=0.838)


@pytest.mark.parametrize(
    ("place", "text"),
    [
        ((48.85661, 2.35222), "4851.40N/00221.13E_"),
        ((-33.50383, -70.79050), "3330.23S/07047.43W_"),
        ((0.0, 0.0), "0000.00N/00000.00E_"),
        ((9.99999, 179.99999), "1000.00N/18000.00E_"),
    ],
)
def test_places_are_degrees_and_minutes(place: tuple[float, float], text: str) -> None:
    assert position(*place) == text


def test_the_login_says_who_and_with_what() -> None:
    assert login_line("CW0003", -1, "1") == "user CW0003 pass -1 vers EdgePi 1"
