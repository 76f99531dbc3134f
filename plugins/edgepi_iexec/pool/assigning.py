"""Gives tasks to workers that ask: chosen, checked on the chain, signed, on disk, then handed out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import islice

from edgepi.clock import Clock
from edgepi_iexec.chain.interface import Chain
from edgepi_iexec.chain.model import ZERO_ADDRESS, Block
from edgepi_iexec.pool.book import Book
from edgepi_iexec.pool.choosing import stands_back, wants_workers
from edgepi_iexec.pool.model import PoolTask, PoolWorker, Replicate, StatusChange
from edgepi_iexec.pool.presence import Presence
from edgepi_iexec.pool.settings import PoolSettings
from edgepi_iexec.pool.wanting import Wanting
from edgepi_iexec.protocol.authorization import authorization_hash
from edgepi_iexec.protocol.models import ReplicateTaskSummary, WorkerpoolAuthorization
from edgepi_iexec.protocol.rules import weight_of
from edgepi_iexec.protocol.statuses import ReplicateStatus

__all__ = ["Assigning"]

_GAS = 1_000_000
_CHECKED_S = 60.0
_MOST_CHECKED = 50_000
_EARLY_S = 0.5
_LOOKED_AT = 20
_PATIENCE_PERIODS = 1.6  # how many periods a task waits for a worker with more energy to spare


class Assigning:
    """`wanting` is empty most of the time; then an ask costs next to nothing."""

    def __init__(
        self, settings: PoolSettings, book: Book, chain: Chain, presence: Presence, clock: Clock
    ) -> None:
        self._settings = settings
        self._book = book
        self._chain = chain
        self._presence = presence
        self._clock = clock
        self._wanting = Wanting()
        self._given: set[str] = set()
        self._able: dict[str, tuple[float, bool, int, int]] = {}
        self.block = Block(0, datetime.fromtimestamp(0, clock.now().tzinfo))
        self.reachable = True

    def review(self, *task_ids: str) -> None:
        """Find out which of these tasks, or of all, want workers."""
        now_s, now_utc = self._clock.monotonic(), self._clock.now()
        for task_id in task_ids or tuple({*self._book.tasks, *self._wanting.ids()}):
            task = self._book.tasks.get(task_id)
            shares = self._book.replicates(task_id)
            if task is not None and wants_workers(task, shares, now_utc, self.block.time_utc):
                self._wanting.put(task, now_s)
            else:
                self._wanting.drop(task_id)

    def ask(self, wallet: str, headers: Mapping[str, str], block_number: int) -> bool:
        """Take note of an ask; False when there is certainly nothing for it."""
        in_time = self._presence.asks(wallet, headers, self._settings.ask_s - _EARLY_S)
        return in_time and block_number > 0 and bool(self._wanting)

    async def assign(self, wallet: str) -> ReplicateTaskSummary | None:
        """Return a task for this worker, or None; raises ChainError, JournalError.

        A task that is dearer than the worker's stake is left to others: it holds up none behind it.
        """
        worker = self._book.workers.get(wallet)
        if worker is None or not self._free(wallet) or next(self._candidates(worker), None) is None:
            return None
        gas, stake_nrlc, weight = await self._means(wallet)
        if not gas:
            return None
        payable = (t for t in self._candidates(worker) if t.worker_stake_nrlc <= stake_nrlc)
        looked_at = tuple(islice(payable, _LOOKED_AT))
        for task in looked_at:
            self.review(task.task_id)
            if task.task_id in self._wanting and not self._stands_back(task, wallet):
                return await self._give(task, wallet, weight)
        if looked_at:
            self._presence.passed(wallet, over=True)
        return None

    def _free(self, wallet: str) -> bool:
        worker = self._book.workers.get(wallet)
        return worker is not None and len(self._book.computing(wallet)) < worker.most_tasks

    def _candidates(self, worker: PoolWorker) -> Iterator[PoolTask]:
        for task in self._wanting.in_order(gpu=worker.gpu):
            if task.task_id not in self._given and worker.wallet not in self._book.replicates(task.task_id):
                yield task

    def _stands_back(self, task: PoolTask, wallet: str) -> bool:
        return stands_back(
            self._presence.asker(wallet),
            self._presence.ranking(self._free),
            self._book.replicates(task.task_id),
            waited_s=self._clock.monotonic() - self._wanting.since_s(task.task_id),
            patience_s=_PATIENCE_PERIODS * self._settings.ask_s,
        )

    async def _give(self, task: PoolTask, wallet: str, weight: int) -> ReplicateTaskSummary | None:
        """Nobody else is given the task meanwhile."""
        self._given.add(task.task_id)
        try:
            digest = authorization_hash(wallet, task.task_id, ZERO_ADDRESS)
            authorization = WorkerpoolAuthorization(
                task_id=task.task_id,
                deal_id=task.deal_id,
                task_index=task.index,
                worker=wallet,
                enclave_challenge=ZERO_ADDRESS,
                signature=await self._chain.sign_personal(digest),
            )
            if not self._still_wanted(task.task_id, wallet):
                return None
            await self._keep(authorization, weight)
        finally:
            self._given.discard(task.task_id)
        self._presence.passed(wallet, over=False)
        return ReplicateTaskSummary(authorization=authorization, sms_url=None)

    def _still_wanted(self, task_id: str, wallet: str) -> bool:
        self.review(task_id)
        return task_id in self._wanting and self._free(wallet)

    async def _keep(self, authorization: WorkerpoolAuthorization, weight: int) -> None:
        created = StatusChange(ReplicateStatus.CREATED, self._clock.now(), by_pool=True)
        share = Replicate(
            task_id=authorization.task_id,
            wallet=authorization.worker,
            history=(created,),
            authorization=json.dumps(authorization.to_json(), separators=(",", ":")),
            weight=weight,
        )
        await self._book.save(share)
        self.review(share.task_id)

    async def _means(self, wallet: str) -> tuple[bool, int, int]:
        """Whether a worker has gas, what it may stake, and what it weighs; asked once a minute."""
        now_s = self._clock.monotonic()
        known = self._able.get(wallet)
        if known is not None and known[0] > now_s:
            return known[1:]
        gas = self._settings.sidechain or await self._has_gas(wallet)
        account = await self._chain.account(wallet)
        weight = weight_of(await self._chain.score(wallet))
        if len(self._able) > _MOST_CHECKED:
            self._able.clear()
        lasts_s = _CHECKED_S if gas else _CHECKED_S / 4
        self._able[wallet] = (now_s + lasts_s, gas, account.stake_nrlc, weight)
        return gas, account.stake_nrlc, weight

    async def _has_gas(self, wallet: str) -> bool:
        cap_wei = self._settings.gas_price_cap_wei
        return await self._chain.balance_wei(wallet) >= _GAS * cap_wei
