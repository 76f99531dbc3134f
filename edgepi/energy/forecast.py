"""Forecasts of clearness: how far to trust them, and the chain of days that they make."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, sqrt

from edgepi.energy.settings import EngineSettings

__all__ = ["ForecastTrust", "Outlook", "forecast_chain"]

_CEILING = 1.5


@dataclass(frozen=True, slots=True)
class Outlook:
    """Corrected clearness of one day to come and its standard deviation; None says nothing."""

    clearness: float
    sd: float


class ForecastTrust:
    """Learns bias, slope and spread of a forecast for each lead (0 is today).

    The forecast is regressed on the truth: the reverse would count the climate twice.
    """

    def __init__(self, settings: EngineSettings) -> None:
        self._settings = settings
        leads = len(settings.forecast_sd)
        self._pairs: list[deque[tuple[float, float]]] = [
            deque(maxlen=settings.forecast_pairs) for _ in range(leads)
        ]
        self._issued: dict[int, dict[int, float]] = {}

    def issue(self, day: int, forecast: Sequence[float | None]) -> list[Outlook | None]:
        """Note a forecast made on the morning of *day* (a count of days) and correct it."""
        leads = list(forecast)[: len(self._pairs)]
        for lead, said in enumerate(leads):
            if said is not None:
                self._issued.setdefault(day + lead, {})[lead] = said
        return [None if said is None else self._corrected(lead, said) for lead, said in enumerate(leads)]

    def learn(self, day: int, clearness: float | None) -> None:
        """Hold what was said of a finished *day* against what came."""
        for lead, said in self._issued.pop(day, {}).items():
            if clearness is not None:
                self._pairs[lead].append((said, clearness))
        self._issued = {due: said for due, said in self._issued.items() if due > day}

    def _corrected(self, lead: int, said: float) -> Outlook:
        offset, slope, sd = self.fit(lead)
        return Outlook((said - offset) / slope, sd / slope)

    def fit(self, lead: int) -> tuple[float, float, float]:
        """Offset, slope and standard deviation of forecast = offset + slope x truth + error."""
        pairs, prior_sd = self._pairs[lead], self._settings.forecast_sd[lead]
        count = len(pairs)
        if not count:
            return 0.0, 1.0, prior_sd
        mean_f, mean_k = sum(f for f, _ in pairs) / count, sum(k for _, k in pairs) / count
        both = sum((f - mean_f) * (k - mean_k) for f, k in pairs)
        truth = sum((k - mean_k) ** 2 for _, k in pairs)
        slope = max(0.3, (both + 0.7) / (truth + 0.7))
        offset = count / (count + 3.0) * (mean_f - slope * mean_k)
        errors = sum((f - offset - slope * k) ** 2 for f, k in pairs)
        return offset, slope, sqrt((errors + 10.0 * prior_sd**2) / (count + 10.0))

    def memory(self) -> Mapping[str, object]:
        """What must outlive a restart."""
        return {
            "pairs": [[[round(f, 4), round(k, 4)] for f, k in pairs] for pairs in self._pairs],
            "issued": {str(day): {str(k): v for k, v in said.items()} for day, said in self._issued.items()},
        }

    def recall(
        self, pairs: Sequence[Sequence[Sequence[float]]], issued: Mapping[str, Mapping[str, float]]
    ) -> None:
        """Take over an earlier `memory`."""
        for mine, theirs in zip(self._pairs, pairs, strict=False):
            mine.clear()
            mine.extend((float(f), float(k)) for f, k in theirs)
        self._issued = {int(d): {int(k): float(v) for k, v in said.items()} for d, said in issued.items()}


def forecast_chain(
    matrix: Sequence[Sequence[float]],
    centres: Sequence[float],
    outlooks: Sequence[Outlook | None],
    sd_floor: float,
) -> list[list[list[float]]]:
    """Transition matrices of today and the days after, given what is forecast for all of them.

    Exact smoothing: what is said of a later day speaks back to the earlier ones. Without any
    forecast, the plain matrix for today alone.
    """
    chains: list[list[list[float]]] = []
    back = [1.0] * len(centres)
    for outlook in reversed(list(outlooks) or [None]):
        likely = [_likelihood(outlook, centre, sd_floor) * b for centre, b in zip(centres, back, strict=True)]
        rows = [[p * weight for p, weight in zip(row, likely, strict=True)] for row in matrix]
        sums = [sum(row) for row in rows]
        chains.append([[p / total for p in row] for row, total in zip(rows, sums, strict=True)])
        back = [total / max(sums) for total in sums]
    return chains[::-1]


def _likelihood(outlook: Outlook | None, centre: float, sd_floor: float) -> float:
    if outlook is None:
        return 1.0
    said = min(max(outlook.clearness, 0.0), _CEILING)
    return exp(-0.5 * ((centre - said) / max(outlook.sd, sd_floor)) ** 2) + 1e-6
