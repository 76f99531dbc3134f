"""The sun's formulas beside what two instruments in Golden, Colorado, saw; its west is mountains."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import date, datetime, timedelta
from statistics import median

import pytest

from edgepi.energy.sun import SunDay, elevation_deg, sun_day

pytestmark = pytest.mark.measured

Trace = list[tuple[datetime, float | None]]
GOLDEN = (39.74, -105.18)
BEHIND_UTC = timedelta(hours=7)
LIGHT_W_M2 = 5.0


def lit_days(trace: Trace, samples: int) -> dict[date, list[datetime]]:
    """Return the moments with light of each day that has all its samples."""
    days: dict[date, Trace] = defaultdict(list)
    for at, value in trace:
        if value is not None:
            days[(at - BEHIND_UTC).date()].append((at, value))
    return {
        day: lit
        for day, seen in days.items()
        if len(seen) == samples and (lit := [at for at, value in seen if (value or 0.0) > LIGHT_W_M2])
    }


def minutes(later: datetime, earlier: datetime | None) -> float:
    assert earlier is not None
    return (later - earlier).total_seconds() / 60


def golden(day: date) -> SunDay:
    return sun_day(day, *GOLDEN)


def test_first_light_comes_at_sunrise_in_every_month(trace: Callable[[str, str], Trace]) -> None:
    days = lit_days(trace("solar/pvdaq15_golden_poa_15min_2020-2021.csv", "poa_w_m2"), 96)
    months: dict[int, list[float]] = defaultdict(list)
    for day, lit in days.items():
        if day.year == 2021:
            months[day.month].append(minutes(lit[0], golden(day).sunrise_utc))
    assert len(months) == 12
    for month, after in months.items():
        assert min(after) > -10, f"light before dawn in month {month}"
        # One sample is 15 minutes; in summer the sun rises behind the panel.
        assert -5 < median(after) < 18, month


def test_last_light_of_a_year_never_comes_after_sunset(trace: Callable[[str, str], Trace]) -> None:
    days = lit_days(trace("solar/pvdaq15_golden_poa_15min_2020-2021.csv", "poa_w_m2"), 96)
    after = [minutes(lit[-1], golden(day).sunset_utc) for day, lit in days.items() if day.year == 2021]
    assert max(after) < 5
    assert median(after) > -45, "the mountains hide it earlier, but not by hours"


def test_clear_winter_mornings_are_met_within_minutes(trace: Callable[[str, str], Trace]) -> None:
    direct = trace("weather/rmis_golden_weather_5min_202201.csv", "Direct Normal")
    for day in (date(2022, 1, 2), date(2022, 1, 3)):
        sunrise = golden(day).sunrise_utc
        assert sunrise is not None
        disc = [at for at, value in direct if abs(at - sunrise) < timedelta(hours=3) and (value or 0.0) > 20]
        assert 0 < minutes(disc[0], sunrise) < 8


def test_it_is_dark_where_the_sun_is_far_below_the_horizon(trace: Callable[[str, str], Trace]) -> None:
    values = trace("solar/pvdaq15_golden_poa_15min_2020-2021.csv", "poa_w_m2")
    dark = [value or 0.0 for at, value in values if elevation_deg(at, *GOLDEN) < -6]
    assert len(dark) > 20_000
    assert max(dark) <= LIGHT_W_M2
