"""Wind from a counted switch and a vane: pure, seconds are handed in and come from a clock that never steps.

WMO-No. 8 (chapter 5): speed is the mean of ten minutes, direction that of the mean vector of the wind, a
gust is the highest mean of three seconds. Time in which nobody counted is no calm: it is left out, and what
little is left says nothing.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

__all__ = ["GUST_S", "LEAST_S", "WINDOW_S", "DirectionLog", "Wind", "WindLog"]

WINDOW_S = 600.0
GUST_S = 3.0
LEAST_S = 120.0  # aviation's mean; less of the window says nothing of it
SHORTEST_S = 0.8 * GUST_S
MOST_M_S = 113.3  # the highest gust ever measured, Barrow Island 1996: beyond, a contact bounces
LEAST_SAMPLES = 5
LEAST_STEADINESS = 0.1


@dataclass(frozen=True, slots=True)
class Wind:
    """The last ten minutes; None where too little of them was counted."""

    speed_m_s: float | None
    gust_m_s: float | None


@dataclass(frozen=True, slots=True)
class _Span:
    start_s: float
    end_s: float
    speed_m_s: float
    gust_m_s: float


class WindLog:
    """Turns totals of a counter, sampled about each `GUST_S`, into mean and gust."""

    def __init__(self, m_s_per_hz: float) -> None:
        self.doubtful = 0  # intervals with more than any wind
        self._m_s_per_hz = m_s_per_hz
        self._spans: deque[_Span] = deque()
        self._since: tuple[float, int] | None = None
        self._most: int | None = None

    def count(self, now_s: float, total: int, most: int | None = None) -> float | None:
        """Take the counter's total; return the mean speed since the last, None if nobody counted.

        *most* is the most closures in any `GUST_S` since the last, None if only the total is known.
        The first total after `lost`, or a smaller one, only begins to count. One that comes too early for a
        mean of three seconds waits for the next.
        """
        if self._since is None or total < self._since[1] or now_s < self._since[0]:
            self._since = (now_s, total)
            self._most = None
            return None
        if most is not None:
            self._most = max(self._most or 0, most)
        since_s, before = self._since
        if now_s - since_s < SHORTEST_S:
            return None
        self._since = (now_s, total)
        speed_m_s = (total - before) / (now_s - since_s) * self._m_s_per_hz
        gust_m_s = speed_m_s if self._most is None else self._most / GUST_S * self._m_s_per_hz
        self._most = None
        if gust_m_s > MOST_M_S:
            self.doubtful += 1
            return None
        self._spans.append(_Span(since_s, now_s, speed_m_s, gust_m_s))
        self._forget(now_s)
        return speed_m_s

    def lost(self) -> None:
        """Nobody counts until the next total."""
        self._since = None

    def wind(self, now_s: float) -> Wind:
        """Return mean and gust of the ten minutes up to now."""
        self._forget(now_s)
        first_s = now_s - WINDOW_S
        shares = [(span, span.end_s - max(span.start_s, first_s)) for span in self._spans]
        counted_s = sum(share_s for _, share_s in shares)
        if counted_s < LEAST_S:
            return Wind(None, None)
        mean_m_s = sum(span.speed_m_s * share_s for span, share_s in shares) / counted_s
        return Wind(mean_m_s, max(span.gust_m_s for span in self._spans))

    def gust_since(self, then_s: float) -> float | None:
        """Return the highest mean that ended after a moment of the last ten minutes; None without any."""
        return max((span.gust_m_s for span in self._spans if span.end_s > then_s), default=None)

    def _forget(self, now_s: float) -> None:
        while self._spans and self._spans[0].end_s <= now_s - WINDOW_S:
            self._spans.popleft()


class DirectionLog:
    """Direction of the mean wind: vectors, so that 350 and 10 degrees make 0, not 180."""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, float, float | None]] = deque()

    def add(self, now_s: float, direction_deg: float, speed_m_s: float | None = None) -> None:
        """Take where the wind comes from, in degrees from north, and how strong it is, as far as known."""
        self._samples.append((now_s, math.radians(direction_deg), speed_m_s))
        self._forget(now_s)

    def mean_deg(self, now_s: float) -> float | None:
        """Return where the last ten minutes' wind came from; None if from everywhere, or hardly seen."""
        self._forget(now_s)
        if len(self._samples) < LEAST_SAMPLES:
            return None
        speeds = [speed for _, _, speed in self._samples if speed is not None]
        usual = sum(speeds) / len(speeds) if speeds else 1.0
        vectors = [(angle, usual if speed is None else speed) for _, angle, speed in self._samples]
        east = sum(length * math.sin(angle) for angle, length in vectors)
        north = sum(length * math.cos(angle) for angle, length in vectors)
        if math.hypot(east, north) <= LEAST_STEADINESS * sum(length for _, length in vectors):
            return None
        return round(math.degrees(math.atan2(east, north)), 1) % 360.0

    def _forget(self, now_s: float) -> None:
        while self._samples and self._samples[0][0] <= now_s - WINDOW_S:
            self._samples.popleft()
