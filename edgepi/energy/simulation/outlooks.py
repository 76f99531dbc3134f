"""Made-up forecasts of known quality, and the clearness that they forecast."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import sqrt
from random import Random

from edgepi.energy.daylog import slot_time
from edgepi.energy.settings import Site
from edgepi.energy.simulation.trace import Trace

__all__ = ["FIVE_DAYS", "Days", "ForecastBook", "column_forecast", "cut_days", "noisy_forecast", "one_day"]

FIVE_DAYS = (0.12, 0.15, 0.20, 0.25, 0.30, 0.35)
_WINDOW = 10
_MOST = 1.15

ForecastBook = dict[date, tuple[float | None, ...]]
"""What is forecast on the morning of each solar day: clearness of that day and those after."""


def one_day(sigma: float) -> tuple[float, float]:
    """Standard deviations of a forecast of today and tomorrow."""
    return 0.8 * sigma, sigma


@dataclass(frozen=True, slots=True)
class Days:
    """Harvest (Wh) of each solar day of a trace, the first of them perhaps a part."""

    first: date
    harvest_wh: tuple[float, ...]

    @property
    def reference_wh(self) -> list[float]:
        """Highest daily harvest within ten days either side."""
        days = self.harvest_wh
        return [max(days[max(0, i - _WINDOW) : i + _WINDOW + 1]) for i in range(len(days))]

    @property
    def clearness(self) -> list[float]:
        """Each day's harvest over the highest within ten days either side."""
        pairs = zip(self.harvest_wh, self.reference_wh, strict=True)
        return [harvest / most if most > 0.0 else 0.0 for harvest, most in pairs]


def cut_days(trace: Trace, site: Site, values: Sequence[float] | None = None) -> Days:
    """Sum a trace, or other values on its step, by solar day."""
    sums: dict[date, float] = {}
    for i, watts in enumerate(trace.power_w if values is None else values):
        day = slot_time(site, trace.time(i)).day
        sums[day] = sums.get(day, 0.0) + watts * trace.step_h
    first = min(sums)
    return Days(first, tuple(sums.values()))


def noisy_forecast(days: Days, sigmas: Sequence[float], seed: int = 1, bias: float = 0.0) -> ForecastBook:
    """The truth with errors that grow with the lead and are nested: each forecast refines the last.

    *sigmas* by lead, today first; *bias* 0.2 says a fifth too much.
    """
    random, truth = Random(seed), days.clearness  # noqa: S311 (weather, no secret)
    errors = [list(_nested(random, sigmas)) for _ in truth]
    return {
        days.first + timedelta(days=d): tuple(
            min(max((truth[i] + errors[i][lead]) * (1.0 + bias), 0.0), _MOST) if i < len(truth) else None
            for lead, i in enumerate(range(d, d + len(sigmas)))
        )
        for d in range(len(truth))
    }


def _nested(random: Random, sigmas: Sequence[float]) -> list[float]:
    errors: list[float] = []
    known = 0.0
    for sigma in sigmas:
        fresh = sqrt(max(0.0, sigma**2 - known**2))
        errors.append((errors[-1] if errors else 0.0) + random.gauss(0.0, 1.0) * fresh)
        known = sigma
    return errors


def column_forecast(days: Days, forecast: Days, bias: float = 0.0) -> ForecastBook:
    """A forecast column as today's and tomorrow's clearness, against the past ten days' best harvest."""
    book: ForecastBook = {}
    for d, _ in enumerate(days.harvest_wh):
        past = days.harvest_wh[max(0, d - 3 * _WINDOW) : d]
        most = max(past, default=0.0) or max(forecast.harvest_wh)
        ahead = forecast.harvest_wh[d : d + 2]
        said = tuple(max(0.0, harvest) * (1.0 + bias) / most if most else None for harvest in ahead)
        book[days.first + timedelta(days=d)] = said
    return book
