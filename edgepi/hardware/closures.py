"""How often a switch closed, from the edges that a kernel noted: pure. What is shorter than a bounce is none.

The kernel can debounce too, but counts that in its own ticks: 2 ms become 4 to 8 where it ticks 250 times a
second, and still more on a busy machine, which loses a storm's closures.
"""

from __future__ import annotations

from collections import deque

__all__ = ["KEPT_TIMES", "NUMBERS", "Closures"]

NUMBERS = 1 << 32  # of the kernel's events
KEPT_TIMES = 1024  # of closures, for those who ask how many there were at most


class Closures:
    """Counts states that lasted *bounce_ns*; *closed* is how the switch stands at the beginning.

    Edges that the kernel had no room for are known by their numbers, and are taken to have been like those
    that were seen.
    """

    def __init__(self, bounce_ns: int, *, closed: bool) -> None:
        self._bounce_ns = bounce_ns
        self._closed = closed
        self._pending: tuple[int, bool] | None = None
        self._number: int | None = None
        self._counted = self._seen = self._missed = self._supposed = 0
        self._times_ns: deque[int] = deque(maxlen=KEPT_TIMES)
        self._fresh = 0

    def total(self) -> int:
        """Closures up to now; never less than before."""
        if self._missed and self._seen:
            self._supposed += round(self._missed * self._counted / self._seen)
            self._missed = 0
        return self._counted + self._supposed

    def most(self, within_ns: int) -> int:
        """Most closures in any time of that length which ended since this was asked last, of those seen."""
        times = list(self._times_ns)
        fresh, self._fresh = min(self._fresh, len(times)), 0
        first = most = 0
        for last, at_ns in enumerate(times):
            while times[first] <= at_ns - within_ns:
                first += 1
            if last >= len(times) - fresh:
                most = max(most, last - first + 1)
        while self._times_ns and self._times_ns[0] <= self._times_ns[-1] - within_ns:
            self._times_ns.popleft()
        return most

    def edge(self, at_ns: int, number: int, *, closed: bool) -> None:
        """Take an edge: when, the how manieth of this switch it is, and how the switch stands since."""
        missed = (number - self._number - 1) % NUMBERS if self._number is not None else number - 1
        if missed == 0:
            self.settle(at_ns)
        self._missed += missed
        self._seen += 1
        self._number = number
        self._pending = (at_ns, closed)

    def settle(self, now_ns: int) -> None:
        """Say that no other edge came before *now_ns*."""
        if self._pending is None or now_ns - self._pending[0] < self._bounce_ns:
            return
        closed = self._pending[1]
        if closed and not self._closed:
            self._counted += 1
            self._fresh += 1
            self._times_ns.append(self._pending[0])
        self._closed = closed
        self._pending = None
