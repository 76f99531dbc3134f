"""Sunrise and sunset.

Formulas: NOAA Global Monitoring Laboratory, "General Solar Position Calculations" and its
solar calculator after Jean Meeus, *Astronomical Algorithms*; good to about a minute between
the polar circles for 1900 to 2100.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

__all__ = ["SunDay", "elevation_deg", "is_up", "next_sunrise", "next_sunset", "sun_day"]

_J2000 = datetime(2000, 1, 1, 12, tzinfo=UTC)
# Upper limb at the horizon with mean refraction.
_RISE_ZENITH_DEG = 90.833


@dataclass(frozen=True, slots=True)
class SunDay:
    """One solar day at a place; without sunrise the sun stays up or down all day."""

    noon_utc: datetime
    sunrise_utc: datetime | None
    sunset_utc: datetime | None
    up_all_day: bool = False


def _declination_and_equation(when: datetime) -> tuple[float, float]:
    """Sun's declination in radians and the equation of time in minutes."""
    t = (when - _J2000).total_seconds() / 86400.0 / 36525.0
    mean_longitude = math.radians((280.46646 + t * (36000.76983 + 0.0003032 * t)) % 360)
    anomaly = math.radians(357.52911 + t * (35999.05029 - 0.0001537 * t))
    eccentricity = 0.016708634 - t * (0.000042037 + 0.0000001267 * t)
    centre = (
        math.sin(anomaly) * (1.914602 - t * (0.004817 + 0.000014 * t))
        + math.sin(2 * anomaly) * (0.019993 - 0.000101 * t)
        + math.sin(3 * anomaly) * 0.000289
    )
    node = math.radians(125.04 - 1934.136 * t)
    apparent = mean_longitude + math.radians(centre - 0.00569 - 0.00478 * math.sin(node))
    obliquity = math.radians(23.439291 - 0.0130042 * t + 0.00256 * math.cos(node))
    declination = math.asin(math.sin(obliquity) * math.sin(apparent))
    y = math.tan(obliquity / 2) ** 2
    equation = (
        y * math.sin(2 * mean_longitude)
        - 2 * eccentricity * math.sin(anomaly)
        + 4 * eccentricity * y * math.sin(anomaly) * math.cos(2 * mean_longitude)
        - 0.5 * y * y * math.sin(4 * mean_longitude)
        - 1.25 * eccentricity * eccentricity * math.sin(2 * anomaly)
    )
    return declination, 4 * math.degrees(equation)


def elevation_deg(when: datetime, latitude: float, longitude: float) -> float:
    """Height of the sun's centre above the horizon in degrees, without refraction."""
    declination, equation = _declination_and_equation(when)
    minutes = when.hour * 60 + when.minute + when.second / 60 + equation + 4 * longitude
    hour_angle = math.radians(minutes / 4 - 180)
    phi = math.radians(latitude)
    sine = math.sin(phi) * math.sin(declination)
    sine += math.cos(phi) * math.cos(declination) * math.cos(hour_angle)
    return math.degrees(math.asin(max(-1.0, min(1.0, sine))))


def _half_day(when: datetime, latitude: float) -> float:
    """Minutes from sunrise to noon; 0 when the sun stays down, 720 when it stays up."""
    declination, _ = _declination_and_equation(when)
    phi = math.radians(latitude)
    scale = math.cos(phi) * math.cos(declination)
    if abs(scale) < 1e-9:
        return 720.0 if latitude * declination > 0 else 0.0
    cosine = math.cos(math.radians(_RISE_ZENITH_DEG)) / scale - math.tan(phi) * math.tan(declination)
    return 4 * math.degrees(math.acos(max(-1.0, min(1.0, cosine))))


def sun_day(day: date, latitude: float, longitude: float) -> SunDay:
    """Noon, sunrise and sunset of the solar day *day* at a place (degrees, east positive)."""
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC) - timedelta(minutes=4 * longitude)
    noon -= timedelta(minutes=_declination_and_equation(noon)[1])
    half = _half_day(noon, latitude)
    if half in (0.0, 720.0):
        return SunDay(noon, None, None, up_all_day=half > 0)
    # Once more with the declination of the moment itself: it moves by up to 0.1 deg in six hours.
    rise = noon - timedelta(minutes=_half_day(noon - timedelta(minutes=half), latitude))
    fall = noon + timedelta(minutes=_half_day(noon + timedelta(minutes=half), latitude))
    return SunDay(noon, rise, fall)


def _days_around(now_utc: datetime, latitude: float, longitude: float, days: int) -> list[SunDay]:
    start = now_utc.date() - timedelta(days=1)
    return [sun_day(start + timedelta(days=n), latitude, longitude) for n in range(days + 2)]


def next_sunrise(now_utc: datetime, latitude: float, longitude: float, *, days: int = 2) -> datetime | None:
    """First sunrise after *now_utc* within so many days, None in polar day or night."""
    rises = (day.sunrise_utc for day in _days_around(now_utc, latitude, longitude, days))
    return min((rise for rise in rises if rise is not None and rise > now_utc), default=None)


def next_sunset(now_utc: datetime, latitude: float, longitude: float, *, days: int = 2) -> datetime | None:
    """First sunset after *now_utc* within so many days, None in polar day or night."""
    falls = (day.sunset_utc for day in _days_around(now_utc, latitude, longitude, days))
    return min((fall for fall in falls if fall is not None and fall > now_utc), default=None)


def is_up(now_utc: datetime, latitude: float, longitude: float) -> bool:
    """Whether the sun's upper limb stands above the horizon."""
    return elevation_deg(now_utc, latitude, longitude) > 90.0 - _RISE_ZENITH_DEG
