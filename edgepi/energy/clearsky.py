"""Irradiance on a tilted plane under a clear sky, from place and time alone.

Position of the sun as in `sun`; air mass: Kasten and Young 1989; direct beam: Meinel and Meinel
1976; isotropic diffuse light of 9 % of the solar constant, albedo 0.2.
"""

from __future__ import annotations

import math
from datetime import date
from functools import lru_cache

from edgepi.energy.settings import SLOT_H, SLOTS, Site

__all__ = ["air_mass", "clear_sky_day", "clear_sky_w_m2", "season"]

_SOLAR_W_M2 = 1361.0
_SAMPLES = 8


def air_mass(elevation_deg: float) -> float:
    """Relative optical air mass for an elevation above 0 degrees."""
    return 1.0 / (
        math.sin(math.radians(elevation_deg)) + 0.50572 * math.pow(elevation_deg + 6.07995, -1.6364)
    )


def clear_sky_w_m2(sin_el: float, cos_incidence: float, tilt_rad: float) -> float:
    """Plane-of-array irradiance for the sine of the elevation and the cosine of the incidence."""
    if sin_el <= 0.0:
        return 0.0
    mass = air_mass(math.degrees(math.asin(min(1.0, sin_el))))
    beam = _SOLAR_W_M2 * math.pow(0.7, math.pow(mass, 0.678))
    diffuse = 0.09 * _SOLAR_W_M2 * sin_el
    cos_tilt = math.cos(tilt_rad)
    seen, hidden = (1.0 + cos_tilt) / 2.0, (1.0 - cos_tilt) / 2.0
    ground = 0.2 * (beam * sin_el + diffuse) * hidden
    return beam * max(0.0, cos_incidence) + diffuse * seen + ground


def season(day_of_year: float) -> tuple[float, float]:
    """Declination in radians and equation of time in minutes (Spencer 1971)."""
    g = 2.0 * math.pi * (day_of_year - 1.0) / 365.0
    declination = (
        0.006918
        - 0.399912 * math.cos(g)
        + 0.070257 * math.sin(g)
        - 0.006758 * math.cos(2 * g)
        + 0.000907 * math.sin(2 * g)
        - 0.002697 * math.cos(3 * g)
        + 0.00148 * math.sin(3 * g)
    )
    series = 0.000075 + 0.001868 * math.cos(g) - 0.032077 * math.sin(g)
    series -= 0.014615 * math.cos(2 * g) + 0.040849 * math.sin(2 * g)
    return declination, 229.18 * series


@lru_cache(maxsize=64)
def clear_sky_day(site: Site, day: date) -> tuple[float, ...]:
    """Mean irradiance (W/m2) of each slot of the solar day that begins on the UTC date *day*."""
    declination, equation_min = season(day.timetuple().tm_yday + 0.5)
    phi, tilt = math.radians(site.latitude), math.radians(site.tilt)
    # Azimuth of the plane from the direction of the sun at noon in the north, west positive.
    gamma = math.radians(site.azimuth - 180.0)
    sin_d, cos_d, sin_p, cos_p = math.sin(declination), math.cos(declination), math.sin(phi), math.cos(phi)
    flat = sin_d * (sin_p * math.cos(tilt) - cos_p * math.sin(tilt) * math.cos(gamma))
    swing = cos_d * (cos_p * math.cos(tilt) + sin_p * math.sin(tilt) * math.cos(gamma))
    side = cos_d * math.sin(tilt) * math.sin(gamma)
    start_h = site.midnight_slot * SLOT_H + site.longitude / 15.0 + equation_min / 60.0

    def at(solar_h: float) -> float:
        angle = math.radians(15.0 * (solar_h - 12.0))
        cos_angle = math.cos(angle)
        sin_el = sin_p * sin_d + cos_p * cos_d * cos_angle
        if sin_el <= 0.0:
            return 0.0
        return clear_sky_w_m2(sin_el, flat + swing * cos_angle + side * math.sin(angle), tilt)

    step = SLOT_H / _SAMPLES
    fine = [at(start_h + (i + 0.5) * step) for i in range(SLOTS * _SAMPLES)]
    return tuple(sum(fine[s * _SAMPLES : (s + 1) * _SAMPLES]) / _SAMPLES for s in range(SLOTS))
