"""Dew point, pressures, and all together."""

from __future__ import annotations

import math
from dataclasses import astuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgepi_weather.met import Derived, Observation, derive
from edgepi_weather.met.humidity import dew_point_c, saturation_hpa, vapour_pressure_hpa
from edgepi_weather.met.pressure import altimeter_hpa, sea_level_hpa

STANDARD = [(0.0, 1013.25), (100.0, 1001.29), (500.0, 954.61), (1000.0, 898.75), (2000.0, 794.95)]


def known(value: float | None) -> float:
    assert value is not None
    return value


@pytest.mark.parametrize(
    ("air_c", "humidity", "expected_c"),
    [
        (20, 50, 9.27),
        (25, 60, 16.69),
        (30, 80, 26.17),
        (30, 30, 10.53),
        (10, 70, 4.77),
        (0, 50, -9.15),
        (-23.33, 50, -30.85),
        (20, 100, 20.0),
    ],
)
def test_dew_point_is_that_of_the_tables(air_c: float, humidity: float, expected_c: float) -> None:
    assert dew_point_c(air_c, humidity) == pytest.approx(expected_c, abs=0.06)


@given(st.floats(-45.0, 60.0), st.floats(1.0, 100.0))
def test_dew_point_is_that_of_the_world_organisation_and_never_above_the_air(
    air_c: float, humidity: float
) -> None:
    gamma = math.log(humidity / 100.0) + 17.62 * air_c / (243.12 + air_c)
    dew_c = known(dew_point_c(air_c, humidity))
    assert dew_c == pytest.approx(243.12 * gamma / (17.62 - gamma), abs=0.54)
    assert dew_c <= air_c


@given(st.floats(-45.0, 60.0), st.floats(1.0, 99.0), st.floats(0.01, 1.0))
def test_dew_point_rises_with_humidity(air_c: float, humidity: float, more: float) -> None:
    assert known(dew_point_c(air_c, humidity)) < known(dew_point_c(air_c, humidity + more))


@pytest.mark.parametrize(("air_c", "humidity"), [(-45.1, 50), (60.1, 50), (20, 0.9), (20, 0), (20, 100.1)])
def test_dew_point_beyond_its_limits_is_none(air_c: float, humidity: float) -> None:
    assert dew_point_c(air_c, humidity) is None


@pytest.mark.parametrize(("air_c", "expected_hpa"), [(0, 6.11), (10, 12.27), (20, 23.37), (30, 42.43)])
def test_saturation_is_that_of_the_steam_tables(air_c: float, expected_hpa: float) -> None:
    assert saturation_hpa(air_c) == pytest.approx(expected_hpa, rel=0.005)
    assert vapour_pressure_hpa(air_c, 50.0) == pytest.approx(expected_hpa / 2, rel=0.005)


@pytest.mark.parametrize(("elevation_m", "pressure_hpa"), STANDARD)
def test_the_standard_atmosphere_comes_down_to_1013(elevation_m: float, pressure_hpa: float) -> None:
    air_c = 15.0 - 0.0065 * elevation_m
    assert altimeter_hpa(pressure_hpa, elevation_m) == pytest.approx(1013.25, abs=0.1)
    assert sea_level_hpa(pressure_hpa, elevation_m, air_c) == pytest.approx(1013.25, abs=0.25)


def test_altimeter_setting_is_that_of_other_programs() -> None:
    assert altimeter_hpa(948.08, 304.8) == pytest.approx(983.4, abs=0.1)


def test_cold_air_below_the_station_weighs_more_and_damp_air_less() -> None:
    cold, mild = known(sea_level_hpa(950.0, 500.0, -20.0)), known(sea_level_hpa(950.0, 500.0, 20.0))
    damp = known(sea_level_hpa(950.0, 500.0, 20.0, 100.0))
    assert cold > mild > damp > 950.0


def test_at_sea_level_nothing_is_added_and_below_it_something_taken() -> None:
    assert sea_level_hpa(1013.0, 0.0, 12.0, 80.0) == 1013.0
    assert altimeter_hpa(1013.0, 0.0) == pytest.approx(1013.0)
    assert known(sea_level_hpa(1050.0, -400.0, 30.0)) < 1050.0


@pytest.mark.parametrize(("pressure_hpa", "elevation_m"), [(299, 0), (1101, 0), (900, 5001), (900, -501)])
def test_pressure_beyond_the_limits_is_none(pressure_hpa: float, elevation_m: float) -> None:
    assert sea_level_hpa(pressure_hpa, elevation_m, 15.0) is None
    assert altimeter_hpa(pressure_hpa, elevation_m) is None


def test_all_is_derived_from_a_whole_observation() -> None:
    seen = Observation(temperature=5.0, humidity=80.0, pressure=950.0, wind_speed=6.0)
    derived = derive(seen, 500.0)
    assert None not in astuple(derived)
    assert known(derived.wind_chill) < 5.0


def test_what_misses_something_is_none_and_the_rest_is_there() -> None:
    assert derive(Observation(), 500.0) == Derived()
    dry = derive(Observation(temperature=5.0, pressure=950.0), 500.0)
    assert None not in (dry.pressure_sea_level, dry.altimeter)
    assert dry.dew_point is None
    nowhere = derive(Observation(temperature=5.0, pressure=950.0), None)
    assert nowhere == Derived()
