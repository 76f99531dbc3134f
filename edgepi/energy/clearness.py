"""How clear days are and how they follow each other: classes, a chain, and memory of both."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from math import erf, inf, sqrt
from statistics import NormalDist

from edgepi.energy.settings import EngineSettings

__all__ = ["Chain", "ClearnessMemory", "day_clearness", "transitions"]

_NORMAL = NormalDist()
_OBSERVED = 0.25
_HISTORY_DAYS = 200


def day_clearness(harvest_w: Sequence[float | None], clear_w: Sequence[float]) -> float | None:
    """A day's harvest over the envelope's, where measured; None if too little was."""
    seen = [(h, c) for h, c in zip(harvest_w, clear_w, strict=True) if h is not None]
    clear = sum(c for _, c in seen)
    if clear <= 0.0 or clear < _OBSERVED * sum(clear_w):
        return None
    return sum(h for h, _ in seen) / clear


def transitions(shares: Sequence[float], correlation: float) -> list[list[float]]:
    """Probabilities from class to class: a Gaussian copula with the given shares as its margin."""
    reached = list(accumulate(shares))
    edges = [-inf, *(_NORMAL.inv_cdf(min(max(f, 0.001), 0.999)) for f in reached[:-1]), inf]
    spread = sqrt(1.0 - correlation**2)
    rows = []
    for share, f in zip(shares, reached, strict=True):
        centre = correlation * _NORMAL.inv_cdf(min(max(f - share / 2.0, 0.01), 0.99))
        below = [_phi((edge - centre) / spread) for edge in edges]
        row = [max(1e-4, high - low) for low, high in pairwise(below)]
        rows.append([p / sum(row) for p in row])
    return rows


def _phi(z: float) -> float:
    return 0.5 * (1.0 + erf(z / sqrt(2.0)))


@dataclass(frozen=True, slots=True)
class Chain:
    """What is believed of the weather this morning, before any forecast.

    *membership* says how much yesterday belongs to each class.
    """

    centres: tuple[float, ...]
    matrix: list[list[float]]
    membership: tuple[float, ...]


class ClearnessMemory:
    """Clearness of past days, latest last; days that were not measured are None."""

    def __init__(self, settings: EngineSettings) -> None:
        self._settings = settings
        self._days: deque[float | None] = deque(maxlen=_HISTORY_DAYS)

    def learn(self, clearness: float | None) -> None:
        """Take in a finished day."""
        top = self._settings.clearness_max
        self._days.append(None if clearness is None else min(max(clearness, 0.0), top))

    @property
    def measured(self) -> int:
        """How many of the days that are remembered were measured."""
        return sum(clearness is not None for clearness in self._days)

    def chain(self) -> Chain:
        """Sum up what the past says of today."""
        centres = self._centres()
        return Chain(centres, transitions(self._shares(), self._settings.correlation), self._member(centres))

    def _class(self, clearness: float) -> int:
        return int(len(self._settings.class_prior) * min(clearness, 0.999))

    def _shares(self) -> list[float]:
        counts = [self._settings.prior_days * share for share in self._settings.class_prior]
        for age, clearness in enumerate(reversed(self._days)):
            if clearness is not None:
                counts[self._class(clearness)] += 0.5 ** (age / self._settings.half_life_days)
        return [count / sum(counts) for count in counts]

    def _centres(self) -> tuple[float, ...]:
        classes = len(self._settings.class_prior)
        members: list[list[float]] = [[] for _ in range(classes)]
        for clearness in list(self._days)[-self._settings.centre_days :]:
            if clearness is not None:
                members[self._class(clearness)].append(clearness)
        return tuple(
            sum(found) / len(found) if len(found) > 2 else (k + 0.5) / classes
            for k, found in enumerate(members)
        )

    def _member(self, centres: Sequence[float]) -> tuple[float, ...]:
        last = self._days[-1] if self._days else None
        if last is None:
            return tuple(1.0 / len(centres) for _ in centres)
        weights = [0.0] * len(centres)
        right = bisect_right(centres, last)
        if right in (0, len(centres)):
            weights[min(right, len(centres) - 1)] = 1.0
        else:
            share = (last - centres[right - 1]) / (centres[right] - centres[right - 1])
            weights[right - 1], weights[right] = 1.0 - share, share
        return tuple(weights)

    def memory(self) -> list[float | None]:
        """What must outlive a restart."""
        return [None if k is None else round(k, 4) for k in self._days]

    def recall(self, memory: Sequence[float | None]) -> None:
        """Take over an earlier `memory`."""
        self._days.clear()
        for clearness in memory:
            self.learn(clearness)
