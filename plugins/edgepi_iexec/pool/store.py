"""What a pool must know after a power cut: tasks, replicates, workers, logs, results, where it stood."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from edgepi_iexec.pool import codec
from edgepi_iexec.pool.model import ENDED, PoolTask, PoolWorker, Replicate
from edgepi_iexec.pool.writer import Statement, Writer

__all__ = [
    "KnownDeal",
    "Logs",
    "Saved",
    "Store",
    "StoredResult",
    "drop_result",
    "drop_worker",
    "put_deal",
    "put_logs",
    "put_meta",
    "put_record",
    "put_result",
]

Record = PoolTask | Replicate | PoolWorker

SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tasks (
    task_id TEXT PRIMARY KEY, ended INTEGER NOT NULL, final_utc REAL NOT NULL, record TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS replicates (
    task_id TEXT NOT NULL, wallet TEXT NOT NULL, record TEXT NOT NULL, PRIMARY KEY (task_id, wallet)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS deals (
    deal_id TEXT PRIMARY KEY, block INTEGER NOT NULL, next TEXT NOT NULL, stop TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS workers (wallet TEXT PRIMARY KEY, record TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS logs (
    task_id TEXT NOT NULL, wallet TEXT NOT NULL, at_utc REAL NOT NULL, stdout TEXT NOT NULL,
    stderr TEXT NOT NULL, PRIMARY KEY (task_id, wallet)
);
CREATE TABLE IF NOT EXISTS results (
    task_id TEXT NOT NULL, wallet TEXT NOT NULL, cid TEXT NOT NULL, bytes INTEGER NOT NULL,
    at_utc REAL NOT NULL, digest TEXT NOT NULL, verified INTEGER NOT NULL, PRIMARY KEY (task_id, wallet)
) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class StoredResult:
    """A zip in the store; *verified* when its digest is one that the chain knows."""

    task_id: str
    wallet: str
    cid: str
    size_bytes: int
    at_utc: datetime
    digest: str
    verified: bool


@dataclass(frozen=True, slots=True)
class KnownDeal:
    """A deal of the pool's; tasks from *next_index* to before *stop_index* are still to be recorded."""

    deal_id: str
    block_number: int
    next_index: int
    stop_index: int


@dataclass(frozen=True, slots=True)
class Logs:
    """What a worker's container wrote."""

    wallet: str
    stdout: str
    stderr: str


@dataclass(frozen=True, slots=True)
class Saved:
    """All that is loaded at start: what may still change."""

    meta: dict[str, str]
    tasks: tuple[PoolTask, ...]
    replicates: tuple[Replicate, ...]
    workers: tuple[PoolWorker, ...]
    completed: int


def put_record(record: Record) -> Statement:
    """Write a task, replicate or worker."""
    text = codec.to_text(record)
    if isinstance(record, PoolTask):
        final = record.final_deadline_utc.timestamp()
        values = (record.task_id, int(record.stage in ENDED), final, text)
        return "INSERT OR REPLACE INTO tasks VALUES (?, ?, ?, ?)", values
    if isinstance(record, Replicate):
        values_ = (record.task_id, record.wallet, text)
        return "INSERT OR REPLACE INTO replicates VALUES (?, ?, ?)", values_
    return "INSERT OR REPLACE INTO workers VALUES (?, ?)", (record.wallet, text)


def put_meta(key: str, value: str) -> Statement:
    """Write one value by its name."""
    return "INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value)


def put_deal(deal: KnownDeal) -> Statement:
    """Write how far a deal's tasks are recorded; indices may be beyond what SQLite calls an integer."""
    values = (deal.deal_id, deal.block_number, str(deal.next_index), str(deal.stop_index))
    return "INSERT OR REPLACE INTO deals VALUES (?, ?, ?, ?)", values


def put_logs(task_id: str, logs: Logs, at_utc: datetime) -> Statement:
    """Write what a container said."""
    values = (task_id, logs.wallet, at_utc.timestamp(), logs.stdout, logs.stderr)
    return "INSERT OR REPLACE INTO logs VALUES (?, ?, ?, ?, ?)", values


def put_result(result: StoredResult) -> Statement:
    """Write that a result is in the store."""
    values = (
        result.task_id,
        result.wallet,
        result.cid,
        result.size_bytes,
        result.at_utc.timestamp(),
        result.digest,
        int(result.verified),
    )
    return "INSERT OR REPLACE INTO results VALUES (?, ?, ?, ?, ?, ?, ?)", values


