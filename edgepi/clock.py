"""The one source of time: wall and monotonic, scalable, handed to whatever needs it."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol, runtime_checkable

__all__ = ["Clock", "ScaledClock", "SystemClock", "TimeScale"]


@runtime_checkable
class Clock(Protocol):
    """Wall and monotonic time in the node's own seconds.

    At a rate of 60 one real second is sixty of these; callers never need to know.
    """

    @property
    def rate(self) -> float:
        """Own seconds per real second."""

    @property
    def trusted(self) -> bool:
        """Whether wall time may be written into records."""

    def monotonic(self) -> float:
        """Seconds since an arbitrary start; never steps."""

    def now(self) -> datetime:
        """Wall time, aware, UTC; may step in either direction."""

    async def sleep(self, seconds: float) -> None:
        """Wait for so many own seconds; follows changes of rate while it waits."""


@dataclass(frozen=True, slots=True)
class TimeScale:
    """A moment on the machine's monotonic clock and what the scaled clock showed then."""

    real_monotonic_s: float
    monotonic_s: float
    wall_s: float
    rate: float

    def monotonic_at(self, real_s: float) -> float:
        """Scaled monotonic seconds at a real monotonic time."""
        return self.monotonic_s + (real_s - self.real_monotonic_s) * self.rate

    def wall_at(self, real_s: float) -> float:
        """Scaled wall time (seconds since 1970) at a real monotonic time."""
        return self.wall_s + (real_s - self.real_monotonic_s) * self.rate


class SystemClock:
    """The machine's own time at rate 1."""

    rate = 1.0

    def __init__(self, *, trusted: bool = True) -> None:
        self._trusted = trusted

    @property
    def trusted(self) -> bool:
        """Whether wall time may be written into records."""
        return self._trusted

    def trust(self) -> None:
        """Say that wall time has been set from a source that can be believed."""
        self._trusted = True

    def monotonic(self) -> float:
        """Seconds since the machine started."""
        return time.monotonic()

    def now(self) -> datetime:
        """Wall time in UTC."""
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        """Wait for so many seconds."""
        await asyncio.sleep(max(0.0, seconds))


class ScaledClock:
    """A clock computed from the machine's monotonic clock and the last `TimeScale` pushed."""

    def __init__(self, scale: TimeScale, *, trusted: bool = True) -> None:
        self._scale = scale
        self._trusted = trusted
        self._changed = asyncio.Event()
        self._latest_s = float("-inf")

    @property
    def rate(self) -> float:
        """Own seconds per real second."""
        return self._scale.rate

    @property
    def trusted(self) -> bool:
        """Whether wall time may be written into records."""
        return self._trusted

    def rescale(self, scale: TimeScale, *, trusted: bool | None = None) -> None:
        """Take over a new origin and rate; sleepers adjust at once."""
        self._scale = scale
        if trusted is not None:
            self._trusted = trusted
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    def monotonic(self) -> float:
        """Scaled seconds since the world began; waits rather than steps back when the rate falls late."""
        self._latest_s = max(self._latest_s, self._scale.monotonic_at(time.monotonic()))
        return self._latest_s

    def now(self) -> datetime:
        """The world's wall time in UTC."""
        return datetime.fromtimestamp(self._scale.wall_at(time.monotonic()), UTC)

    async def sleep(self, seconds: float) -> None:
        """Wait for so many scaled seconds; follows changes of rate while it waits."""
        until = self.monotonic() + seconds
        while (left := until - self.monotonic()) > 0:
            timeout = left / self.rate if self.rate > 0 else None
            try:
                await asyncio.wait_for(self._changed.wait(), timeout)
            except TimeoutError:
                return
