"""Goes round and round: at its interval, and at once when nudged."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable

from edgepi.clock import Clock

__all__ = ["Rounds"]

_log = logging.getLogger("edgepi.budget")


class Rounds:
    """Calls *tick* each *interval_s* seconds; one that fails is logged, and the rounds go on."""

    def __init__(self, tick: Callable[[], Awaitable[None]], clock: Clock, interval_s: float) -> None:
        self._tick = tick
        self._clock = clock
        self._interval_s = interval_s
        self._nudge = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.going_round = asyncio.Lock()

    def start(self) -> None:
        """Begin."""
        self._task = asyncio.create_task(self._run(), name="energy budget")

    async def stop(self) -> None:
        """End, in the middle of a round if need be."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    def nudge(self) -> None:
        """Go round again at once."""
        self._nudge.set()

    async def _run(self) -> None:
        while True:
            self._nudge.clear()
            try:
                async with self.going_round:
                    await self._tick()
            except Exception:  # noqa: BLE001 (without this loop nothing guards the battery)
                _log.exception("the energy loop stumbled; it goes on")
            await self._pause()

    async def _pause(self) -> None:
        nap = asyncio.create_task(self._clock.sleep(self._interval_s))
        nudge = asyncio.create_task(self._nudge.wait())
        try:
            await asyncio.wait({nap, nudge}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            nap.cancel()
            nudge.cancel()
