from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgepi.energy.sun import elevation_deg, is_up, next_sunrise, next_sunset, sun_day

TOLERANCE = timedelta(minutes=2)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# Almanac times (timeanddate.com, USNO), to the minute.
@pytest.mark.parametrize(
    ("day", "latitude", "longitude", "rise", "fall"),
    [
        (date(2024, 6, 21), 48.857, 2.352, "2024-06-21T03:47", "2024-06-21T19:58"),
        (date(2024, 12, 21), 51.507, -0.128, "2024-12-21T08:04", "2024-12-21T15:53"),
        (date(2021, 6, 21), 39.755, -105.221, "2021-06-21T11:32", "2021-06-22T02:32"),
        (date(2023, 12, 22), -33.868, 151.209, "2023-12-21T18:41", "2023-12-22T09:05"),
    ],
)
def test_sunrise_and_sunset_agree_with_the_almanac(
    day: date, latitude: float, longitude: float, rise: str, fall: str
) -> None:
    sun = sun_day(day, latitude, longitude)
    assert sun.sunrise_utc is not None
    assert sun.sunset_utc is not None
    assert abs(sun.sunrise_utc - utc(rise)) <= TOLERANCE
    assert abs(sun.sunset_utc - utc(fall)) <= TOLERANCE


def test_polar_night_has_no_sunrise_and_polar_day_is_told_apart() -> None:
    night, day = sun_day(date(2024, 12, 21), 69.65, 18.96), sun_day(date(2024, 6, 21), 69.65, 18.96)
    assert night.sunrise_utc is day.sunrise_utc is None
    assert not night.up_all_day
    assert day.up_all_day
    assert next_sunrise(utc("2024-12-21T10:00"), 69.65, 18.96) is None
    assert next_sunset(utc("2024-06-21T10:00"), 69.65, 18.96) is None
    assert is_up(utc("2024-06-21T23:00"), 69.65, 18.96)
    assert not is_up(utc("2024-12-21T11:00"), 69.65, 18.96)


def test_the_poles_themselves_are_no_division_by_zero() -> None:
    assert sun_day(date(2024, 6, 21), 90.0, 0.0).up_all_day
    assert not sun_day(date(2024, 6, 21), -90.0, 0.0).up_all_day


@given(
    when=st.datetimes(datetime(2000, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    latitude=st.floats(-65, 65),
    longitude=st.floats(-180, 180),
)
def test_next_sunrise_lies_ahead_and_the_sun_is_at_the_horizon_then(
    when: datetime, latitude: float, longitude: float
) -> None:
    rise = next_sunrise(when, latitude, longitude)
    assert rise is not None
    assert when < rise <= when + timedelta(hours=25)
    assert elevation_deg(rise, latitude, longitude) == pytest.approx(-0.833, abs=0.35)
    assert elevation_deg(rise + timedelta(minutes=30), latitude, longitude) > -0.833
