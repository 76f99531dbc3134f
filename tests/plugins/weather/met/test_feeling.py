"""Known answers are from the services' own charts and calculators."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgepi_weather.met.feeling import apparent_temperature_c, heat_index_c, wind_chill_c

MPH_M_S = 0.44704
WINDS_MPH = range(5, 65, 5)
NWS_WIND_CHILL_F = {
    40: (36, 34, 32, 30, 29, 28, 28, 27, 26, 26, 25, 25),
    0: (-11, -16, -19, -22, -24, -26, -27, -29, -30, -31, -32, -33),
    -45: (-63, -72, -77, -81, -84, -87, -89, -91, -93, -95, -97, -98),
}
CANADIAN_WIND_CHILL_C = {
    5: (4, -2, -7, -13, -19, -24, -30, -36, -41, -47, -53, -58),
    20: (1, -5, -12, -18, -24, -30, -37, -43, -49, -56, -62, -68),
    40: (-1, -7, -14, -21, -27, -34, -41, -48, -54, -61, -68, -74),
    80: (-3, -10, -17, -24, -31, -38, -45, -52, -60, -67, -74, -81),
}
NWS_HEAT_INDEX_F = [
    # from the calculator of the Weather Prediction Center
    (75, 50, 75),
    (80, 50, 81),
    (80, 95, 88),
    (90, 50, 95),
    (90, 95, 127),
    # from the chart
    (80, 40, 80),
    (90, 40, 91),
    (90, 60, 100),
    (94, 70, 119),
    (100, 50, 118),
    (110, 40, 136),
]
temperatures = st.floats(-60.0, 50.0)
humidities = st.floats(0.0, 100.0)
winds = st.floats(0.0, 40.0)


def known(value: float | None) -> float:
    assert value is not None
    return value


def celsius(fahrenheit: float) -> float:
    return (fahrenheit - 32.0) / 1.8


def fahrenheit(value_c: float | None) -> float:
    return 1.8 * known(value_c) + 32.0


@pytest.mark.parametrize(("air_f", "row"), NWS_WIND_CHILL_F.items())
def test_wind_chill_is_that_of_the_chart(air_f: int, row: tuple[int, ...]) -> None:
    for wind_mph, expected in zip(WINDS_MPH, row, strict=True):
        found = fahrenheit(wind_chill_c(celsius(air_f), wind_mph * MPH_M_S))
        assert found == pytest.approx(expected, abs=0.6), wind_mph


@pytest.mark.parametrize(("wind_km_h", "row"), CANADIAN_WIND_CHILL_C.items())
def test_wind_chill_is_that_of_the_canadian_chart(wind_km_h: int, row: tuple[int, ...]) -> None:
    for air_c, expected in zip(range(5, -55, -5), row, strict=True):
        assert wind_chill_c(air_c, wind_km_h / 3.6) == pytest.approx(expected, abs=0.51), air_c


def test_wind_chill_of_a_calm_is_the_air_temperature() -> None:
    assert wind_chill_c(-17.0, 0.0) == -17.0


def test_wind_chill_is_not_defined_in_mild_air_or_for_a_wind_below_zero() -> None:
    assert wind_chill_c(10.0, 5.0) is not None
    assert wind_chill_c(10.1, 5.0) is None
    assert wind_chill_c(-5.0, -0.1) is None


@given(st.floats(-60.0, 10.0))
def test_the_two_formulas_of_wind_chill_meet(air_c: float) -> None:
    below, above = wind_chill_c(air_c, 4.9999 / 3.6), wind_chill_c(air_c, 5.0001 / 3.6)
    assert below == pytest.approx(above, abs=0.05)


@given(st.floats(-60.0, 10.0), winds, st.floats(0.1, 10.0))
def test_more_wind_never_feels_warmer(air_c: float, wind_m_s: float, more: float) -> None:
    calmer, windier = known(wind_chill_c(air_c, wind_m_s)), known(wind_chill_c(air_c, wind_m_s + more))
    assert windier <= calmer + 0.05
    assert calmer <= air_c


@pytest.mark.parametrize(("air_f", "humidity", "expected_f"), NWS_HEAT_INDEX_F)
def test_heat_index_is_that_of_the_service(air_f: int, humidity: int, expected_f: int) -> None:
    assert round(fahrenheit(heat_index_c(celsius(air_f), humidity))) == expected_f


def test_heat_index_is_adjusted_in_dry_and_in_damp_air() -> None:
    assert fahrenheit(heat_index_c(celsius(95), 5.0)) == pytest.approx(90.18 - 2.0, abs=0.03)
    assert fahrenheit(heat_index_c(celsius(82), 95.0)) == pytest.approx(92.97 + 1.0, abs=0.03)


def test_heat_index_is_the_air_temperature_in_the_cold_and_none_beyond_the_table() -> None:
    assert heat_index_c(celsius(40), 90.0) == celsius(40)
    assert heat_index_c(-20.0, 90.0) == -20.0
    assert heat_index_c(50.1, 20.0) is None
    assert heat_index_c(30.0, 101.0) is None


@given(st.floats(27.0, 50.0), st.floats(40.0, 99.0), st.floats(0.0, 1.0))
def test_damper_heat_never_feels_cooler(air_c: float, humidity: float, more: float) -> None:
    drier, damper = known(heat_index_c(air_c, humidity)), known(heat_index_c(air_c, humidity + more))
    assert damper >= drier - 0.4  # where the regression takes over from the simple formula it steps


def test_apparent_temperature_is_that_of_the_bureau() -> None:
    # e = 15.8 hPa at 25 degrees and 50 %
    assert apparent_temperature_c(25.0, 50.0, 2.0) == pytest.approx(25 + 0.33 * 15.8 - 1.4 - 4, abs=0.05)
    assert apparent_temperature_c(0.0, 0.0, 10.0) == pytest.approx(-11.0)


@given(temperatures, humidities, winds)
def test_apparent_temperature_falls_by_seven_tenths_with_each_metre_a_second(
    air_c: float, humidity: float, wind_m_s: float
) -> None:
    first, second = (
        known(apparent_temperature_c(air_c, humidity, wind_m_s)),
        known(apparent_temperature_c(air_c, humidity, wind_m_s + 1.0)),
    )
    assert first - second == pytest.approx(0.7)


def test_apparent_temperature_of_what_cannot_be_is_none() -> None:
    assert apparent_temperature_c(20.0, 100.1, 0.0) is None
    assert apparent_temperature_c(20.0, 50.0, -1.0) is None
