"""A measured year made whole: power of the panel on an even step, every repair counted."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise

from edgepi.errors import TraceError

__all__ = ["Trace", "make_trace"]

_BRIDGED_H = 2.0
_NIGHT_H = 18.0
_TWILIGHT = 0.05
_MOST_SAMPLES = 6_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """Power of the panel (W) on an even step from *start_utc*, and what had to be repaired.

    *bridged* samples were interpolated, *copied* taken from the day before, *zeroed* had no day
    before; night samples that were never written count as *night*, times that came more than once
    as *doubled*. *temperature_c* is that of the air, on the same step, empty where nobody measured it.
    """

    start_utc: datetime
    step_h: float
    power_w: tuple[float, ...]
    bridged: int = 0
    copied: int = 0
    zeroed: int = 0
    night: int = 0
    doubled: int = 0
    temperature_c: tuple[float, ...] = ()

    @property
    def days(self) -> float:
        """Length in days."""
        return len(self.power_w) * self.step_h / 24.0

    @property
    def end_utc(self) -> datetime:
        """End of the last sample."""
        return self.time(len(self.power_w))

    @property
    def harvest_wh(self) -> float:
        """All that the panel could give."""
        return sum(self.power_w) * self.step_h

    def time(self, index: int) -> datetime:
        """Start of a sample."""
        return self.start_utc + timedelta(hours=index * self.step_h)

    def scaled(self, factor: float) -> Trace:
        """The same weather on a panel *factor* times as large."""
        return replace(self, power_w=tuple(watts * factor for watts in self.power_w))

    def resampled(self, step_h: float) -> Trace:
        """The same power as means over (or repeats on) another step.

        Raises:
            TraceError: the two steps have no measure in common of a whole number of seconds.
        """
        if abs(step_h - self.step_h) < 1e-9:
            return self
        old_s, new_s = self.step_h * 3600.0, step_h * 3600.0
        if max(abs(old_s - round(old_s)), abs(new_s - round(new_s))) > 1e-6 or round(new_s) < 1:
            raise TraceError(
                f"a step of {step_h * 60:g} min does not fit a trace of {self.step_h * 60:g} min",
                hint="take one of whole minutes: --step 30",
            )
        common = math.gcd(round(old_s), round(new_s))
        repeat, join = round(old_s) // common, round(new_s) // common
        if len(self.power_w) * repeat > _MOST_SAMPLES:
            raise TraceError(
                f"{self.days:.0f} days are too many for a step of {step_h * 60:g} min", hint="--days 365"
            )
        return replace(
            self,
            step_h=step_h,
            power_w=_joined(self.power_w, repeat, join),
            temperature_c=_joined(self.temperature_c, repeat, join),
        )

    def cut(self, start_utc: datetime, days: float | None = None) -> Trace:
        """The part that begins at a time, so many days long.

        Raises:
            TraceError: the trace holds nothing then.
        """
        if start_utc >= self.end_utc or start_utc < self.start_utc - timedelta(days=1):
            raise TraceError(
                f"the trace has nothing at {start_utc:%Y-%m-%d %H:%M} UTC",
                hint=f"it lasts from {self.start_utc:%Y-%m-%d %H:%M} to {self.end_utc:%Y-%m-%d %H:%M} UTC",
            )
        first = max(0, round((start_utc - self.start_utc) / timedelta(hours=self.step_h)))
        last = None if days is None else first + round(days * 24.0 / self.step_h)
        power, warmth = self.power_w[first:last], self.temperature_c[first:last]
        if not power:
            raise TraceError(f"nothing is left of the trace in {days:g} days", hint="--days 365")
        return replace(self, power_w=power, temperature_c=warmth, start_utc=self.time(first))


def _joined(values: Sequence[float], repeat: int, join: int) -> tuple[float, ...]:
    fine = values if repeat == 1 else [value for value in values for _ in range(repeat)]
    if join == 1:
        return tuple(fine)
    whole = len(fine) // join * join
    return tuple(sum(fine[i : i + join]) / join for i in range(0, whole, join))


def make_trace(samples: Sequence[tuple[datetime, float | None]], scale: float = 1.0) -> Trace:
    """Order samples, lay them on their usual step, repair gaps; *scale* makes watts of them.

    Raises:
        TraceError: fewer than two days, times that do not advance, or nothing measured.
    """
    known = [(time, value) for time, value in samples if value is not None and value == value]  # noqa: PLR0124 (NaN)
    times = sorted({time for time, _ in samples})
    if len(times) < 2 or not known:
        raise TraceError("the trace is empty", hint="a header and lines of time and value are needed")
    step = _step(times)
    length = round((times[-1] - times[0]) / step) + 1
    per_day = round(timedelta(days=1) / step)
    if length < 2 * per_day:
        raise TraceError(f"the trace holds {length / per_day:.1f} days", hint="at least two are needed")
    if length > _MOST_SAMPLES:
        span = f"from {times[0]:%Y-%m-%d} to {times[-1]:%Y-%m-%d}"
        raise TraceError(f"{span} there are {length} steps", hint="is a date wrong? Else cut the file")
    trace = _repaired(
        times[0], step / timedelta(hours=1), _laid(known, times[0], step, length, scale), per_day
    )
    return replace(trace, doubled=len(samples) - len(times))


def _laid(
    known: Sequence[tuple[datetime, float]], start: datetime, step: timedelta, length: int, scale: float
) -> list[float | None]:
    """Samples on their step; several on one place become their mean."""
    sums, counts = [0.0] * length, [0] * length
    for time, value in known:
        place = round((time - start) / step)
        sums[place] += max(0.0, value) * scale
        counts[place] += 1
    return [total / count if count else None for total, count in zip(sums, counts, strict=True)]


def _step(times: Sequence[datetime]) -> timedelta:
    gaps = sorted(later - earlier for earlier, later in pairwise(times))
    step = gaps[len(gaps) // 2]
    if step > timedelta(hours=1):
        raise TraceError(f"the trace's step is {step}", hint="an hour is the most: days need a course")
    if timedelta(days=1) % step:
        raise TraceError(
            f"the trace's step of {step} does not divide a day", hint="average it to 5, 15 or 30 minutes"
        )
    return step


def _repaired(start: datetime, step_h: float, values: list[float | None], per_day: int) -> Trace:
    counts = dict.fromkeys(("bridged", "copied", "zeroed", "night"), 0)
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
    return Trace(
        start_utc=start,
        step_h=step_h,
        power_w=tuple(filled),
        bridged=counts["bridged"],
        copied=counts["copied"],
        zeroed=counts["zeroed"],
        night=counts["night"],
    )


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
