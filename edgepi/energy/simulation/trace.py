"""A measured year made whole: power of the panel on an even step, every repair counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from edgepi.errors import TraceError

__all__ = ["Trace", "make_trace"]

_BRIDGED_H = 2.0
_NIGHT_H = 18.0
_TWILIGHT = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """Power of the panel (W) on an even step from *start_utc*, and what had to be repaired.

    *bridged* samples were interpolated, *copied* taken from the day before, *zeroed* had no day
    before. Night samples that were never written count as *night*.
    """

    start_utc: datetime
    step_h: float
    power_w: tuple[float, ...]
    bridged: int = 0
    copied: int = 0
    zeroed: int = 0
    night: int = 0

    @property
    def days(self) -> float:
        """Length in days."""
        return len(self.power_w) * self.step_h / 24.0

    @property
    def harvest_wh(self) -> float:
        """All that the panel could give."""
        return sum(self.power_w) * self.step_h

    def time(self, index: int) -> datetime:
        """Start of a sample."""
        return self.start_utc + timedelta(hours=index * self.step_h)

    def resampled(self, step_h: float) -> Trace:
        """The same power as means over (or repeats on) another step.

        Raises:
            TraceError: one step is no multiple of the other.
        """
        if abs(step_h - self.step_h) < 1e-9:
            return self
        few, many = round(step_h / self.step_h), round(self.step_h / step_h)
        if few >= 1 and abs(few * self.step_h - step_h) < 1e-9:
            whole = len(self.power_w) // few * few
            power = [sum(self.power_w[i : i + few]) / few for i in range(0, whole, few)]
        elif many >= 1 and abs(many * step_h - self.step_h) < 1e-9:
            power = [watts for watts in self.power_w for _ in range(many)]
        else:
            raise TraceError(
                f"a step of {step_h * 60:g} min does not fit a trace of {self.step_h * 60:g} min"
            )
        return self._with(power, step_h, self.start_utc)

    def cut(self, start_utc: datetime, days: float | None = None) -> Trace:
        """The part that begins at a time, so many days long."""
        first = max(0, round((start_utc - self.start_utc) / timedelta(hours=self.step_h)))
        last = None if days is None else first + round(days * 24.0 / self.step_h)
        power = self.power_w[first:last]
        if not power:
            raise TraceError(f"the trace has nothing from {start_utc:%Y-%m-%d %H:%M} UTC on")
        return self._with(power, self.step_h, self.time(first))

    def _with(self, power: Sequence[float], step_h: float, start_utc: datetime) -> Trace:
        return Trace(
            start_utc=start_utc,
            step_h=step_h,
            power_w=tuple(power),
            bridged=self.bridged,
            copied=self.copied,
            zeroed=self.zeroed,
            night=self.night,
        )


def make_trace(samples: Sequence[tuple[datetime, float | None]], scale: float = 1.0) -> Trace:
    """Order samples, lay them on their usual step, repair gaps; *scale* makes watts of them.

    Raises:
        TraceError: fewer than two days, times that do not advance, or nothing measured.
    """
    known = sorted((time, value) for time, value in samples if value is not None and value == value)  # noqa: PLR0124 (NaN)
    times = sorted({time for time, _ in samples})
    if len(times) < 2 or not known:
        raise TraceError("the trace is empty", hint="a header and lines of time and value are needed")
    step = _step(times)
    length = round((times[-1] - times[0]) / step) + 1
    per_day = round(timedelta(days=1) / step)
    if length < 2 * per_day:
        raise TraceError(f"the trace holds {length / per_day:.1f} days", hint="at least two are needed")
    values: list[float | None] = [None] * length
    for time, value in known:
        values[round((time - times[0]) / step)] = max(0.0, value) * scale
    return _repaired(times[0], step / timedelta(hours=1), values, per_day)


def _step(times: Sequence[datetime]) -> timedelta:
    gaps = sorted(later - earlier for earlier, later in pairwise(times))
    step = gaps[len(gaps) // 2]
    if timedelta(days=1) % step:
        raise TraceError(f"the trace's step of {step} does not divide a day")
    return step


def _repaired(start: datetime, step_h: float, values: list[float | None], per_day: int) -> Trace:
    counts = {"bridged": 0, "copied": 0, "zeroed": 0, "night": 0}
    twilight = _TWILIGHT * max(v for v in values if v is not None)
    filled: list[float] = []
    while len(filled) < len(values):
        value = values[len(filled)]
        if value is not None:
            filled.append(value)
            continue
        kind, patch = _patch(values, filled, per_day, step_h, twilight)
        counts[kind] += len(patch)
        filled += patch
    return Trace(start_utc=start, step_h=step_h, power_w=tuple(filled), **counts)


def _patch(
    values: Sequence[float | None], filled: Sequence[float], per_day: int, step_h: float, twilight: float
) -> tuple[str, list[float]]:
    """Fill the gap that follows on *filled*, or its first day."""
    first = len(filled)
    end = next((i for i in range(first, len(values)) if values[i] is not None), len(values))
    length, hours = end - first, (end - first) * step_h
    before = filled[-1] if filled else 0.0
    after = (values[end] if end < len(values) else None) or 0.0
    if hours <= _BRIDGED_H and filled and end < len(values):
        return "bridged", [before + (after - before) * (i + 1) / (length + 1) for i in range(length)]
    if hours <= _NIGHT_H and max(before, after) <= twilight:
        return "night", [0.0] * length
    if first >= per_day:
        return "copied", list(filled[first - per_day : first - per_day + min(length, per_day)])
    return "zeroed", [0.0] * min(length, per_day - first)
