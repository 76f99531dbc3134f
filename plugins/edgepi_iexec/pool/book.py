"""The pool's tasks, replicates and workers in memory; each change is on disk before it has consequences."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping

from edgepi_iexec.pool.choosing import busy
from edgepi_iexec.pool.model import ENDED, PoolTask, PoolWorker, Replicate
from edgepi_iexec.pool.store import Saved, Store, drop_worker, put_record
from edgepi_iexec.pool.writer import Statement

__all__ = ["Book", "Record"]

Record = PoolTask | Replicate | PoolWorker


class Book:
    """Changes apply at once, so that nobody decides on what was; `save` returns when they are on disk."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.tasks: dict[str, PoolTask] = {}
        self.workers: dict[str, PoolWorker] = {}
        self.meta: dict[str, str] = {}
        self.completed = 0
        self.figures: dict[str, int] = {}
        self.due: set[str] = set()
        self.stirred = asyncio.Event()
        self._replicates: dict[str, dict[str, Replicate]] = defaultdict(dict)
        self._of_wallet: dict[str, set[str]] = defaultdict(set)
        self._locks: dict[tuple[str, str], asyncio.Lock] = {}

    def load(self, saved: Saved) -> None:
        """Take over what the database knows."""
        self.meta, self.completed = dict(saved.meta), saved.completed
        self._apply((*saved.tasks, *saved.replicates, *saved.workers))
        self.due.update(self.tasks)

    def replicates(self, task_id: str) -> Mapping[str, Replicate]:
        """A task's replicates by wallet."""
        return self._replicates.get(task_id, {})

    def replicate(self, task_id: str, wallet: str) -> Replicate | None:
        """One worker's share in a task."""
        return self._replicates.get(task_id, {}).get(wallet)

    def of_wallet(self, wallet: str) -> tuple[Replicate, ...]:
        """A worker's shares in all tasks that are open."""
        return tuple(self._replicates[task_id][wallet] for task_id in sorted(self._of_wallet.get(wallet, ())))

    def computing(self, wallet: str) -> tuple[str, ...]:
        """Ids of the tasks that a worker has its hands full with."""
        return tuple(share.task_id for share in self.of_wallet(wallet) if busy(share))

    def open_replicates(self) -> Iterable[Replicate]:
        """All of all tasks."""
        for shares in tuple(self._replicates.values()):
            yield from tuple(shares.values())

    def lock(self, task_id: str, wallet: str) -> asyncio.Lock:
        """What holds one report of a worker about a task behind another."""
        return self._locks.setdefault((task_id, wallet), asyncio.Lock())

    async def save(self, *records: Record, statements: Iterable[Statement] = ()) -> None:
        """Apply changes and return when they are on disk; raises JournalError."""
        self._apply(records)
        await self.store.write(*map(put_record, records), *statements)

    async def dismiss(self, wallets: Iterable[str]) -> None:
        """Forget workers; raises JournalError."""
        gone = [wallet for wallet in wallets if self.workers.pop(wallet, None) is not None]
        await self.store.write(*map(drop_worker, gone))

    async def settle(self) -> None:
        """Return when all that was applied is on disk; raises JournalError."""
        if self.store.behind:
            await self.store.write()

    def stir(self, task_id: str) -> None:
        """Have a task looked at soon."""
        self.due.add(task_id)
        self.stirred.set()

    def retire(self, task_id: str) -> None:
        """Keep a task that nobody will speak of again on disk alone."""
        self.tasks.pop(task_id, None)
        for wallet in self._replicates.pop(task_id, {}):
            mine = self._of_wallet[wallet]
            mine.discard(task_id)
            if not mine:
                del self._of_wallet[wallet]
            self._locks.pop((task_id, wallet), None)
        self.due.discard(task_id)

    def _apply(self, records: Iterable[Record]) -> None:
        for record in records:
            if isinstance(record, PoolTask):
                before = self.tasks.get(record.task_id)
                if before is not None and before.stage not in ENDED and record.stage.value == "COMPLETED":
                    self.completed += 1
                self.tasks[record.task_id] = record
            elif isinstance(record, Replicate):
                self._replicates[record.task_id][record.wallet] = record
                self._of_wallet[record.wallet].add(record.task_id)
            else:
                self.workers[record.wallet] = record
