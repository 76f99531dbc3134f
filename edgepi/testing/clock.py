"""A clock that stands still until a test moves it."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from datetime import UTC, datetime, timedelta

__all__ = ["ManualClock", "settle"]

START = datetime(2025, 6, 1, 12, 0, tzinfo=UTC)


async def settle(rounds: int = 1000) -> None:
    """Let the event loop run until nothing is ready any more (threads are not waited for)."""
    loop = asyncio.get_running_loop()
    for _ in range(3):
        await asyncio.sleep(0)
    for _ in range(rounds):
        if not getattr(loop, "_ready", ()):
            return
        await asyncio.sleep(0)


class ManualClock:
    """A `Clock` for tests: `advance` lets time pass, `step_wall` sets the wall clock."""

    rate = 1.0

    def __init__(self, now: datetime = START, *, trusted: bool = True) -> None:
        self.trusted = trusted
        self._wall = now
        self._monotonic_s = 0.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = itertools.count()

    def monotonic(self) -> float:
        """Seconds that were advanced so far."""
        return self._monotonic_s

    def now(self) -> datetime:
        """Wall time in UTC."""
        return self._wall

    @property
    def sleepers(self) -> int:
        """How many wait for this clock."""
        return sum(not future.done() for _, _, future in self._sleepers)

    def step_wall(self, seconds: float) -> None:
        """Set the wall clock forward or, when negative, back; monotonic time stays."""
        self._wall += timedelta(seconds=seconds)

    async def sleep(self, seconds: float) -> None:
        """Wait until so many seconds were advanced."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        future = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._monotonic_s + seconds, next(self._order), future))
        await future

    async def advance(self, seconds: float) -> None:
        """Let time pass: wake sleepers in order, each at its own time, and let the loop settle."""
        until = self._monotonic_s + seconds
        await settle()
        while self._sleepers and self._sleepers[0][0] <= until:
            due, _, future = heapq.heappop(self._sleepers)
            if future.done():
                continue
            self._move_to(due)
            future.set_result(None)
            await settle()
        self._move_to(until)
        await settle()

    def _move_to(self, monotonic_s: float) -> None:
        self._wall += timedelta(seconds=monotonic_s - self._monotonic_s)
        self._monotonic_s = monotonic_s
