from __future__ import annotations

from datetime import UTC, datetime
from importlib.resources import files

import pytest

from edgepi.errors import WorldError
from edgepi.sim.weather import MeasuredWeather, Rain, golden_weather

Row = tuple[float | None, ...]


def seconds(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def column(*temperatures: float | None) -> MeasuredWeather:
    rows: list[Row] = [(value, 800.0, 50.0, 1.0, 0.0, 0.0) for value in temperatures]
    return MeasuredWeather(0.0, 300.0, rows)


def test_a_measured_moment_is_as_it_was_measured() -> None:
    weather = golden_weather().at(seconds("2022-01-03T17:25:00"))
    assert weather.temperature_c == pytest.approx(7.89)
    assert weather.pressure_hpa == pytest.approx(820.79)
    assert weather.poa_w_m2 == pytest.approx(910.21)


def test_the_winds_direction_is_measured_too() -> None:
    assert golden_weather().at(seconds("2022-01-01T07:05:00")).wind_direction_deg == pytest.approx(21.33)


def test_the_wind_turns_the_shorter_way() -> None:
    rows: list[Row] = [(0.0, 800.0, 50.0, 1.0, 0.0, value) for value in (350.0, 20.0, None, 340.0)]
    measured = MeasuredWeather(0.0, 300.0, rows)
    turned = [measured.at(t).wind_direction_deg for t in (100.0, 200.0, 600.0, 1050.0)]
    assert turned == [pytest.approx(value % 360.0, abs=1e-6) for value in (360.0, 10.0, 0.0, 345.0)]


def test_between_two_samples_weather_is_linear() -> None:
    assert golden_weather().at(seconds("2022-01-03T17:27:30")).temperature_c == pytest.approx(
        (7.89 + 9.3) / 2
    )


def test_four_days_later_the_same_weather_comes_again_at_the_same_hour() -> None:
    measured = golden_weather()
    assert measured.span_s == 4 * 86400
    now = seconds("2022-01-02T19:02:00")
    assert measured.at(now + 12 * 86400) == measured.at(now)
    assert measured.loops(now) == 0
    assert measured.loops(now + 12 * 86400) == 3


def test_weather_before_the_first_sample_is_that_of_the_loop() -> None:
    measured = golden_weather()
    now = seconds("2022-01-02T19:02:00")
    assert measured.at(now - 4 * 86400) == measured.at(now)


def test_a_missing_sample_is_bridged() -> None:
    assert column(1.0, None, None, 4.0).at(600.0).temperature_c == pytest.approx(3.0)


def test_a_gap_at_the_end_is_bridged_to_the_start() -> None:
    assert column(2.0, 4.0, None, None).at(600.0).temperature_c == pytest.approx(4.0 - 2.0 / 3)


def test_a_column_without_any_value_is_refused() -> None:
    with pytest.raises(WorldError, match="without a value"):
        column(None, None)


def test_the_shipped_file_names_its_origin_and_licence() -> None:
    text = (files("edgepi.sim") / "data" / "LICENSE-weather.md").read_text()
    assert "National Renewable Energy Laboratory" in text
    assert "MIT" in text


def test_rain_of_an_hour_depends_on_seed_and_hour_alone() -> None:
    hours = [hour * 3600.0 for hour in range(500)]
    forward = [Rain(7).rate_mm_h(hour) for hour in hours]
    again = Rain(7)
    backward = [again.rate_mm_h(hour) for hour in reversed(hours)]
    assert forward == backward[::-1]
    assert forward != [Rain(8).rate_mm_h(hour) for hour in hours]


def test_most_hours_are_dry_and_none_is_negative() -> None:
    rain = Rain(1)
    rates = [rain.rate_mm_h(hour * 3600.0) for hour in range(3000)]
    assert min(rates) == 0.0
    assert 0.05 < sum(rate > 0 for rate in rates) / len(rates) < 0.11


def test_the_sun_keeps_the_hours_of_the_place() -> None:
    at_home = golden_weather().at(seconds("2022-01-03T17:30:00"))
    a_quarter_east = golden_weather(longitude=-15.18).at(seconds("2022-01-03T11:30:00"))
    assert a_quarter_east == at_home
