"""What consumers really draw, learned from the measured whole: a Kalman filter on their scales."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from edgepi.energy.governor import LearnedLoad

__all__ = ["LoadMeter"]

_PRIOR_SD = 0.3
_PRIOR_SD_W = 0.2
_IDLE_SD = 0.1
_SD_MOST = 2.0
_DRIFT_PER_H = 0.003
_NOISE = 0.04
_LIMITS = (0.2, 5.0)
_MOST_PARTS = 24
_LONGEST_H = 1e6


@dataclass(slots=True)
class _Part:
    """One part of the load: true over stated power, what it states, how long it was measured."""

    name: str
    scale: float = 1.0
    stated_w: float = 0.0
    hours: float = 0.0
    met: int = 0

    @property
    def prior_sd(self) -> float:
        """How far off it may be: boards are known better than what hangs on them, small loads worst."""
        if self.name == "idle":
            return _IDLE_SD
        return min(_PRIOR_SD + _PRIOR_SD_W / max(self.stated_w, 1e-6), _SD_MOST)


class LoadMeter:
    """Learns for each part of the load how its true power stands to the stated one."""

    def __init__(self) -> None:
        self._parts: list[_Part] = []
        self._cov: list[list[float]] = []
        self._count = 0

    def scale(self, name: str) -> float:
        """True power over stated power, 1 while nothing is known."""
        return self.scales().get(name, 1.0)

    def scales(self) -> dict[str, float]:
        """True over stated power of every part that was ever measured."""
        return {part.name: part.scale for part in self._parts}

    def loads(self) -> tuple[LearnedLoad, ...]:
        """What is known of each part, in the order in which they were met."""
        return tuple(
            LearnedLoad(
                part=part.name,
                stated_w=part.stated_w,
                learned_w=part.stated_w * part.scale,
                hours=part.hours,
            )
            for part in self._parts
        )

    def learn(self, parts_w: Mapping[str, float], measured_w: float, hours: float) -> None:
        """Hold the stated *parts_w* that ran against what was measured for so long."""
        stated = sum(parts_w.values())
        if stated <= 0.0 or hours <= 0.0 or not math.isfinite(measured_w):
            return
        self._meet(parts_w, hours)
        drift = _DRIFT_PER_H**2 * hours
        for i, (part, row) in enumerate(zip(self._parts, self._cov, strict=True)):
            row[i] = min(row[i] + drift, part.prior_sd**2)
        weights = [parts_w.get(part.name, 0.0) for part in self._parts]
        seen = [sum([c * w for c, w in zip(row, weights, strict=True)]) for row in self._cov]
        # Readings of an hour err together: many short ones tell no more than one long one.
        noise = (_NOISE * stated) ** 2 / min(1.0, max(hours, 1e-3))
        spread = sum([w * s for w, s in zip(weights, seen, strict=True)]) + noise
        error = measured_w - sum([w * part.scale for w, part in zip(weights, self._parts, strict=True)])
        if spread > 0.0:
            self._update(seen, spread, error)

    def _update(self, seen: Sequence[float], spread: float, error: float) -> None:
        low, high = _LIMITS
        for part, row, own in zip(self._parts, self._cov, seen, strict=True):
            gain = own / spread
            part.scale = min(max(part.scale + gain * error, low), high)
            row[:] = [value - gain * other for value, other in zip(row, seen, strict=True)]

    def _meet(self, parts_w: Mapping[str, float], hours: float) -> None:
        self._count += 1
        for name, stated_w in parts_w.items():
            part = next((known for known in self._parts if known.name == name), None)
            if part is None:
                part = self._add(_Part(name, stated_w=stated_w))
            part.stated_w, part.met = stated_w, self._count
            part.hours = min(part.hours + hours, _LONGEST_H)

    def _add(self, part: _Part) -> _Part:
        if len(self._parts) >= _MOST_PARTS:
            self._drop(min(range(len(self._parts)), key=lambda i: self._parts[i].met))
        self._parts.append(part)
        for row in self._cov:
            row.append(0.0)
        self._cov.append([0.0] * (len(self._parts) - 1) + [part.prior_sd**2])
        return part

    def _drop(self, index: int) -> None:
        del self._parts[index], self._cov[index]
        for row in self._cov:
            del row[index]

    def memory(self) -> dict[str, Any]:
        """What must outlive a restart."""
        return {
            "parts": [
                [part.name, round(part.scale, 6), round(part.stated_w, 6), round(part.hours, 3)]
                for part in self._parts
            ],
            "cov": [
                [float(f"{value:.6g}") for value in row[: i + 1]]  # the rest mirrors it
                for i, row in enumerate(self._cov)
            ],
        }

    def recall(self, memory: Mapping[str, Any]) -> None:
        """Take over an earlier `memory`; what does not fit is left out altogether."""
        try:
            parts = [_part(*entry) for entry in memory["parts"]][:_MOST_PARTS]
            half = [[_finite(value) for value in row] for row in memory["cov"]][: len(parts)]
            cov = [[half[max(i, j)][min(i, j)] for j in range(len(parts))] for i in range(len(parts))]
        except (KeyError, TypeError, ValueError, IndexError, OverflowError):
            return
        whole = all(0.0 <= cov[i][i] <= 2.0 * _SD_MOST**2 for i in range(len(parts)))
        if whole and len({part.name for part in parts}) == len(parts):
            self._parts, self._cov, self._count = parts, cov, 0


def _part(name: Any, scale: Any, stated_w: Any, hours: Any) -> _Part:
    low, high = _LIMITS
    if not isinstance(name, str):
        raise TypeError(name)
    known = _Part(name, min(max(_finite(scale), low), high), max(0.0, _finite(stated_w)))
    known.hours = min(max(0.0, _finite(hours)), _LONGEST_H)
    return known


def _finite(value: Any) -> float:
    if isinstance(value, str) or not math.isfinite(number := float(value)):
        raise ValueError(value)
    return number
