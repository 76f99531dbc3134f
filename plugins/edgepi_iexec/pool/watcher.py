"""The loop that follows the chain, the deals, the tasks and who is still there."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta

from edgepi.clock import Clock
from edgepi.errors import ChainError, EdgePiError
from edgepi_iexec.chain.interface import Chain
from edgepi_iexec.pool.assigning import Assigning
from edgepi_iexec.pool.book import Book
from edgepi_iexec.pool.carrying import Carrier
from edgepi_iexec.pool.deals import Deals
from edgepi_iexec.pool.model import Replicate
from edgepi_iexec.pool.presence import Presence
from edgepi_iexec.pool.results import ResultStore
from edgepi_iexec.pool.settings import PoolSettings
from edgepi_iexec.pool.stepping import OVER
from edgepi_iexec.protocol.statuses import ReplicateStatus
from edgepi_iexec.protocol.transitions import allowed

__all__ = ["Watcher"]

S = ReplicateStatus
_AT_ONCE = 8
_SWEEP_S = 600.0


class Watcher:
    """A round: newest block, deals, lost workers, then every task that something happened to, or all."""

    def __init__(
        self,
        settings: PoolSettings,
        book: Book,
        chain: Chain,
        *,
        deals: Deals,
        carrier: Carrier,
        assigning: Assigning,
        presence: Presence,
        results: ResultStore,
        clock: Clock,
        log: logging.Logger,
    ) -> None:
        self._settings = settings
        self._book = book
        self._chain = chain
        self._deals = deals
        self._carrier = carrier
        self._assigning = assigning
        self._presence = presence
        self._results = results
        self._clock = clock
        self._log = log
        self._all_s = self._swept_s = float("-inf")
        self._limit = asyncio.Semaphore(_AT_ONCE)

    async def run(self) -> None:
        """Go on for ever; what goes wrong in a round is tried again in the next."""
        while True:
            await self.round()
            await self._pause()

    async def round(self) -> None:
        """One round; errors are logged."""
        try:
            await self._round()
        except ChainError as error:
            if self._assigning.reachable:
                self._log.warning("%s", error)
            self._assigning.reachable = False
        except EdgePiError as error:
            self._log.warning("%s", error)
        except Exception:  # noqa: BLE001 (the next round may go well)
            self._log.exception("a round of the pool failed")

    async def _round(self) -> None:
        block = await self._chain.latest_block()
        if not self._assigning.reachable:
            self._log.info("the chain's node answers again")
        self._assigning.reachable = True
        if block.number >= self._assigning.block.number:
            self._assigning.block = block
        await self._deals.look(block)
        await self._deals.record()
        await self._lose()
        now_s = self._clock.monotonic()
        if now_s - self._all_s >= self._settings.check_s:
            self._all_s = now_s
            self._book.due.update(self._book.tasks)
        due = tuple(self._book.due)
        self._book.due.clear()
        await asyncio.gather(*(self._attend(task_id) for task_id in due))
        self._assigning.review()
        await self._sweep()

    async def _attend(self, task_id: str) -> None:
        async with self._limit:
            try:
                await self._carrier.attend(task_id, self._assigning.block)
            except EdgePiError as error:
                self._log.warning("task %s: %s", task_id, error)
            except Exception:  # noqa: BLE001 (one task must not end the pool)
                self._log.exception("task %s", task_id)
            self._assigning.review(task_id)

    async def _lose(self) -> None:
        """Note who has not pinged for a minute."""
        now = self._clock.now()
        lost = [share for share in self._book.open_replicates() if self._is_lost(share)]
        if lost:
            await self._book.save(*(share.at(S.WORKER_LOST, now, by_pool=True) for share in lost))
            self._book.due.update(share.task_id for share in lost)

    def _is_lost(self, share: Replicate) -> bool:
        at_work = share.status not in OVER and allowed(share.status, S.WORKER_LOST)
        return at_work and not self._presence.alive(share.wallet)

    async def _sweep(self) -> None:
        now_s = self._clock.monotonic()
        if now_s - self._swept_s < _SWEEP_S:
            return
        self._swept_s = now_s
        self._presence.forget()
        await self._book.store.drop_logs(self._clock.now() - timedelta(days=self._settings.logs_days))
        await self._results.sweep()

    async def _pause(self) -> None:
        """Wait for the next round, less long when a worker reports something."""
        waits = asyncio.ensure_future(self._clock.sleep(self._settings.poll_s))
        stirred = asyncio.ensure_future(self._book.stirred.wait())
        try:
            await asyncio.wait((waits, stirred), return_when=asyncio.FIRST_COMPLETED)
        finally:
            waits.cancel()
            stirred.cancel()
        self._book.stirred.clear()
