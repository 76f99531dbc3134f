"""Finds the pool's deals on the chain, batch by batch, and records their tasks."""

from __future__ import annotations

import logging

from edgepi.clock import Clock
from edgepi.errors import ChainError
from edgepi_iexec.chain.interface import Chain
from edgepi_iexec.chain.model import Block, Deal
from edgepi_iexec.pool.book import Book
from edgepi_iexec.pool.model import ENDED, PoolTask, Stage, StageChange
from edgepi_iexec.pool.settings import PoolSettings
from edgepi_iexec.pool.store import KnownDeal, put_deal, put_meta
from edgepi_iexec.protocol.ids import task_id
from edgepi_iexec.protocol.rules import deadlines
from edgepi_iexec.protocol.tags import needs_tee

__all__ = ["Deals"]

MOST_OPEN = 500
_SLICE = 100
_PARAMS_CHARS = 64 * 1024
_FIGURES = ("dealEventsCount", "dealsCount", "replayDealsCount", "latestBlockNumberWithDeal")


class Deals:
    """The last block read is kept; some blocks before it are read again, for the chain may have reorganised.

    Tasks of a large deal are recorded as others end, so that no deal is too large.
    """

    def __init__(
        self, settings: PoolSettings, book: Book, chain: Chain, clock: Clock, log: logging.Logger
    ) -> None:
        self._settings = settings
        self._book = book
        self._chain = chain
        self._clock = clock
        self._log = log
        self._seen: set[str] = set()
        self._looked = -1
        self._figures = dict.fromkeys(_FIGURES, 0)
        book.figures = self._figures

    async def look(self, latest: Block) -> None:
        """Read up to *latest*; raises ChainError, JournalError."""
        if latest.number == self._looked:
            return
        last = int(self._book.meta.get("last_block", -1))
        if last < 0:
            last = (latest.number if self._settings.start_block is None else self._settings.start_block) - 1
        start = max(0, last + 1 - self._settings.depth_blocks)
        if self._settings.start_block is not None:
            start = max(start, self._settings.start_block)
        while start <= latest.number:
            stop = min(start + self._settings.batch_blocks - 1, latest.number)
            await self._read(start, stop, latest)
            start = stop + 1
        self._looked = latest.number

    async def record(self) -> None:
        """Record tasks of deals that are not all recorded, while there is room."""
        room = MOST_OPEN - sum(task.stage not in ENDED for task in self._book.tasks.values())
        for deal in await self._book.store.unfinished_deals(_SLICE):
            if room <= 0:
                return
            room -= await self._record(deal, min(room, _SLICE))

    async def _read(self, start: int, stop: int, latest: Block) -> None:
        pool = self._settings.pool_address
        for event in await self._chain.events(
            "SchedulerNotice", from_block=start, to_block=stop, topics=(pool,)
        ):
            deal_id = str(event.arguments["dealid"]).lower()
            if deal_id in self._seen:
                continue
            known = await self._book.store.knows_deal(deal_id)
            if not known:
                await self._take(deal_id, event.block_number)
            self._seen.add(deal_id)
            self._figures["replayDealsCount" if known else "dealsCount"] += 1
            self._figures["dealEventsCount"] += 1
            self._figures["latestBlockNumberWithDeal"] = event.block_number
        meta = {"last_block": str(stop), "chain_time": str(latest.time_utc.timestamp())}
        if stop > int(self._book.meta.get("last_block", -1)):
            self._book.meta.update(meta)
            await self._book.store.write(*(put_meta(key, value) for key, value in meta.items()))

    async def _take(self, deal_id: str, block_number: int) -> None:
        deal = await self._chain.deal(deal_id)
        if deal.workerpool.pointer != self._settings.pool_address:
            raise ChainError(f"the chain's node does not know deal {deal_id} yet")
        if needs_tee(deal.tag):
            self._log.info("deal %s needs an enclave: nobody here has one", deal_id)
            return
        known = KnownDeal(deal_id, block_number, deal.bot_first, deal.bot_first + deal.bot_size)
        await self._book.store.write(put_deal(known))

    async def _record(self, known: KnownDeal, most: int) -> int:
        deal = await self._chain.deal(known.deal_id)
        stop = min(known.next_index + most, known.stop_index)
        if deal.workerpool.pointer != self._settings.pool_address:
            return 0  # the chain reorganised and may bring it again
        category = await self._chain.category(deal.category)
        app = await self._chain.app(deal.app.pointer)
        tasks = [
            self._task(deal, index, known.block_number, app.image, category.time_ref_s)
            for index in range(known.next_index, stop)
        ]
        after = KnownDeal(known.deal_id, known.block_number, stop, known.stop_index)
        await self._book.save(*tasks, statements=[put_deal(after)])
        for task in tasks:
            self._book.stir(task.task_id)
        self._log.info("%d task(s) of deal %s", len(tasks), known.deal_id)
        return len(tasks)

    def _task(self, deal: Deal, index: int, block: int, image: str, time_ref_s: int) -> PoolTask:
        until = deadlines(deal.start_utc, time_ref_s)
        return PoolTask(
            task_id=task_id(deal.deal_id, index),
            deal_id=deal.deal_id,
            index=index,
            deal_block=block,
            image=image,
            params=deal.params[:_PARAMS_CHARS],
            tag=deal.tag,
            trust=deal.trust,
            category=deal.category,
            time_ref_s=time_ref_s,
            requester=deal.requester,
            beneficiary=deal.beneficiary,
            callback=deal.callback,
            worker_stake_nrlc=deal.worker_stake_nrlc,
            contribution_deadline_utc=until.contribution_utc,
            final_deadline_utc=until.final_utc,
            stages=(StageChange(Stage.RECEIVED, self._clock.now()),),
        )
