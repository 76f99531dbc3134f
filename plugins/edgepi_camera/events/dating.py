"""When things were, by a clock that may be wrong and be set while they happen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from edgepi.clock import Clock

__all__ = ["Span", "Times"]


@dataclass(frozen=True, slots=True)
class Span:
    """From when to when, on the monotonic clock."""

    began_s: float
    ended_s: float | None = None


class Times:
    """Turns ages into times; what began before the clock was set is dated by the clock as it is now."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    @property
    def trusted(self) -> bool:
        """Whether what is dated now is dated right."""
        return self._clock.trusted

    def moment_s(self, ago_s: float) -> float:
        """Monotonic time of what was so many real seconds ago."""
        return self._clock.monotonic() - ago_s * self._clock.rate

    def span_s(self, seconds: float) -> float:
        """What so many real seconds are on the node's clock."""
        return seconds * self._clock.rate

    def utc(self, moment_s: float) -> datetime:
        """The wall time of a monotonic time of this life, by the wall clock of now."""
        return self._clock.now() - timedelta(seconds=self._clock.monotonic() - moment_s)
