"""The chain's time follows the world's: however fast that runs, whether it pauses, never back."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from edgepi.clock import Clock
from edgepi.errors import TransactionError
from edgepi_iexec.devchain.rpc import Rpc

__all__ = ["Follower"]

# Real seconds between two looks at the clock: a block's time is never older than this when it is mined.
TICK_S = 0.5


class Follower:
    """Tells the chain at each tick what time the next block has; empty blocks show that time passes.

    Needs a node that mines each transaction at once and lets no time pass by itself. When the clock
    steps back the chain waits until the clock is there again.
    """

    def __init__(self, rpc: Callable[[], Rpc], clock: Clock, *, block_s: float = 60.0) -> None:
        self._rpc = rpc
        self._clock = clock
        self._block_s = block_s
        self._told_s = 0
        self._mined_s = 0

    async def run(self) -> None:
        """Follow until cancelled; raises ChainError when the node does not answer."""
        while True:
            await self.tick()
            await self._clock.sleep(TICK_S * max(1.0, self._clock.rate))

    async def tick(self) -> None:
        """Tell the chain what time it is now."""
        now_s = int(self._clock.now().timestamp())
        if now_s <= self._told_s:
            return
        empty = now_s - self._mined_s >= self._block_s
        await asyncio.to_thread(self._tell, now_s, empty=empty)
        self._told_s = now_s
        if empty:
            self._mined_s = now_s

    def _tell(self, now_s: int, *, empty: bool) -> None:
        rpc = self._rpc()
        with contextlib.suppress(TransactionError):  # the chain is ahead: it stands until its time comes
            rpc("evm_setNextBlockTimestamp", now_s)
            if empty:
                rpc("evm_mine")
