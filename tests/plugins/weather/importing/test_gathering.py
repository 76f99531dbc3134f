from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from edgepi_weather.importing.gathering import Gathered, Place, gather
from edgepi_weather.importing.weewx import Row

BERLIN = Place(ZoneInfo("Europe/Berlin"), 300.0)
KOLKATA = Place(ZoneInfo("Asia/Kolkata"), 9.0)
DAY = date(2024, 6, 1)


def rows(begin: datetime, count: int, *, minutes: int = 5, **values: float | None) -> Iterator[Row]:
    for n in range(count):
        begin_s = round(begin.timestamp()) + n * minutes * 60
        yield Row(begin_s, begin_s + minutes * 60, values)


def local(place: Place, hour: int, minute: int = 0, day: date = DAY) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=place.zone)


def one_day(place: Place, *parts: Iterator[Row], day: date = DAY) -> Gathered:
    return gather((row for part in parts for row in part), day, day + timedelta(days=1), place)


def test_a_day_has_its_extremes_with_local_times_and_its_sum_of_rain() -> None:
    warm = rows(local(BERLIN, 14), 1, temperature=25.0, rain=1.0)
    cold = rows(local(BERLIN, 5), 1, temperature=5.0, rain=0.5)
    tallies = one_day(BERLIN, cold, warm).tallies
    tally = tallies["2024-06-01", "temperature"]
    assert (tally.low, tally.low_at, tally.high, tally.high_at) == (
        5.0,
        local(BERLIN, 5),
        25.0,
        local(BERLIN, 14),
    )
    assert (tallies["2024-06-01", "rain"].total, tallies["2024-06-01", "rain"].gaps) == (1.5, 1)


def test_only_the_days_asked_for_are_gathered() -> None:
    found = one_day(BERLIN, rows(local(BERLIN, 23, day=date(2024, 5, 31)), 12 * 26, temperature=1.0))
    assert {day for day, _ in found.tallies} == {"2024-06-01"}
    assert found.rows == 288


@pytest.mark.parametrize(("day", "count"), [(date(2024, 3, 31), 276), (date(2024, 10, 27), 300)])
def test_the_days_on_which_clocks_change_are_23_and_25_hours(day: date, count: int) -> None:
    found = one_day(BERLIN, rows(local(BERLIN, 0, day=day), 12 * 30, temperature=1.0), day=day)
    assert found.tallies[day.isoformat(), "temperature"].count == count
    times = [each.time_utc for each in found.history["temperature"]]
    assert times == sorted(set(times))
    assert len(times) == count


def test_history_is_whole_hours_where_the_zone_is_not() -> None:
    found = one_day(KOLKATA, rows(local(KOLKATA, 0) - timedelta(hours=2), 12 * 30, temperature=1.0))
    times = [each.time_utc for each in found.history["temperature"]]
    assert times[0] == datetime(2024, 5, 31, 18, 0, tzinfo=UTC)
    assert times[-1] == datetime(2024, 6, 1, 18, 55, tzinfo=UTC)
    assert found.rows == 288


def test_a_gap_breaks_the_line_once_where_it_begins() -> None:
    found = one_day(
        BERLIN, rows(local(BERLIN, 6), 2, temperature=1.0), rows(local(BERLIN, 9), 1, temperature=2.0)
    )
    assert [(each.time_utc, each.value) for each in found.history["temperature"]] == [
        (local(BERLIN, 6), 1.0),
        (local(BERLIN, 6, 5), 1.0),
        (local(BERLIN, 6, 10), None),
        (local(BERLIN, 9), 2.0),
    ]


def test_what_was_not_measured_for_a_while_is_one_gap_and_what_never_was_is_nothing() -> None:
    parts = [
        rows(local(BERLIN, 6, 5 * n), 1, temperature=value, humidity=None)
        for n, value in enumerate((1.0, None, None, 2.0))
    ]
    found = one_day(BERLIN, *parts)
    assert [each.value for each in found.history["temperature"]] == [1.0, None, 2.0]
    assert "humidity" not in found.history


def test_what_follows_is_added_where_the_archive_does_not_say() -> None:
    values: dict[str, Any] = {"temperature": 20.0, "humidity": 50.0, "pressure": 980.0}
    found = one_day(BERLIN, rows(local(BERLIN, 6), 1, **values))
    assert found.history["dew_point"][0].value == pytest.approx(9.27, abs=0.05)
    assert found.history["pressure_sea_level"][0].value == pytest.approx(1015.0, abs=1.0)
    found = one_day(BERLIN, rows(local(BERLIN, 6), 1, **values, dew_point=7.5))
    assert found.history["dew_point"][0].value == 7.5


def test_rain_adds_up_over_the_last_hour_and_since_midnight() -> None:
    found = one_day(BERLIN, rows(local(BERLIN, 0), 36, rain=0.2))
    assert [each.value for each in found.history["rain_hour"]] == [pytest.approx(2.4)] * 25
    today = [each.value for each in found.history["rain_today"]]
    assert today[0] == 0.2
    assert today[-1] == pytest.approx(7.2)
    assert "rain" not in found.history


def test_rain_that_nobody_counted_makes_sums_unknown() -> None:
    parts = (
        rows(local(BERLIN, 0), 24, rain=0.2),
        rows(local(BERLIN, 2), 3, rain=None),
        rows(local(BERLIN, 2, 15), 1, rain=0.2),
    )
    found = one_day(BERLIN, *parts)
    assert found.history["rain_hour"][-1].value is None
    assert found.history["rain_today"][-1].value is None
    assert found.tallies["2024-06-01", "rain"].gaps == 3
