"""The job journal: what every job of every backend is and was, on disk before it matters."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from edgepi.compute.journal_file import JournalFile
from edgepi.errors import JournalError

__all__ = ["JobJournal", "JobRecord", "JobTotals", "StageEntry"]

T = TypeVar("T")
LOG_CHARS = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRecord:
    """One job as it stands; *data* is the backend's own, as JSON; *earned_nrlc* is set when it was paid.

    It is open until *ended_utc*; *outcome* then says how it ended in a word of the backend's.
    """

    job_id: str
    backend: str
    title: str
    stage: str
    created_utc: datetime
    updated_utc: datetime
    ended_utc: datetime | None = None
    outcome: str | None = None
    energy_wh: float = 0.0
    run_s: float = 0.0
    earned_nrlc: int = 0
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StageEntry:
    """When a job came to a stage."""

    stage: str
    time_utc: datetime


@dataclass(frozen=True, slots=True)
class JobTotals:
    """Sums over all jobs that ever ended, also over those whose records are gone."""

    jobs: int
    paid_jobs: int
    energy_wh: float
    run_s: float
    earned_nrlc: int


class JobJournal:
    """A file of jobs with one thread of its own; use it between `open` and `close`.

    Every method raises JournalError when the file cannot be written or read.
    """

    def __init__(
        self, path: Path, *, log: logging.Logger | None = None, keep: int = 2000, keep_logs: int = 200
    ) -> None:
        self._log = log or logging.getLogger("edgepi.compute")
        self._file = JournalFile(path, keep=keep, keep_logs=keep_logs)
        self._thread: ThreadPoolExecutor | None = None

    async def open(self) -> None:
        """Open the file, or make it; one that is damaged is kept aside and a new one begun."""
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="job journal")
        try:
            aside = await self._do(self._file.open)
        except BaseException:
            await self.close()
            raise
        if aside is not None:
            self._log.error("the job journal was damaged; it is kept as %s and a new one is begun", aside)

    async def put(self, record: JobRecord) -> None:
        """Write a job as it stands now; on disk when this returns."""
        await self._do(self._file.put, _row(record), _ms(record.updated_utc))

    async def get(self, job_id: str) -> JobRecord | None:
        """Look a job up."""
        rows = await self._do(self._file.rows, "WHERE job_id = ?", (job_id,))
        return _record(rows[0]) if rows else None

    async def open_jobs(self, backend: str) -> tuple[JobRecord, ...]:
        """List what a backend has begun and not ended, oldest first."""
        where = "WHERE backend = ? AND ended_ms IS NULL ORDER BY created_ms, job_id"
        return tuple(map(_record, await self._do(self._file.rows, where, (backend,))))

    async def history(self, limit: int = 50, backend: str | None = None) -> tuple[JobRecord, ...]:
        """List jobs, newest first, also those that have not ended."""
        where, given = ("WHERE backend = ?", (backend,)) if backend else ("", ())
        order = f"{where} ORDER BY created_ms DESC, job_id LIMIT ?"
        return tuple(map(_record, await self._do(self._file.rows, order, (*given, limit))))

    async def stages(self, job_id: str) -> tuple[StageEntry, ...]:
        """List the stages that a job went through."""
        rows = await self._do(self._file.stages, job_id)
        return tuple(StageEntry(stage, _utc(ms)) for stage, ms in rows)

    async def write_logs(self, job_id: str, stdout: str, stderr: str) -> None:
        """Keep the last that a job said; what is no text is left out of it."""
        await self._do(self._file.write_logs, job_id, _readable(stdout), _readable(stderr))

    async def logs(self, job_id: str) -> tuple[str, str] | None:
        """Return what a job said: standard output and error."""
        found: tuple[str, str] | None = await self._do(self._file.logs, job_id)
        return found

    async def totals(self, backend: str | None = None) -> JobTotals:
        """Sum up what was done and earned."""
        return JobTotals(*(await self._do(self._file.totals, backend)))

    async def close(self) -> None:
        """Let go of the file."""
        if self._thread is not None:
            await self._do(self._file.close)
            thread, self._thread = self._thread, None
            await asyncio.to_thread(thread.shutdown)

    async def _do(self, act: Callable[..., T], *arguments: Any) -> T:
        if self._thread is None:
            raise JournalError("the job journal is not open")
        return await asyncio.get_running_loop().run_in_executor(self._thread, act, *arguments)


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def _utc(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)


def _row(record: JobRecord) -> tuple[Any, ...]:
    try:
        data = json.dumps(dict(record.data), separators=(",", ":"))
    except (TypeError, ValueError) as error:
        raise JournalError(f"job {record.job_id}: its data does not fit into JSON: {error}") from error
    return (
        record.job_id,
        record.backend,
        record.title,
        record.stage,
        _ms(record.created_utc),
        _ms(record.updated_utc),
        None if record.ended_utc is None else _ms(record.ended_utc),
        record.outcome,
        record.energy_wh,
        record.run_s,
        record.earned_nrlc,
        data,
    )


def _record(row: tuple[Any, ...]) -> JobRecord:
    return JobRecord(
        job_id=row[0],
        backend=row[1],
        title=row[2],
        stage=row[3],
        created_utc=_utc(row[4]),
        updated_utc=_utc(row[5]),
        ended_utc=None if row[6] is None else _utc(row[6]),
        outcome=row[7],
        energy_wh=row[8],
        run_s=row[9],
        earned_nrlc=row[10],
        data=json.loads(row[11]),
    )


def _readable(text: str) -> str:
    """Take out what could move a terminal's cursor or break a page: a stranger wrote this."""
    kept = "".join(c for c in text[-LOG_CHARS:] if c in "\n\t" or c.isprintable())
    return kept.encode("utf-8", "replace").decode()
