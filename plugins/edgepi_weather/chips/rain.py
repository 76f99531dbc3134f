"""Rain from the tips of a bucket: pure, times are handed in. Time in which nobody counted is never dry."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeGuard

__all__ = ["Moment", "Rain", "RainLog"]

HOUR_S, RATE_S = 3600.0, 600.0
LEAST_RATE_S = 120.0
MOST_HOUR_GAP_S = 180.0  # a restart
MOST_UNBOOKED = 2000  # intervals until the clock can be trusted
MOST_MM_H = 2000.0  # beyond any rain: a contact bounces, or somebody cleans the bucket


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment on the clock that never steps, and what local clocks show if that can be trusted."""

    monotonic_s: float
    local: datetime | None


@dataclass(frozen=True, slots=True)
class Rain:
    """Amounts in mm and mm/h; None where too much of the time was not counted."""

    rate_mm_h: float | None
    hour_mm: float | None
    today_mm: float | None
    total_mm: float


@dataclass(frozen=True, slots=True)
class _Span:
    start_s: float
    end_s: float
    mm: float

    def within(self, first_s: float) -> float:
        return max(0.0, self.end_s - max(self.start_s, first_s))

    def mm_within(self, first_s: float) -> float:
        return self.mm * self.within(first_s) / (self.end_s - self.start_s)


@dataclass(slots=True)
class _Day:
    date: str = ""
    mm: float = 0.0
    counted_s: float = 0.0


