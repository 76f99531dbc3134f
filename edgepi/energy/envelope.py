"""What a clear day gives: geometry times a ratio learned from the node's own measurements."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from datetime import date
from statistics import median

from edgepi.energy.clearsky import clear_sky_day
from edgepi.energy.settings import SLOTS, EngineSettings, Site

__all__ = ["Envelope", "quantile"]

_BRIGHT_W_M2 = 200.0
_LIGHT_W_M2 = 20.0
_YOUNG_DAYS = 4
_TRUSTED = 20


def quantile(values: Sequence[float], share: float) -> float:
    """Quantile with linear interpolation between ranks."""
    ranked = sorted(values)
    place = share * (len(ranked) - 1)
    low = int(place)
    high = min(low + 1, len(ranked) - 1)
    return ranked[low] + (ranked[high] - ranked[low]) * (place - low)


class Envelope:
    """Keeps what the last days gave in each slot, relative to a clear sky."""

    def __init__(self, settings: EngineSettings, site: Site) -> None:
        self._settings = settings
        self._site = site
        self._days: deque[list[float | None]] = deque(maxlen=settings.envelope_days)

    def learn(self, day: date, harvest_w: Sequence[float | None]) -> None:
        """Take in a finished day; slots that were not measured are None."""
        self._days.append(
            [
                None if power is None or sky <= _LIGHT_W_M2 else power / sky
                for power, sky in zip(harvest_w, clear_sky_day(self._site, day), strict=True)
            ]
        )

    def of(self, day: date) -> list[float]:
        """Harvest (W) of each slot of a clear *day*."""
        sky = clear_sky_day(self._site, day)
        return [light * ratio for light, ratio in zip(sky, self._ratios(sky), strict=True)]

    def _ratios(self, sky: Sequence[float]) -> list[float]:
        nominal = self._site.panel_w * self._settings.panel_yield / 1000.0
        if len(self._days) < _YOUNG_DAYS:
            return [nominal] * SLOTS
        seen = [[r for r in column if r is not None] for column in zip(*self._days, strict=True)]
        learned = [quantile(c, self._settings.envelope_quantile) if c else None for c in seen]
        bright = [r for r, light in zip(learned, sky, strict=True) if r is not None and light > _BRIGHT_W_M2]
        middle = median(bright or [r for r in learned if r is not None] or [nominal])
        young = max(middle, 0.8 * nominal)
        ratios = []
        for column, ratio in zip(seen, learned, strict=True):
            weight = min(1.0, len(column) / _TRUSTED)
            known = min(max(middle if ratio is None else ratio, 0.0), 2.0 * middle)
            ratios.append(weight * known + (1.0 - weight) * young)
        return ratios

    def memory(self) -> list[list[float | None]]:
        """What must outlive a restart."""
        return [[None if r is None else round(r, 6) for r in day] for day in self._days]

    def recall(self, memory: Sequence[Sequence[float | None]]) -> None:
        """Take over an earlier `memory`."""
        self._days.clear()
        self._days.extend([list(day) for day in memory if len(day) == SLOTS])
