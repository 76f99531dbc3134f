from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgepi_weather.met.outlook import FALLING, RISING, STEADY, outlook

LONDON, SYDNEY, NAIROBI = 51.5, -33.9, -1.3
pressures = st.floats(900.0, 1085.0)


@pytest.mark.parametrize(
    ("pressure", "change", "expected"),
    [
        (1045.0, 0.0, "settled and fine"),
        (1015.0, 0.0, "fine, a shower possible"),
        (1000.0, 0.0, "showers with bright spells"),
        (960.0, 0.0, "stormy, much rain"),
        (1008.0, -2.0, "unsettled, rain later"),
        (985.0, -4.0, "very unsettled, rain"),
        (1008.0, 2.0, "mostly fine, a shower possible at first"),
        (1030.0, 2.0, "settled and fine"),
    ],
)
def test_the_outlook_is_that_of_the_dial(pressure: float, change: float, expected: str) -> None:
    assert outlook(pressure, change) == expected


def test_less_than_a_trend_is_steady() -> None:
    assert outlook(1000.0, 1.5) == outlook(1000.0, -1.5) == outlook(1000.0, 0.0)
    assert outlook(1000.0, 1.6) in RISING
    assert outlook(1000.0, -1.6) in FALLING


def test_in_summer_a_trend_means_one_step_more() -> None:
    january, july = (outlook(1008.0, -2.0, month=month, latitude_deg=LONDON) for month in (1, 7))
    assert FALLING.index(july or "") == FALLING.index(january or "") + 1
    january, july = (outlook(1008.0, 2.0, month=month, latitude_deg=LONDON) for month in (1, 7))
    assert RISING.index(july or "") == RISING.index(january or "") - 1
    assert outlook(1008.0, 0.0, month=1, latitude_deg=LONDON) == outlook(
        1008.0, 0.0, month=7, latitude_deg=LONDON
    )


@given(pressures, st.floats(-8.0, 8.0), st.integers(1, 12), st.floats(0.0, 359.0))
def test_the_southern_hemisphere_is_the_mirror(
    pressure: float, change: float, month: int, direction: float
) -> None:
    mirrored = (540.0 - direction) % 360.0
    north = outlook(pressure, change, month=month, latitude_deg=51.5, wind_direction_deg=direction)
    half_a_year_on = (month + 5) % 12 + 1
    south = outlook(pressure, change, month=half_a_year_on, latitude_deg=-51.5, wind_direction_deg=mirrored)
    assert north == south


def test_wind_from_the_pole_bodes_better_than_wind_from_the_equator() -> None:
    def step(latitude: float, direction: float) -> int:
        return STEADY.index(outlook(1005.0, 0.0, latitude_deg=latitude, wind_direction_deg=direction) or "")

    assert step(LONDON, 0.0) < step(LONDON, 180.0)
    assert step(SYDNEY, 180.0) < step(SYDNEY, 0.0)


@given(pressures, st.floats(0.0, 30.0), st.floats(-8.0, 8.0))
def test_higher_pressure_never_bodes_worse(pressure: float, more: float, change: float) -> None:
    words = FALLING if change <= -1.6 else RISING if change >= 1.6 else STEADY
    lower, higher = outlook(pressure, change), outlook(pressure + more, change)
    assert words.index(higher or "") <= words.index(lower or "")


def test_between_the_tropics_there_is_none() -> None:
    assert outlook(1010.0, 0.0, latitude_deg=NAIROBI) is None
