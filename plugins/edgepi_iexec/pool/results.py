"""The result store: zips under the names that IPFS would give them, within a quota."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from datetime import timedelta
from pathlib import Path

from edgepi.clock import Clock
from edgepi.errors import RequestError
from edgepi.files import sync_directory
from edgepi_iexec.pool.settings import PoolSettings
from edgepi_iexec.pool.store import Store, StoredResult, drop_result, put_result
from edgepi_iexec.protocol.cid import cid_of_file, is_cid

__all__ = ["ResultStore"]


class ResultStore:
    """Files in *folder*; what is in it is known from the database."""

    def __init__(self, settings: PoolSettings, store: Store, clock: Clock) -> None:
        self._settings = settings
        self._store = store
        self._clock = clock
        self.folder = settings.state_dir / "results"
        self.incoming = settings.state_dir / "incoming"
        self._kept: dict[tuple[str, str], StoredResult] = {}
        self._of_task: dict[str, set[str]] = defaultdict(set)
        self._adding = asyncio.Lock()

    async def open(self) -> None:
        """Read what is kept; remove what was cut off while it came in."""
        for result in await self._store.results():
            self._note(result)
        names = {result.cid for result in self._kept.values()}
        await asyncio.to_thread(_prepare, self.folder, self.incoming, names)

    @property
    def used_bytes(self) -> int:
        """What all results take."""
        return sum({one.cid: one.size_bytes for one in self._kept.values()}.values())

    def of(self, task_id: str, wallet: str) -> StoredResult | None:
        """What a worker uploaded for a task."""
        return self._kept.get((task_id, wallet))

    def verified(self, task_id: str) -> StoredResult | None:
        """A result of a task whose digest the chain knows."""
        found = (self._kept[task_id, wallet] for wallet in sorted(self._of_task.get(task_id, ())))
        return next((one for one in found if one.verified), None)

    def has(self, task_id: str, cid: str) -> bool:
        """Whether a task has a verified result of this name."""
        found = (self._kept[task_id, wallet] for wallet in self._of_task.get(task_id, ()))
        return any(one.cid == cid and one.verified for one in found)

    def path(self, cid: str) -> Path | None:
        """The file of a name that IPFS could have given; it may not be there."""
        return self.folder / cid if is_cid(cid) else None

    async def add(
        self, draft: Path, task_id: str, wallet: str, digest: str, *, verified: bool
    ) -> StoredResult:
        """Move a checked zip into the store; raises RequestError when it is full, OSError."""
        async with self._adding:
            size = (await asyncio.to_thread(draft.stat)).st_size
            await self._make_room(size)
            cid = await asyncio.to_thread(_keep, draft, self.folder)
            result = StoredResult(task_id, wallet, cid, size, self._clock.now(), digest, verified)
            self._note(result)
            await self._store.write(put_result(result))
            return result

    async def _make_room(self, size_bytes: int) -> None:
        quota = self._settings.limits.results_quota_bytes
        for old in await self._old():
            if self.used_bytes + size_bytes <= quota:
                break
            await self._drop(old)
        if self.used_bytes + size_bytes > quota:
            raise RequestError(
                "the pool's result store is full", hint="raise its quota or fetch results sooner"
            )

    async def sweep(self) -> None:
        """Drop results that have had their time."""
        before = self._clock.now() - timedelta(days=self._settings.results_days)
        async with self._adding:
            for old in await self._old():
                if old.at_utc < before:
                    await self._drop(old)

    async def _old(self) -> list[StoredResult]:
        """Results of tasks that have ended, the oldest first."""
        ended = await self._store.ended(tuple({task_id for task_id, _ in self._kept}))
        old = [one for one in self._kept.values() if one.task_id in ended]
        return sorted(old, key=lambda one: one.at_utc)

    async def _drop(self, result: StoredResult) -> None:
        del self._kept[result.task_id, result.wallet]
        self._of_task[result.task_id].discard(result.wallet)
        if not self._of_task[result.task_id]:
            del self._of_task[result.task_id]
        await self._store.write(drop_result(result))
        if all(one.cid != result.cid for one in self._kept.values()):
            await asyncio.to_thread((self.folder / result.cid).unlink, missing_ok=True)

    def _note(self, result: StoredResult) -> None:
        self._kept[result.task_id, result.wallet] = result
        self._of_task[result.task_id].add(result.wallet)


def _prepare(folder: Path, incoming: Path, names: set[str]) -> None:
    for each in (folder, incoming):
        each.mkdir(mode=0o700, parents=True, exist_ok=True)
    for file in incoming.iterdir():
        file.unlink()
    for file in folder.iterdir():
        if file.name not in names:
            file.unlink()


def _keep(draft: Path, folder: Path) -> str:
    cid = cid_of_file(draft)
    draft.replace(folder / cid)
    sync_directory(folder)
    return cid
