"""How often a switch closed, from the edges that a kernel noted: pure. What is shorter than a bounce is none.

The kernel can debounce too, but counts that in its own ticks: 2 ms become 4 to 8 where it ticks 250 times a
second, and still more on a busy machine, which loses a storm's closures.
"""

from __future__ import annotations

__all__ = ["NUMBERS", "Closures"]

NUMBERS = 1 << 32  # of the kernel's events


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

    def total(self) -> int:
        """Closures up to now; never less than before."""
        if self._missed and self._seen:
            self._supposed += round(self._missed * self._counted / self._seen)
            self._missed = 0
        return self._counted + self._supposed

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
        self._closed = closed
        self._pending = None
