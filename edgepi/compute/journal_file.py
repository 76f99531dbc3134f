"""The journal's SQLite file; every call blocks and all come from one thread.

A write is in the file itself when it returns: a rollback journal with full syncs writes each page twice
and no log that must be folded in later, which for the handful of writes of a job wears a card least.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from edgepi.errors import JournalError
from edgepi.files import sync_directory

__all__ = ["JournalFile"]

VERSION = 1
_COLUMNS = (
    "job_id, backend, title, stage, created_ms, updated_ms, ended_ms, outcome, energy_wh, run_s,"
    " earned_nrlc, data"
)
_SCHEMA = """
CREATE TABLE job (
    job_id TEXT PRIMARY KEY, backend TEXT NOT NULL, title TEXT NOT NULL, stage TEXT NOT NULL,
    created_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL, ended_ms INTEGER, outcome TEXT,
    energy_wh REAL NOT NULL, run_s REAL NOT NULL, earned_nrlc INTEGER NOT NULL, data TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE stage (job_id TEXT NOT NULL, number INTEGER NOT NULL, stage TEXT NOT NULL, ms INTEGER NOT NULL,
    PRIMARY KEY (job_id, number)) WITHOUT ROWID;
CREATE TABLE log (job_id TEXT PRIMARY KEY, stdout TEXT NOT NULL, stderr TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE past (backend TEXT PRIMARY KEY, jobs INTEGER NOT NULL, paid INTEGER NOT NULL,
    energy_wh REAL NOT NULL, run_s REAL NOT NULL, earned_nrlc INTEGER NOT NULL) WITHOUT ROWID;
"""
_FORGOTTEN = """
    SELECT job_id FROM job WHERE ended_ms IS NOT NULL ORDER BY ended_ms DESC LIMIT -1 OFFSET ?
"""
_OLD_LOGS = """
    DELETE FROM log WHERE job_id IN (SELECT job_id FROM job ORDER BY created_ms DESC LIMIT -1 OFFSET ?)
"""
_SUM = """
    SELECT backend, COUNT(*), SUM(earned_nrlc > 0), SUM(energy_wh), SUM(run_s), SUM(earned_nrlc) FROM job
    WHERE ended_ms IS NOT NULL
"""
_ADD = """
    INSERT INTO past VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (backend) DO UPDATE SET
    jobs = jobs + excluded.jobs, paid = paid + excluded.paid, energy_wh = energy_wh + excluded.energy_wh,
    run_s = run_s + excluded.run_s, earned_nrlc = earned_nrlc + excluded.earned_nrlc
"""


class JournalFile:
    """Keeps at most *keep* ended jobs, logs of the newest *keep_logs*; older ones live on in the totals."""

    def __init__(self, path: Path, *, keep: int, keep_logs: int) -> None:
        self._path = path
        self._keep = keep
        self._keep_logs = keep_logs
        self._database: sqlite3.Connection | None = None

    def open(self) -> Path | None:
        """Open it; returns where a damaged one was put aside."""
        with self._explained():
            self._path.parent.mkdir(parents=True, exist_ok=True)
            try:
                self._database = self._connect()
            except sqlite3.DatabaseError as error:
                if not _damaged(error):
                    raise
                aside = self._put_aside()
                self._database = self._connect()
                return aside
        return None

    def close(self) -> None:
        """Close it."""
        database, self._database = self._database, None
        if database is not None:
            database.close()

    def _connect(self) -> sqlite3.Connection:
        new = not self._path.exists()
        database = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False, timeout=5.0)
        try:
            database.execute("PRAGMA journal_mode = DELETE")
            database.execute("PRAGMA synchronous = EXTRA")
            self._migrate(database)
            if new:
                self._path.chmod(0o600)
                sync_directory(self._path.parent)
        except BaseException:
            database.close()
            raise
        return database

    def _migrate(self, database: sqlite3.Connection) -> None:
        (version,) = database.execute("PRAGMA user_version").fetchone()
        if version > VERSION:
            raise JournalError(
                f"{self._path} was written by a newer EdgePi", hint="install that version again"
            )
        if version == 0:
            database.executescript(f"BEGIN;{_SCHEMA}PRAGMA user_version = {VERSION};COMMIT;")
        (health,) = database.execute("PRAGMA quick_check(1)").fetchone()
        if health != "ok":
            raise sqlite3.DatabaseError(f"malformed: {health}")

    def _put_aside(self) -> Path:
        aside = next(
            path
            for number in range(1, 1000)
            if not (path := self._path.with_name(f"{self._path.name}.damaged-{number}")).exists()
        )
        self._path.replace(aside)
        with suppress(FileNotFoundError):  # it belongs to the damaged one, and would be played into the new
            self._path.with_name(f"{self._path.name}-journal").replace(
                aside.with_name(f"{aside.name}-journal")
            )
        return aside

    def put(self, row: tuple[Any, ...], now_ms: int) -> None:
        """Write one job, and the stage it came to if that is another one."""
        job_id, stage, ended = row[0], row[3], row[6] is not None
        with self._transaction() as database:
            marks = ", ".join("?" * len(row))
            database.execute(f"REPLACE INTO job ({_COLUMNS}) VALUES ({marks})", row)  # noqa: S608 (no text of others)
            last = database.execute(
                "SELECT number, stage FROM stage WHERE job_id = ? ORDER BY number DESC LIMIT 1", (job_id,)
            ).fetchone()
            if last is None or last[1] != stage:
                number = 1 if last is None else last[0] + 1
                database.execute("INSERT INTO stage VALUES (?, ?, ?, ?)", (job_id, number, stage, now_ms))
            if ended:
                self._forget(database)

    def _forget(self, database: sqlite3.Connection) -> None:
        for (job_id,) in database.execute(_FORGOTTEN, (self._keep,)).fetchall():
            sums = database.execute(f"{_SUM} AND job_id = ?", (job_id,)).fetchone()
            database.execute(_ADD, sums)
            for table in ("job", "stage", "log"):
                database.execute(f"DELETE FROM {table} WHERE job_id = ?", (job_id,))  # noqa: S608

    def rows(self, where: str, given: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        """Read jobs."""
        return self._read(f"SELECT {_COLUMNS} FROM job {where}", given)  # noqa: S608 (no text of others)

    def stages(self, job_id: str) -> list[tuple[str, int]]:
        """Read the stages of a job."""
        rows = self._read("SELECT stage, ms FROM stage WHERE job_id = ? ORDER BY number", (job_id,))
        return [(str(stage), int(ms)) for stage, ms in rows]

    def write_logs(self, job_id: str, stdout: str, stderr: str) -> None:
        """Keep what a job said."""
        with self._transaction() as database:
            database.execute("REPLACE INTO log VALUES (?, ?, ?)", (job_id, stdout, stderr))
            database.execute(_OLD_LOGS, (self._keep_logs,))

    def logs(self, job_id: str) -> tuple[str, str] | None:
        """Read what a job said."""
        rows = self._read("SELECT stdout, stderr FROM log WHERE job_id = ?", (job_id,))
        return (str(rows[0][0]), str(rows[0][1])) if rows else None

    def totals(self, backend: str | None) -> tuple[int, int, float, float, int]:
        """Sum up jobs that ended: number, number paid, Wh, s, nRLC."""
        only, given = ("AND backend = ?", (backend,)) if backend else ("", ())
        past = f"SELECT * FROM past WHERE 1 {only}"  # noqa: S608 (no text of others)
        rows = self._read(f"{_SUM} {only} GROUP BY backend UNION ALL {past}", (*given, *given))
        jobs, paid, energy_wh, run_s, earned = (sum(row[n] for row in rows) for n in range(1, 6))
        return int(jobs), int(paid), float(energy_wh), float(run_s), int(earned)

    def _read(self, query: str, given: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        with self._explained():
            return list(self._open().execute(query, given).fetchall())

    def _open(self) -> sqlite3.Connection:
        if self._database is None:
            raise JournalError("the job journal is not open")
        return self._database

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._explained():
            database = self._open()
            database.execute("BEGIN IMMEDIATE")
            try:
                yield database
                database.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    database.execute("ROLLBACK")
                raise

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            full = "full" in str(error) or "disk I/O" in str(error)
            raise JournalError(
                f"{self._path}: {error}", hint="`df -h` shows which disk is full" if full else None
            ) from error


def _damaged(error: sqlite3.DatabaseError) -> bool:
    return any(word in str(error) for word in ("malformed", "not a database"))
