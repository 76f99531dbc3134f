"""The one thread that uses the pool's database; what it says is written is on disk."""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from edgepi.errors import JournalError

__all__ = ["Statement", "Writer"]

Statement = tuple[str, tuple[Any, ...]]
Value = TypeVar("Value")
Job = tuple[Sequence[Statement], Callable[[sqlite3.Connection], Any] | None, "asyncio.Future[Any]"]

_SETTINGS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA busy_timeout=5000",
    "PRAGMA journal_size_limit=4194304",
)


class Writer:
    """Commits all that waits in one transaction, so that many writes cost one sync.

    What could not be written stays at the head of the queue: nothing later is called written before it.
    """

    def __init__(self, path: Path, schema: str) -> None:
        self._path = path
        self._schema = schema
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._owed: list[Statement] = []
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def behind(self) -> bool:
        """Whether the disk refused something that is still to be written."""
        return bool(self._owed)

    async def open(self) -> None:
        """Open or make the database; raises JournalError."""
        self._loop = asyncio.get_running_loop()
        ready = self._loop.create_future()
        self._thread = threading.Thread(target=self._run, args=(ready,), name="iexec-pool-db", daemon=True)
        self._thread.start()
        await ready

    async def write(self, statements: Sequence[Statement]) -> None:
        """Return when these and all before them are on disk; raises JournalError."""
        await self._ask(statements, None)

    async def read(self, query: str, arguments: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        """Rows of a query; raises JournalError."""
        rows = await self._ask((), lambda db: db.execute(query, arguments).fetchall())
        return list(rows)

    async def close(self) -> None:
        """Write what waits and let go of the file."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._jobs.put(None)
            await asyncio.to_thread(thread.join)

    async def _ask(
        self, statements: Sequence[Statement], query: Callable[[sqlite3.Connection], Any] | None
    ) -> Any:
        if self._loop is None or self._thread is None:
            raise JournalError("the pool's database is closed")
        answer = self._loop.create_future()
        self._jobs.put((statements, query, answer))
        return await answer

    def _run(self, ready: asyncio.Future[None]) -> None:
        try:
            db = sqlite3.connect(self._path, isolation_level=None)
            for setting in _SETTINGS:
                db.execute(setting)
            db.executescript(self._schema)
        except sqlite3.Error as error:
            self._tell(ready, error=_refusal(self._path, error))
            return
        self._tell(ready, None)
        try:
            while self._serve(db):
                pass
        finally:
            db.close()

    def _serve(self, db: sqlite3.Connection) -> bool:
        jobs, last = self._waiting()
        self._owed.extend(statement for job in jobs for statement in job[0])
        refused: Exception | None = None
        try:
            self._commit(db)
        except sqlite3.Error as error:
            refused = _refusal(self._path, error)
        for _, query, answer in jobs:
            if refused is not None and query is None:
                self._tell(answer, error=refused)
            elif query is None:
                self._tell(answer, None)
            else:
                self._query(db, query, answer)
        return not last

    def _waiting(self) -> tuple[list[Job], bool]:
        jobs, job = [], self._jobs.get()
        while job is not None:
            jobs.append(job)
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                return jobs, False
        return jobs, True

    def _commit(self, db: sqlite3.Connection) -> None:
        if not self._owed:
            return
        db.execute("BEGIN IMMEDIATE")
        try:
            for statement, arguments in self._owed:
                db.execute(statement, arguments)
            db.execute("COMMIT")
        except sqlite3.Error:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise
        self._owed.clear()

    def _query(
        self,
        db: sqlite3.Connection,
        query: Callable[[sqlite3.Connection], Any],
        answer: asyncio.Future[Any],
    ) -> None:
        try:
            self._tell(answer, query(db))
        except sqlite3.Error as error:
            self._tell(answer, error=_refusal(self._path, error))

    def _tell(self, answer: asyncio.Future[Any], value: Any = None, error: Exception | None = None) -> None:
        assert self._loop is not None
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(_settle, answer, value, error)


def _settle(answer: asyncio.Future[Any], value: Any, error: Exception | None) -> None:
    if answer.done():
        return
    if error is None:
        answer.set_result(value)
    else:
        answer.set_exception(error)


def _refusal(path: Path, error: sqlite3.Error) -> JournalError:
    return JournalError(f"the pool's database {path} refuses: {error}", hint="look at the disk's free space")
