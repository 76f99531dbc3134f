"""Feeds the watchdogs of power boards, each at its own pace, while the energy loop goes round."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Iterable

from edgepi.budget.bounded import bounded
from edgepi.budget.telemetry import Source
from edgepi.clock import Clock
from edgepi.errors import PluginCallError
from edgepi.plugin import PowerController

__all__ = ["Heartbeats"]

_log = logging.getLogger("edgepi.budget.heartbeat")


# A board may have to be fed each second, a round may take half a minute; a loop that hangs feeds nobody.
ROUND_WITHIN_S = 60.0


class Heartbeats:
    """One beat of each board at a time; a board that hangs holds nobody up.

    A board gets its beat even while it cannot be read: otherwise one bad reading after the other
    would have it cut the power of a node that is well.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._round_s = -math.inf
        self._boards: set[PowerController] = set()
        self._beats: dict[PowerController, asyncio.Task[None]] = {}
        self._failing: set[PowerController] = set()

    def beat(self, sources: Iterable[Source]) -> None:
        """Note that the loop goes round; begin to feed every board that has a watchdog and was found."""
        self._round_s = self._clock.monotonic()
        self._boards.clear()
        for source in sources:
            board = source.controller
            if board is None or source.reason is None or not board.capabilities.has_watchdog:
                continue
            self._boards.add(board)
            if board not in self._beats:
                task = asyncio.create_task(self._follow(board, source.name), name=f"heartbeat {source.name}")
                self._beats[board] = task

    async def stop(self) -> None:
        """Beat no more."""
        beats = tuple(self._beats.values())
        for task in beats:
            task.cancel()
        await asyncio.gather(*beats, return_exceptions=True)

    async def _follow(self, board: PowerController, name: str) -> None:
        try:
            while board in self._boards and self._clock.monotonic() - self._round_s < ROUND_WITHIN_S:
                await self._feed(board, name)
                await self._clock.sleep(board.capabilities.heartbeat_s)
        finally:
            del self._beats[board]

    async def _feed(self, board: PowerController, name: str) -> None:
        try:
            await bounded(board.heartbeat(), board.timeout_s, f"feeding the watchdog of {name}")
            self._failing.discard(board)
        except PluginCallError as error:
            if board not in self._failing:
                _log.warning("%s; it is tried again", error.message)
            self._failing.add(board)
