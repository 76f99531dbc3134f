"""Where a value lies in a picture, and which values deserve a tick."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from edgepi.energy.report.numbers import number, step_digits

__all__ = ["Scale", "Tick", "number_ticks", "round_up", "time_ticks"]

_LABEL_PX = {"minute": 46.0, "hour": 46.0, "day": 52.0, "month": 34.0}
_STEPS = (
    *(("minute", n) for n in (1, 5, 10, 15, 30)),
    *(("hour", n) for n in (1, 2, 3, 6, 12)),
    *(("day", n) for n in (1, 2, 7, 14)),
    *(("month", n) for n in (1, 2, 3, 6, 12, 24, 60, 120)),
)
_LENGTH_S = {"minute": 60.0, "hour": 3600.0, "day": 86400.0, "month": 30.44 * 86400.0}


@dataclass(frozen=True, slots=True)
class Scale:
    """Maps values from *low* to *high* to places from *start* to *end*."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Return the place of a value, held within the picture."""
        span = self.high - self.low
        share = (value - self.low) / span if span > 0 else 0.5
        return self.start + (self.end - self.start) * min(1.0, max(0.0, share))


@dataclass(frozen=True, slots=True)
class Tick:
    """A value with what is written beside it."""

    value: float
    text: str


def _step(span: float, count: int) -> float:
    rough = span / max(1, count)
    power = 10.0 ** math.floor(math.log10(rough))
    return next(power * nice for nice in (1.0, 2.0, 5.0, 10.0) if power * nice >= rough * 0.999)


def number_ticks(low: float, high: float, count: int) -> tuple[Tick, ...]:
    """Return ticks at round numbers, about *count*."""
    if high <= low:
        return (Tick(low, number(low)),)
    step = _step(high - low, count)
    first, last = math.ceil(low / step - 1e-6), math.floor(high / step + 1e-6)
    digits = step_digits(step)
    return tuple(Tick(i * step, number(i * step, digits)) for i in range(first, last + 1))


def round_up(low: float, high: float, count: int = 4) -> tuple[float, float]:
    """Widen a range to round numbers; zero belongs to it unless it lies far away."""
    low, high = (min(0.0, low), max(0.0, high)) if low > 0 and low < 0.6 * high else (low, high)
    if high - low <= 1e-9 * max(1.0, abs(high)):
        high = low + (abs(low) * 0.2 or 1.0)
    step = _step(high - low, count)
    return math.floor(low / step + 1e-6) * step, math.ceil(high / step - 1e-6) * step


def time_ticks(start_utc: datetime, end_utc: datetime, place: tzinfo, width: float) -> tuple[Tick, ...]:
    """Return ticks (seconds since 1970) at round local times, as many as *width* holds."""
    span_s = max(1.0, (end_utc - start_utc).total_seconds())
    kind, every = next(
        (
            (kind, every)
            for kind, every in _STEPS
            if span_s / (every * _LENGTH_S[kind]) * _LABEL_PX[kind] <= width
        ),
        _STEPS[-1],
    )
    local = start_utc.astimezone(place).replace(tzinfo=None)
    ticks = []
    for wall in _walk(local, kind, every):
        moment = wall.replace(tzinfo=place).astimezone(UTC)
        if moment > end_utc:
            break
        skipped = moment.astimezone(place).replace(tzinfo=None) != wall
        if moment >= start_utc and not skipped:
            ticks.append(Tick(moment.timestamp(), _text(wall, kind)))
    return tuple(ticks)


def _walk(local: datetime, kind: str, every: int) -> Iterator[datetime]:
    """Round local times from about *local* on."""
    day = local.replace(hour=0, minute=0, second=0, microsecond=0)
    if kind == "month":
        months = (day.year * 12 + day.month - 1) // every * every
        while True:
            yield datetime(months // 12, months % 12 + 1, 1)  # noqa: DTZ001 (local time of the place)
            months += every
    if kind == "day":
        wall, step = day - timedelta(days=(day.toordinal() - 1) % every), timedelta(days=every)
    else:
        wall, step = day, timedelta(seconds=every * _LENGTH_S[kind])
    while True:
        yield wall
        wall += step


def _text(wall: datetime, kind: str) -> str:
    if kind == "month":
        return f"{wall:%Y}" if wall.month == 1 else f"{wall:%b}"
    if kind == "day" or (wall.hour, wall.minute) == (0, 0):
        return f"{wall.day} {wall:%b}"
    return f"{wall:%H:%M}"
