"""Sums of rain along an archive; pure."""

from __future__ import annotations

from collections import deque
from datetime import date

__all__ = ["RainSums"]

HOUR_S = 3600
# As for the station's own sums: so much of an hour and of a day may be uncounted.
MOST_OF_HOUR_S, MOST_OF_DAY_S = 180, 600


class RainSums:
    """Rain of the last hour and since local midnight, interval after interval."""

    def __init__(self) -> None:
        self._hour: deque[tuple[int, int, float]] = deque()
        self._day: date | None = None
        self._day_mm = 0.0
        self._lost_s = 0
        self._ended_s: int | None = None

    def add(self, begin_s: int, end_s: int, day: date, midnight_s: int, rain_mm: float | None) -> None:
        """Take an interval; *day* began at *midnight_s*; None is an interval in which nobody counted."""
        if day != self._day:
            self._day, self._day_mm, self._lost_s = day, 0.0, 0
            counted_from_s = midnight_s
        else:
            counted_from_s = self._ended_s or begin_s
        self._lost_s += max(0, begin_s - counted_from_s)
        if rain_mm is None:
            self._lost_s += end_s - begin_s
        else:
            self._day_mm += rain_mm
            self._hour.append((begin_s, end_s, rain_mm))
        self._ended_s = end_s
        while self._hour and self._hour[0][0] < end_s - HOUR_S:
            self._hour.popleft()

    @property
    def hour_mm(self) -> float | None:
        """Of the hour that ends with the last interval; None where too much of it is uncounted."""
        counted_s = sum(end - begin for begin, end, _ in self._hour)
        return None if counted_s < HOUR_S - MOST_OF_HOUR_S else round(sum(mm for *_, mm in self._hour), 2)

    @property
    def today_mm(self) -> float | None:
        """Since midnight; None where too much is uncounted."""
        return None if self._lost_s > MOST_OF_DAY_S else round(self._day_mm, 2)
