"""A file of SQLite that is whole after any power cut. Everything here blocks."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from edgepi.errors import RecorderError

__all__ = ["KeptFile"]

VERSION = 1


class KeptFile:
    """Opens the file for each call only, so that a command may read it beside the node.

    A class of it says what the file is, and its tables as statements that each end with a semicolon.
    Raises RecorderError where the disk does not give or take.
    """

    what: ClassVar[str]
    tables: ClassVar[str]

    def __init__(self, path: Path) -> None:
        self.path = path

    def mend(self) -> Path | None:
        """Put a file that is no longer one of SQLite's aside, and return where to; None if all is well."""
        if not self.path.is_file():
            return None
        try:
            with self._open() as database:
                if database.execute("PRAGMA quick_check(1)").fetchone() == ("ok",):
                    return None
        except RecorderError as error:
            cause = error.__cause__
            if not isinstance(cause, sqlite3.DatabaseError) or isinstance(cause, sqlite3.OperationalError):
                raise
        aside = self.path.with_suffix(".broken")
        with self._told():
            self.path.replace(aside)
        return aside

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """All that is done within is on disk at the end, or nothing of it."""
        with self._told(), contextlib.closing(sqlite3.connect(self.path, timeout=5.0)) as database:
            # EXTRA also syncs the folder when the journal goes: else a power cut could bring the old back.
            database.execute("PRAGMA synchronous = EXTRA")
            if database.execute("PRAGMA user_version").fetchone()[0] < VERSION:
                database.executescript(f"BEGIN; {self.tables} PRAGMA user_version = {VERSION}; COMMIT;")
            with database:
                yield database

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError, ValueError) as error:
            raise RecorderError(
                f"{self.what} in {self.path} cannot be kept or read: {error}", hint="is the disk full?"
            ) from error
