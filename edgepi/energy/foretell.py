"""Brings a forecast of irradiance down to the clearness of solar days."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from functools import lru_cache

from edgepi.energy.clearsky import clear_sky_day
from edgepi.energy.daylog import slot_time
from edgepi.energy.settings import SLOT_H, SLOTS, Site
from edgepi.model import SunForecast

__all__ = ["foretold"]

_COVERED = 0.75
_CEILING = 1.5
_LONGEST_H = 16 * 24.0


def foretold(forecast: SunForecast, site: Site, day: date, days: int) -> tuple[float | None, ...]:
    """Clearness of so many solar days from *day* on: what is forecast over what a clear sky would give.

    None for a day of which less than three quarters of the clear-sky energy are covered.
    """
    plane = site if forecast.tilted else replace(site, tilt_deg=0.0)
    sky = lru_cache(maxsize=days + 1)(lambda of: clear_sky_day(plane, of))
    sums = [[0.0, 0.0] for _ in range(days)]
    if not 0.0 < forecast.step_h <= 24.0:
        return (None,) * days
    last = int(_LONGEST_H / forecast.step_h)
    for place, power in enumerate(forecast.irradiance_w_m2[:last]):
        if math.isfinite(power):
            start = forecast.start_utc + timedelta(hours=place * forecast.step_h)
            at = slot_time(site, start)
            first_h = (at.day - day).days * 24.0 + at.hour
            for number, slot, hours in _cut(first_h, forecast.step_h, days):
                sums[number][0] += max(0.0, power) * hours
                sums[number][1] += sky(day + timedelta(days=number))[slot] * hours
    return tuple(_clearness(pair, sum(sky(day + timedelta(days=n)))) for n, pair in enumerate(sums))


def _cut(first_h: float, step_h: float, days: int) -> Iterator[tuple[int, int, float]]:
    """Cut one step of a forecast at the slots: number of the day, slot, hours."""
    at_h, end_h = first_h, first_h + step_h
    while at_h < end_h - 1e-9:
        stop_h = min(end_h, (math.floor(at_h / SLOT_H + 1e-9) + 1) * SLOT_H)
        number = math.floor(at_h / 24.0 + 1e-9)
        if 0 <= number < days:
            yield number, int((at_h - number * 24.0) / SLOT_H + 1e-9) % SLOTS, stop_h - at_h
        at_h = stop_h


def _clearness(pair: list[float], clear_w: float) -> float | None:
    said_wh, covered_wh = pair
    if covered_wh <= 0.0 or covered_wh < _COVERED * clear_w * SLOT_H:
        return None
    return min(said_wh / covered_wh, _CEILING)
