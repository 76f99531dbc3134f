"""How long to wait after a failure, and when enough is enough: pure decisions."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

__all__ = ["Failures", "RetryPolicy"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """Waits grow from *first_s* by *factor* to *max_s*; *jitter* is the share that chance may add.

    More than *faults* faults within *window_s* is enough. A fault is a mistake of the code; a
    device that does not answer is a failure but no fault, and is tried for ever.
    """

    first_s: float = 5.0
    factor: float = 2.0
    max_s: float = 600.0
    jitter: float = 0.1
    faults: int = 5
    window_s: float = 3600.0

    def delay_s(self, failures: int, chance: float) -> float:
        """Seconds to wait after so many failures in a row; *chance* is from 0 to 1."""
        grown_s = self.first_s * self.factor ** min(failures - 1, 60)
        return min(grown_s, self.max_s) * (1.0 + self.jitter * chance)


class Failures:
    """Failures of one thing, as far as they still count."""

    def __init__(self, policy: RetryPolicy) -> None:
        self.in_a_row = 0
        self._policy = policy
        self._faults: deque[float] = deque()

    def add(self, at_s: float, *, fault: bool) -> bool:
        """Note a failure at a monotonic time; True when its faults are too many now."""
        self.in_a_row += 1
        if fault:
            self._faults.append(at_s)
        while self._faults and self._faults[0] <= at_s - self._policy.window_s:
            self._faults.popleft()
        return len(self._faults) >= self._policy.faults

    def succeeded(self) -> None:
        """Begin the waits anew; faults stay until they are old."""
        self.in_a_row = 0