class RainLog:
    """Turns totals of a counter into rain; *most_gap_s* is how much of a day may be uncounted."""

    def __init__(self, mm_per_tip: float, *, most_gap_s: float = 300.0) -> None:
        self.doubtful = 0  # intervals with more than any rain
        self._mm_per_tip = mm_per_tip
        self._most_gap_s = most_gap_s
        self._total_mm = 0.0
        self._day = _Day()
        self._spans: deque[_Span] = deque()
        self._unbooked: deque[_Span] = deque(maxlen=MOST_UNBOOKED)
        self._since: tuple[float, int] | None = None
        self._kept: tuple[float, list[Any]] | None = None  # of a run before, until it can be dated

    def count(self, moment: Moment, total: int) -> float | None:
        """Take the counter's total; return the mm since the last, None if nobody counted.

        The first total after `lost`, or a smaller one, only begins to count.
        """
        since = self._since
        if since is not None and moment.monotonic_s == since[0]:
            return None
        self._since = (moment.monotonic_s, total)
        if since is None or total < since[1] or moment.monotonic_s < since[0]:
            return None
        span = _Span(since[0], moment.monotonic_s, (total - since[1]) * self._mm_per_tip)
        if total - since[1] > 1 and span.mm / (span.end_s - span.start_s) * HOUR_S > MOST_MM_H:
            self.doubtful += 1
            return None
        self._total_mm += span.mm
        self._spans.append(span)
        self._unbooked.append(span)
        self._book(moment)
        return span.mm

    def lost(self) -> None:
        """Nobody counts until the next total."""
        self._since = None

    def disown(self) -> None:
        """Take back what the last `count` gave, as if nobody had counted meanwhile."""
        span = self._spans.pop()
        self._total_mm -= span.mm
        if self._unbooked and self._unbooked[-1] is span:
            self._unbooked.pop()
        else:
            self._day.mm -= span.mm
            # Of a span over midnight less was booked: rather a second too few than less than nothing.
            self._day.counted_s = max(0.0, self._day.counted_s - (span.end_s - span.start_s))

    def rain(self, moment: Moment) -> Rain:
        """Return what fell up to now."""
        self._book(moment)
        while self._spans and self._spans[0].end_s <= moment.monotonic_s - HOUR_S:
            self._spans.popleft()
        return Rain(
            self._rate(moment.monotonic_s),
            self._hour(moment.monotonic_s),
            self._today(moment),
            self._total_mm,
        )

    def to_dict(self, moment: Moment) -> dict[str, Any]:
        """Everything that a restart must not forget; the last hour only if it can be dated."""
        spans = [
            [moment.monotonic_s - span.start_s, moment.monotonic_s - span.end_s, span.mm]
            for span in self._spans
        ]
        day = self._day
        saved = {
            "total_mm": self._total_mm,
            "date": day.date,
            "day_mm": day.mm,
            "day_counted_s": day.counted_s,
        }
        if moment.local is not None:
            saved |= {"saved": moment.local.timestamp(), "hour": spans}
        elif self._kept is not None:
            saved |= {"saved": self._kept[0], "hour": self._kept[1]}
        return saved

    def restore(self, saved: Mapping[str, Any], moment: Moment) -> None:
        """Go on from what `to_dict` gave; raises ValueError if it cannot be that."""
        numbers = [saved.get(key) for key in ("total_mm", "day_mm", "day_counted_s")]
        if not all(_amount(each) for each in numbers) or not isinstance(saved.get("date"), str):
            raise ValueError("it holds no rain")
        self._total_mm, day_mm, counted_s = (float(each) for each in numbers if _amount(each))
        self._day = _Day(str(saved["date"]), day_mm, counted_s)
        then, hour = saved.get("saved"), saved.get("hour")
        if _amount(then) and isinstance(hour, list):
            self._kept = then, hour
        self._recall_hour(moment)

    def _recall_hour(self, moment: Moment) -> None:
        """Put the last hour of a run before in front of what was counted since, once it can be dated."""
        if moment.local is None or self._kept is None:
            return
        (then, hour), self._kept = self._kept, None
        age_s = moment.local.timestamp() - then
        if not 0.0 <= age_s < HOUR_S:
            return
        at_s = moment.monotonic_s - age_s
        for each in reversed(hour):
            if isinstance(each, list) and len(each) == 3 and all(_amount(number) for number in each):
                self._recall(_Span(at_s - each[0], at_s - each[1], each[2]))

    def _recall(self, span: _Span) -> None:
        if span.start_s < span.end_s and (not self._spans or span.end_s <= self._spans[0].start_s + 1.0):
            self._spans.appendleft(span)

    def _book(self, moment: Moment) -> None:
        """Add to the day what was counted since the clock could be trusted, and before if it was today."""
        if moment.local is None:
            return
        self._recall_hour(moment)
        midnight = moment.local.replace(hour=0, minute=0, second=0, microsecond=0)
        first_s = moment.monotonic_s - (moment.local.timestamp() - midnight.timestamp())
        today = midnight.date().isoformat()
        if self._day.date != today:
            self._day = _Day(today)
        for span in self._unbooked:
            if span.end_s > first_s:
                self._day.mm += span.mm
                self._day.counted_s += span.within(first_s)
        self._unbooked.clear()

    def _rate(self, now_s: float) -> float | None:
        counted_s = sum(span.within(now_s - RATE_S) for span in self._spans)
        if counted_s < LEAST_RATE_S:
            return None
        fallen_mm = sum(span.mm_within(now_s - RATE_S) for span in self._spans)
        return fallen_mm / counted_s * HOUR_S

    def _hour(self, now_s: float) -> float | None:
        counted_s = sum(span.within(now_s - HOUR_S) for span in self._spans)
        if counted_s < HOUR_S - min(self._most_gap_s, MOST_HOUR_GAP_S) - 1.0:
            return None
        return sum(span.mm_within(now_s - HOUR_S) for span in self._spans)

    def _today(self, moment: Moment) -> float | None:
        if moment.local is None or self._day.counted_s <= 0.0:
            return None
        midnight = moment.local.replace(hour=0, minute=0, second=0, microsecond=0)
        passed_s = moment.local.timestamp() - midnight.timestamp()
        return self._day.mm if passed_s - self._day.counted_s <= self._most_gap_s + 1.0 else None


def _amount(value: object) -> TypeGuard[float]:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    return math.isfinite(value) and value >= 0.0
