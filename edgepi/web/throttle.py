"""Slows down whoever guesses."""

from __future__ import annotations

__all__ = ["Throttle"]

FREE_TRIES = 5
FIRST_WAIT_S = 2.0
LONGEST_WAIT_S = 300.0
MOST_ADDRESSES = 1000


class Throttle:
    """Counts bad logins per address; after five, each one doubles the wait."""

    def __init__(self) -> None:
        self._failures: dict[str, tuple[int, float]] = {}

    def wait_s(self, address: str, monotonic_s: float) -> float:
        """Seconds until this address may try again; 0 means now."""
        _count, until_s = self._failures.get(address, (0, 0.0))
        return max(0.0, until_s - monotonic_s)

    def failed(self, address: str, monotonic_s: float) -> None:
        """Count a bad login."""
        count = self._failures.pop(address, (0, 0.0))[0] + 1
        excess = min(count - FREE_TRIES, 20)
        wait_s = min(FIRST_WAIT_S * 2 ** (excess - 1), LONGEST_WAIT_S) if excess > 0 else 0.0
        while len(self._failures) >= MOST_ADDRESSES:
            del self._failures[next(iter(self._failures))]
        self._failures[address] = (count, monotonic_s + wait_s)

    def succeeded(self, address: str) -> None:
        """Forget the bad logins of an address."""
        self._failures.pop(address, None)
