"""Closures that the world tells of now and then, with the moment up to which it counted."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

__all__ = ["Tally", "WorldCounter"]

KEPT = 512


class Tally:
    """Closures of one switch since the world was first heard of."""

    def __init__(self, begun: int, at_s: float) -> None:
        self._begun = begun
        self._told: deque[tuple[float, int]] = deque([(at_s, 0)], maxlen=KEPT)

    def tell(self, total: int, at_s: float) -> None:
        """Take what the world has counted up to a moment."""
        self._told.append((at_s, total - self._begun))

    @property
    def last(self) -> tuple[float, int]:
        """Until when was counted, and how many."""
        return self._told[-1]

    def most(self, within_s: float, after_s: float) -> int:
        """Return the most in a time of that length which ended after a moment.

        A fast world tells seldom by its own time: of a longer time it is the mean.
        """
        told, begin, most = tuple(self._told), 0, 0.0
        for end, (end_s, count) in enumerate(told):
            while begin + 1 < end and end_s - told[begin + 1][0] >= within_s:
                begin += 1
            begin_s, before = told[begin]
            if end_s > after_s:
                most = max(most, (count - before) * within_s / max(end_s - begin_s, within_s))
        return round(most)


class WorldCounter:
    """`edgepi.plugin.PulseCounter` in the world."""

    def __init__(self, tally: Callable[[], Tally | None]) -> None:
        self._tally = tally
        self._asked_s, self._first = self._last()

    def _last(self) -> tuple[float, int]:
        tally = self._tally()
        return (0.0, 0) if tally is None else tally.last

    def total(self) -> int:
        """Closures since the counter was opened."""
        return self._last()[1] - self._first

    def most(self, within_s: float) -> int | None:
        """Most closures in any time of that length which ended since this was asked last."""
        tally = self._tally()
        if tally is None:
            return None
        most = tally.most(within_s, self._asked_s)
        self._asked_s = tally.last[0]
        return most

    def close(self) -> None:
        """Counting goes on for whoever else watches the pin."""