def drop_worker(wallet: str) -> Statement:
    """Forget a worker."""
    return "DELETE FROM workers WHERE wallet = ?", (wallet,)


def drop_result(result: StoredResult) -> Statement:
    """Forget a result."""
    return "DELETE FROM results WHERE task_id = ? AND wallet = ?", (result.task_id, result.wallet)


class Store:
    """The database in the pool's state folder."""

    def __init__(self, path: Path) -> None:
        self._writer = Writer(path, SCHEMA)

    @property
    def behind(self) -> bool:
        """Whether the disk refused something that is still to be written."""
        return self._writer.behind

    async def open(self) -> Saved:
        """Open it and return what may still change; raises JournalError."""
        await self._writer.open()
        read = self._writer.read
        meta = {str(key): str(value) for key, value in await read("SELECT key, value FROM meta")}
        chain_time = (float(meta.get("chain_time", "inf")),)
        tasks = await read("SELECT record FROM tasks WHERE NOT ended OR final_utc > ?", chain_time)
        replicates = await read(
            "SELECT record FROM replicates WHERE task_id IN "
            "(SELECT task_id FROM tasks WHERE NOT ended OR final_utc > ?)",
            chain_time,
        )
        workers = await read("SELECT record FROM workers")
        completed = """SELECT count(*) FROM tasks WHERE ended AND record LIKE '%"COMPLETED"%'"""
        return Saved(
            meta,
            tuple(codec.read_task(row[0]) for row in tasks),
            tuple(codec.read_replicate(row[0]) for row in replicates),
            tuple(codec.read_worker(row[0]) for row in workers),
            (await read(completed))[0][0],
        )

    async def write(self, *statements: Statement) -> None:
        """Return when these and all before them are on disk; raises JournalError."""
        await self._writer.write(statements)

    async def close(self) -> None:
        """Write what waits and let go of the file."""
        await self._writer.close()

    async def task(self, task_id: str) -> tuple[PoolTask, tuple[Replicate, ...]] | None:
        """A task, also one that has ended."""
        rows = await self._writer.read("SELECT record FROM tasks WHERE task_id = ?", (task_id,))
        if not rows:
            return None
        shares = await self._writer.read("SELECT record FROM replicates WHERE task_id = ?", (task_id,))
        return codec.read_task(rows[0][0]), tuple(codec.read_replicate(row[0]) for row in shares)

    async def knows_deal(self, deal_id: str) -> bool:
        """Whether a deal has been seen."""
        return bool(await self._writer.read("SELECT 1 FROM deals WHERE deal_id = ?", (deal_id,)))

    async def unfinished_deals(self, most: int) -> tuple[KnownDeal, ...]:
        """Deals with tasks that are not recorded yet, oldest first."""
        rows = await self._writer.read(
            "SELECT deal_id, block, next, stop FROM deals WHERE next != stop ORDER BY block LIMIT ?", (most,)
        )
        return tuple(KnownDeal(row[0], row[1], int(row[2]), int(row[3])) for row in rows)

    async def logs(self, task_id: str) -> tuple[Logs, ...]:
        """What the containers of a task wrote."""
        rows = await self._writer.read(
            "SELECT wallet, stdout, stderr FROM logs WHERE task_id = ?", (task_id,)
        )
        return tuple(Logs(*row) for row in rows)

    async def drop_logs(self, before_utc: datetime) -> None:
        """Forget what is older."""
        await self.write(("DELETE FROM logs WHERE at_utc < ?", (before_utc.timestamp(),)))

    async def ended(self, task_ids: tuple[str, ...]) -> frozenset[str]:
        """Which of these tasks have ended, or are not known."""
        rows = await self._writer.read("SELECT task_id FROM tasks WHERE NOT ended")
        return frozenset(task_ids) - {row[0] for row in rows}

    async def results(self) -> tuple[StoredResult, ...]:
        """All that are in the store, oldest first."""
        rows = await self._writer.read(
            "SELECT task_id, wallet, cid, bytes, at_utc, digest, verified FROM results ORDER BY at_utc"
        )
        return tuple(_result(row) for row in rows)


def _result(row: tuple[str, str, str, int, float, str, int]) -> StoredResult:
    task_id, wallet, cid, size, at_s, digest, verified = row
    return StoredResult(task_id, wallet, cid, size, datetime.fromtimestamp(at_s, UTC), digest, bool(verified))
