"""What is believed of a battery, with all that its parts have in common (a Kalman filter).

The parts: state of charge (0..1), how far the voltage stands off its rest curve (V), the meter's
offset (A), and by how much a watt-hour counted in or out moves the charge more than it should.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import exp, isfinite
from typing import Any

__all__ = ["DOWN", "OFFSET", "PARTS", "SLOW", "SOC", "UP", "Belief", "faded"]

SOC, SLOW, OFFSET, UP, DOWN = range(5)
PARTS = 5
_LIMITS = ((0.0, 1.0), (-5.0, 5.0), (-1.0, 1.0), (-0.6, 2.0), (-0.6, 2.0))


class Belief:
    """Means and covariances; every change keeps them consistent."""

    def __init__(self, mean: Sequence[float], sd: Sequence[float]) -> None:
        self.mean = list(mean)
        self.cov = [[sd[i] ** 2 if i == j else 0.0 for j in range(PARTS)] for i in range(PARTS)]

    def tie(self, one: int, other: int, covariance: float) -> None:
        """Say what two parts have in common."""
        self.cov[one][other] = self.cov[other][one] = covariance

    def move(self, change: float, slopes: Sequence[float], variance: float) -> None:
        """Move the charge; *slopes* say how the change depends on each part."""
        cov = self.cov
        row = [cov[SOC][j] + sum(slopes[k] * cov[k][j] for k in range(PARTS)) for j in range(PARTS)]
        own = row[SOC] + sum(slopes[k] * row[k] for k in range(PARTS))
        for j in range(PARTS):
            cov[SOC][j] = cov[j][SOC] = row[j]
        cov[SOC][SOC] = own + variance
        self.mean[SOC] = self._clipped(SOC, self.mean[SOC] + change)

    def fade(self, part: int, target: float, share: float, sd: float) -> None:
        """Let a part fall back by *share* of the way to *target*, around which it has *sd*."""
        kept = 1.0 - share
        for j in range(PARTS):
            if j != part:
                self.tie(part, j, kept * self.cov[part][j])
        self.cov[part][part] = kept**2 * self.cov[part][part] + (1.0 - kept**2) * sd**2
        self.mean[part] = target + kept * (self.mean[part] - target)

    def drift(self, part: int, variance: float, most: float) -> None:
        """Let a part become less certain, up to a variance of *most*."""
        self.cov[part][part] = max(self.cov[part][part], min(most, self.cov[part][part] + variance))

    def doubt(self, variance: float) -> None:
        """Give up what was believed of the charge, and that it tells of anything else."""
        for j in range(1, PARTS):
            self.tie(SOC, j, 0.0)
        self.cov[SOC][SOC] = max(self.cov[SOC][SOC], variance)

    def see(self, surprise: float, slopes: Sequence[float], variance: float, least: float = 0.0) -> None:
        """Take in a measurement: what it says beyond what was expected, how it depends on each part.

        It leaves the charge no more certain than a variance of *least*, unless it was already.
        """
        cov, before = self.cov, self.cov[SOC][SOC]
        shared = [sum(cov[i][j] * slopes[j] for j in range(PARTS)) for i in range(PARTS)]
        total = sum(slopes[i] * shared[i] for i in range(PARTS)) + variance
        if total <= 0.0:
            return
        for i in range(PARTS):
            self.mean[i] = self._clipped(i, self.mean[i] + shared[i] / total * surprise)
            for j in range(i, PARTS):
                self.tie(i, j, cov[i][j] - shared[i] * shared[j] / total)
        cov[SOC][SOC] = max(cov[SOC][SOC], min(before, least))

    @staticmethod
    def _clipped(part: int, value: float) -> float:
        low, high = _LIMITS[part]
        return min(max(value, low), high)

    def memory(self) -> dict[str, Any]:
        """What must outlive a restart."""
        return {"mean": list(self.mean), "cov": [list(row) for row in self.cov]}

    @classmethod
    def recall(cls, memory: Mapping[str, Any]) -> Belief:
        """Read what `memory` wrote.

        Raises:
            KeyError, TypeError, ValueError: it is none.
        """
        mean = [float(value) for value in memory["mean"]]
        cov = [[float(value) for value in row] for row in memory["cov"]]
        square = len(mean) == PARTS and [len(row) for row in cov] == [PARTS] * PARTS
        if not square or not all(isfinite(x) for row in (mean, *cov) for x in row):
            raise ValueError("no belief")
        if any(cov[i][i] < 0.0 for i in range(PARTS)):
            raise ValueError("no belief")
        belief = cls([cls._clipped(i, value) for i, value in enumerate(mean)], [0.0] * PARTS)
        belief.cov = [[(cov[i][j] + cov[j][i]) / 2.0 for j in range(PARTS)] for i in range(PARTS)]
        return belief


def faded(hours: float, time_constant_h: float) -> float:
    """Share of the way that something with a time constant goes in *hours*."""
    return 1.0 - exp(-hours / time_constant_h)
