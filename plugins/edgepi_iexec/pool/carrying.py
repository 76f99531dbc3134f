"""Carries out what follows for a task: records first, then notifications, then the transaction."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from datetime import timedelta

from edgepi.clock import Clock
from edgepi.errors import EdgePiError
from edgepi_iexec.chain.interface import Chain
from edgepi_iexec.chain.model import Block, Contribution, Task, TaskStatus
from edgepi_iexec.pool.book import Book, Record
from edgepi_iexec.pool.broker import Broker
from edgepi_iexec.pool.detecting import advance, is_over
from edgepi_iexec.pool.model import PoolTask
from edgepi_iexec.pool.notices import notices
from edgepi_iexec.pool.presence import Presence
from edgepi_iexec.pool.results import ResultStore
from edgepi_iexec.pool.settings import PoolSettings
from edgepi_iexec.pool.stepping import Patience, Step, Transaction, View
from edgepi_iexec.protocol.links import result_link

__all__ = ["Carrier"]

_STEPS = 12


class Carrier:
    """Takes one task on as far as it goes; transactions run beside, one to each task."""

    def __init__(
        self,
        settings: PoolSettings,
        book: Book,
        chain: Chain,
        *,
        broker: Broker,
        results: ResultStore,
        presence: Presence,
        clock: Clock,
        log: logging.Logger,
    ) -> None:
        self._settings = settings
        self._book = book
        self._chain = chain
        self._broker = broker
        self._results = results
        self._presence = presence
        self._clock = clock
        self._log = log
        self._sending: dict[str, asyncio.Task[None]] = {}
        self._reminded_s: dict[str, float] = {}
        self._patience = Patience(
            unreported=timedelta(seconds=settings.unreported_s),
            upload=timedelta(seconds=settings.upload_wait_s),
            claim=settings.claim,
        )

    async def attend(self, task_id: str, block: Block) -> None:
        """Look at a task and do what follows; raises ChainError, JournalError."""
        task = self._book.tasks.get(task_id)
        if task is None or task_id in self._sending:
            return  # what came of a transaction is looked at when it has come
        if is_over(task, self._book.replicates(task_id).values(), block.time_utc):
            self._book.retire(task_id)
            self._reminded_s.pop(task_id, None)
            return
        chain = await self._chain.task(task_id)
        contributions = await self._contributions(chain)
        consensus_block = await self._consensus_block(task, chain, block)
        deal_exists = chain.status is not TaskStatus.UNSET or await self._deal_exists(task)
        for _ in range(_STEPS):
            task = self._book.tasks[task_id]
            view = View(
                block=block,
                now_utc=self._clock.now(),
                chain=chain,
                contributions=contributions,
                shares=self._book.replicates(task_id),
                deal_exists=deal_exists,
                surplus=self._surplus(task_id),
                stored_link=self._stored_link(task),
                consensus_block=consensus_block,
            )
            step = advance(task, view, self._patience)
            if not step or await self._carry(task, step):
                break
        self._remind(task_id)

    async def _carry(self, task: PoolTask, step: Step) -> bool:
        """Return whether that was all for now."""
        records: list[Record] = [*([] if step.task is None else [step.task]), *step.shares]
        if records:
            await self._book.save(*records)
            now = self._book.tasks[task.task_id]
            self._log.info("task %s: %s", task.task_id, now.stage)
            self.announce(task.task_id)
        if step.transaction is not None:
            self._send(self._book.tasks[task.task_id], step.transaction)
        return step.transaction is not None

    def announce(self, task_id: str) -> None:
        """Say to a task's workers what they should hear now."""
        self._reminded_s[task_id] = self._clock.monotonic()
        for notification in notices(self._book.tasks[task_id], self._book.replicates(task_id)):
            self._broker.publish(notification)

    def _remind(self, task_id: str) -> None:
        said_s = self._reminded_s.setdefault(task_id, self._clock.monotonic())
        if task_id in self._book.tasks and self._clock.monotonic() - said_s >= self._settings.remind_s:
            self.announce(task_id)

    async def _contributions(self, chain: Task) -> Mapping[str, Contribution]:
        return {who: await self._chain.contribution(chain.task_id, who) for who in chain.contributors}

    async def _consensus_block(self, task: PoolTask, chain: Task, block: Block) -> int:
        if chain.status is not TaskStatus.REVEALING or task.consensus == chain.consensus:
            return task.consensus_block
        start, size = max(task.init_block, task.deal_block), self._settings.batch_blocks
        stop = block.number
        while stop >= start:  # the latest is the one that counts, after a reopening
            found = await self._chain.events(
                "TaskConsensus", from_block=max(start, stop - size + 1), to_block=stop, topics=(task.task_id,)
            )
            if found:
                return found[-1].block_number
            stop -= size
        return 0

    async def _deal_exists(self, task: PoolTask) -> bool:
        deal = await self._chain.deal(task.deal_id)
        return deal.workerpool.pointer == self._settings.pool_address

    def _surplus(self, task_id: str) -> dict[str, float]:
        wallets = self._book.replicates(task_id)
        return {each: self._presence.asker(each).surplus for each in wallets if self._presence.alive(each)}

    def _stored_link(self, task: PoolTask) -> str:
        kept = self._results.verified(task.task_id)
        return "" if kept is None else result_link(f"/ipfs/{kept.cid}")

    def _send(self, task: PoolTask, transaction: Transaction) -> None:
        if task.task_id not in self._sending:
            sending = asyncio.create_task(self._transact(task, transaction))
            self._sending[task.task_id] = sending

    async def _transact(self, task: PoolTask, transaction: Transaction) -> None:
        try:
            receipt = await self._call(task, transaction)
        except EdgePiError as error:
            self._log.warning("task %s: could not %s: %s", task.task_id, transaction, error)
        except Exception:  # noqa: BLE001 (one task must not end the pool)
            self._log.exception("task %s: could not %s", task.task_id, transaction)
        else:
            self._log.info("task %s: %s in block %d", task.task_id, transaction, receipt)
            self._book.stir(task.task_id)
        finally:
            del self._sending[task.task_id]

    async def _call(self, task: PoolTask, transaction: Transaction) -> int:
        chain = self._chain
        if transaction is Transaction.INITIALIZE:
            receipt = await chain.initialize(task.deal_id, task.index)
        elif transaction is Transaction.FINALIZE:
            data = bytes.fromhex(task.callback_data.removeprefix("0x"))
            receipt = await chain.finalize(task.task_id, task.result_link.encode(), data)
        elif transaction is Transaction.REOPEN:
            receipt = await chain.reopen(task.task_id)
        elif transaction is Transaction.CLAIM:
            receipt = await chain.claim(task.task_id)
        else:
            receipt = await chain.initialize_and_claim(task.deal_id, task.index)
        return receipt.block_number

    async def drain(self) -> None:
        """Let go of transactions that wait for their receipts: the chain tells later what became of them."""
        sending = tuple(self._sending.values())
        for each in sending:
            each.cancel()
        await asyncio.gather(*sending, return_exceptions=True)
