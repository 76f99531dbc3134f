"""A small SQLite file of a plugin's own that is whole after any power cut."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from edgepi.errors import EdgePiError, RecorderError
from edgepi.files import sync_directory

__all__ = ["KeptFile"]

# It also syncs the folder when the journal goes: else a power cut could bring the old back.
SYNCHRONOUS = "EXTRA"
DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
HINTS = {
    sqlite3.SQLITE_FULL: "`df -h` shows which disk is full",
    sqlite3.SQLITE_BUSY: "something else writes to it; try again in a moment",
    **dict.fromkeys(DAMAGE, "a start of the node puts a damaged file aside and begins a new one"),
}
HINT = "is the disk there, and may be written to?"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptFile:
    """Opens *path* for each use only, so a command may read beside the node. Everything in it blocks.

    *what* names the content to people. *steps* are SQL scripts, each of which leads from one version of the
    file to the next, the first from nothing: add to them, and never change one that was released. Each use
    waits up to *busy_s* for others and raises RecorderError where the disk does not give or take.
    """

    path: Path
    what: str
    steps: tuple[str, ...]
    busy_s: float = 5.0

    def exists(self) -> bool:
        """Whether anything was ever kept."""
        return self.path.is_file()

    @contextlib.contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """One moment of it, to read from; an empty one where none is yet, and then none is made."""
        with self._open(self.path if self.exists() else ":memory:") as database:
            database.execute("PRAGMA query_only = ON")
            database.execute("BEGIN")
            yield database

    @contextlib.contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """To read and write: all that is done within is on disk at the end, or nothing of it."""
        with self._open(self.path) as database:
            database.execute("BEGIN IMMEDIATE")
            yield database
            database.execute("COMMIT")

    def mend(self) -> Path | None:
        """Put a damaged file aside, and return where to; None if all is well. Call it at each start.

        Of several that were damaged the last is there: ``<name>.broken``.
        """
        if not self.exists():
            return None
        try:
            with self._open(self.path) as database:
                if database.execute("PRAGMA quick_check(1)").fetchone() == ("ok",):
                    return None
        except RecorderError as error:
            if _code(error.__cause__) not in DAMAGE:
                raise
        with self._told():
            return self._put_aside()

    def _put_aside(self) -> Path:
        aside = self.path.with_suffix(".broken")
        with contextlib.suppress(FileNotFoundError):  # it would be played into the new one
            self.path.with_name(f"{self.path.name}-journal").unlink()
        self.path.replace(aside)
        sync_directory(self.path.parent)
        return aside

    @contextlib.contextmanager
    def _open(self, path: Path | str) -> Iterator[sqlite3.Connection]:
        """Closing it undoes what was not committed."""
        with (
            self._told(),
            contextlib.closing(sqlite3.connect(path, timeout=self.busy_s, isolation_level=None)) as database,
        ):
            database.execute(f"PRAGMA synchronous = {SYNCHRONOUS}")
            if self._version(database) < len(self.steps):
                self._step(database)
            yield database

    def _step(self, database: sqlite3.Connection) -> None:
        """Lead it to the version of today; of several that do so at once, all but the first find it done."""
        database.execute("BEGIN IMMEDIATE")
        for script in self.steps[self._version(database) :]:
            for statement in _statements(script):
                database.execute(statement)
        database.execute(f"PRAGMA user_version = {len(self.steps)}")
        database.execute("COMMIT")

    def _version(self, database: sqlite3.Connection) -> int:
        (version,) = database.execute("PRAGMA user_version").fetchone()
        if version > len(self.steps):
            raise RecorderError(f"{self.path} was written by a newer version", hint="install that again")
        return int(version)

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except EdgePiError:
            raise
        except (sqlite3.Error, OSError, ValueError) as error:
            raise RecorderError(
                f"{self.what} in {self.path} cannot be kept or read: {error}",
                hint=HINTS.get(_code(error), HINT),
            ) from error


def _code(error: BaseException | None) -> int:
    """The kind of an error of SQLite, without its finer shades."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def _statements(script: str) -> Iterator[str]:
    """Cut it where statements end: a script run as one would end the transaction that it is in."""
    begun = ""
    for piece in script.split(";"):
        begun += f"{piece};"
        if sqlite3.complete_statement(begun):
            yield begun
            begun = ""
