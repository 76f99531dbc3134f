"""How air pressure has changed over the last three hours."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["PressureHistory", "Tendency", "characteristic", "words"]

SPAN_S = 3 * 3600.0
# Pressure is smooth enough to be drawn through an hour without readings, not through more.
GAP_S = 3600.0
SPACING_S = 60.0
RECALLED_SPACING_S = 300.0
# Met Office, Marine forecasts glossary: up to so many hPa in three hours.
WORDS = ((1.5, "slowly"), (3.5, ""), (6.0, "quickly"))


@dataclass(frozen=True, slots=True)
class Tendency:
    """*change_hpa* over three hours; *characteristic* is the code figure, None if the middle is missing."""

    change_hpa: float
    characteristic: int | None

    @property
    def words(self) -> str:
        """Say it as weather services do."""
        return words(self.change_hpa, self.characteristic)


class PressureHistory:
    """The last three hours of one barometer, by monotonic time, so that a clock may be set meanwhile.

    After a start, or a gap of more than an hour, there is no tendency until three hours have been seen again,
    unless those before the start are recalled.
    """

    def __init__(self) -> None:
        self._seen: deque[tuple[float, float]] = deque()

    def add(self, now_s: float, pressure_hpa: float) -> None:
        """Note a reading at the station's height; more than one a minute replace each other."""
        seen = self._seen
        if seen and now_s < seen[-1][0]:
            seen.clear()
        if len(seen) > 1 and now_s - seen[-2][0] < SPACING_S:
            seen.pop()
        seen.append((now_s, pressure_hpa))
        while now_s - seen[0][0] > SPAN_S + GAP_S:
            seen.popleft()

    def ages(self, now_s: float) -> list[tuple[float, float]]:
        """Return how many seconds ago each reading was, and the reading: enough to recall a trend by."""
        kept: list[tuple[float, float]] = []
        for at_s, pressure_hpa in self._seen:
            if not kept or at_s - kept[-1][0] >= RECALLED_SPACING_S or at_s == self._seen[-1][0]:
                kept.append((at_s, pressure_hpa))
        return [(round(now_s - at_s, 1), round(pressure_hpa, 2)) for at_s, pressure_hpa in kept]

    def recall(self, readings: Iterable[tuple[float, float]]) -> None:
        """Put readings of before, as time and hPa, in front of those seen since."""
        first_s = self._seen[0][0] if self._seen else math.inf
        ordered = sorted(each for each in readings if each[0] < first_s and all(map(math.isfinite, each)))
        self._seen.extendleft(reversed(ordered))

    def tendency(self, now_s: float) -> Tendency | None:
        """Return the change up to the latest reading, or None if there is no data to say it."""
        if not self._seen or not 0.0 <= now_s - self._seen[-1][0] <= GAP_S:
            return None
        latest_s, latest_hpa = self._seen[-1]
        before_hpa, middle_hpa = self._at(latest_s - SPAN_S), self._at(latest_s - SPAN_S / 2)
        if before_hpa is None:
            return None
        figure = None
        if middle_hpa is not None:
            figure = characteristic(middle_hpa - before_hpa, latest_hpa - middle_hpa)
        return Tendency(latest_hpa - before_hpa, figure)

    def _at(self, when_s: float) -> float | None:
        """Draw a line between the readings around a moment, unless they lie too far apart."""
        after = bisect_left(self._seen, (when_s, float("-inf")))
        if after == len(self._seen):
            return None
        after_s, after_hpa = self._seen[after]
        if after_s == when_s:
            return after_hpa
        if after == 0:
            return None
        before_s, before_hpa = self._seen[after - 1]
        if after_s - before_s > GAP_S:
            return None
        return before_hpa + (after_hpa - before_hpa) * (when_s - before_s) / (after_s - before_s)


def characteristic(first_hpa: float, second_hpa: float) -> int:
    """Return the code figure for the changes in the first and second half of three hours.

    Source: WMO-No. 306, code table 0200, which leaves to the observer what *more slowly* is: here less than
    half as fast. Changes below a tenth of a hPa count as steady.
    """
    first, second = round(first_hpa, 1), round(second_hpa, 1)
    total = round(first + second, 1)
    if total == 0.0:
        return 4 if first == 0.0 else 0 if first > 0.0 else 5
    turned, eased, even, grown = (0, 1, 2, 3) if total > 0.0 else (5, 6, 7, 8)
    along_first, along_second = (first, second) if total > 0.0 else (-first, -second)
    if along_second < 0.0:
        return turned
    if along_second < along_first / 2.0:
        return eased
    return grown if along_first < along_second / 2.0 else even


def words(change_hpa: float, figure: int | None = None) -> str:
    """Say a change over three hours in the words of the Met Office's marine forecasts.

    Source: its glossary: steady below 0.1 hPa, slowly up to 1.5, no adverb up to 3.5, quickly up to 6.0, very
    rapidly above; *now rising* and *now falling* where the direction has turned.
    """
    if figure in (0, 5):
        return "now falling" if figure == 0 else "now rising"
    change = round(change_hpa, 1)
    if change == 0.0:
        return "steady"
    direction = "rising" if change > 0.0 else "falling"
    adverb = next((adverb for limit, adverb in WORDS if abs(change) <= limit), "very rapidly")
    return f"{direction} {adverb}".strip()
