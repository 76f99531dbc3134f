"""What consumers really draw, learned from the measured whole: a Kalman filter on their scales."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

__all__ = ["LoadMeter"]

_PRIOR_SD = 0.3
_DRIFT_PER_H = 0.003
_NOISE = 0.04
_LIMITS = (0.2, 5.0)


class LoadMeter:
    """Learns for each part of the load how its true power stands to the stated one."""

    def __init__(self) -> None:
        self._names: list[str] = []
        self._scale: list[float] = []
        self._cov: list[list[float]] = []

    def scale(self, name: str) -> float:
        """True power over stated power, 1 while nothing is known."""
        return self._scale[self._names.index(name)] if name in self._names else 1.0

    def learn(self, parts_w: Mapping[str, float], measured_w: float, hours: float) -> None:
        """Hold the stated *parts_w* that ran against what was measured for so long."""
        for name in parts_w:
            self._meet(name)
        for i in range(len(self._names)):
            self._cov[i][i] = min(self._cov[i][i] + _DRIFT_PER_H**2 * hours, _PRIOR_SD**2)
        weights = [parts_w.get(name, 0.0) for name in self._names]
        seen = [sum(c * w for c, w in zip(row, weights, strict=True)) for row in self._cov]
        stated = sum(weights)
        # Readings of an hour err together: many short ones tell no more than one long one.
        noise = (_NOISE * stated) ** 2 / min(1.0, max(hours, 1e-3))
        spread = sum(w * s for w, s in zip(weights, seen, strict=True)) + noise
        if stated <= 0.0 or spread <= 0.0:
            return
        error = measured_w - sum(w * k for w, k in zip(weights, self._scale, strict=True))
        self._update(seen, spread, error)

    def _update(self, seen: Sequence[float], spread: float, error: float) -> None:
        low, high = _LIMITS
        for i, gain in enumerate(s / spread for s in seen):
            self._scale[i] = min(max(self._scale[i] + gain * error, low), high)
            for j, other in enumerate(seen):
                self._cov[i][j] -= gain * other

    def _meet(self, name: str) -> None:
        if name in self._names:
            return
        self._names.append(name)
        self._scale.append(1.0)
        for row in self._cov:
            row.append(0.0)
        self._cov.append([0.0] * (len(self._names) - 1) + [_PRIOR_SD**2])

    def memory(self) -> dict[str, float]:
        """What must outlive a restart."""
        return dict(zip(self._names, self._scale, strict=True))

    def recall(self, memory: Mapping[str, float]) -> None:
        """Take over an earlier `memory`."""
        self.__init__()  # type: ignore[misc]  # begins anew as it was made
        for name, scale in memory.items():
            self._meet(name)
            self._scale[-1] = float(scale)
