"""The index of events: SQLite beside the clips, whole after any power cut. Everything here blocks.

It is opened for each call only: events are few, a command may read it beside the node, and a disk that
is taken away and comes back with its own index harms nothing.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from edgepi.errors import RecorderError
from edgepi_camera.events.event import Event

__all__ = ["EventStore"]

VERSION = 1
BUSY_S = 3.0
# EXTRA also syncs the folder when the journal goes: else a power cut could bring the old back.
SYNCHRONOUS = "EXTRA"
TABLES = """
CREATE TABLE IF NOT EXISTS event (
  number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,
  began TEXT NOT NULL, ended TEXT, clip_s REAL,
  score REAL NOT NULL, zones TEXT NOT NULL, labels TEXT NOT NULL,
  clip INTEGER NOT NULL, picture INTEGER NOT NULL, bytes INTEGER NOT NULL, kept INTEGER NOT NULL,
  reason TEXT NOT NULL, dated INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS trial (id TEXT PRIMARY KEY, count INTEGER NOT NULL);
"""
COLUMNS = "id, began, ended, clip_s, score, zones, labels, clip, picture, bytes, kept, reason, dated"
CHANGED = ", ".join(f"{name} = excluded.{name}" for name in COLUMNS.split(", ") if name not in {"id", "kept"})
PUT = (
    f"INSERT INTO event ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608 (no text of others)
    f" ON CONFLICT (id) DO UPDATE SET {CHANGED}"
)
GET = f"SELECT {COLUMNS}, number FROM event"  # noqa: S608 (no text of others)
TRY = "INSERT INTO trial VALUES (?, 1) ON CONFLICT (id) DO UPDATE SET count = count + 1"


class EventStore:
    """One row for each event; raises RecorderError where the disk does not give or take."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def mend(self) -> Path | None:
        """Put a file that is no longer SQLite's aside, and return where to; None if all is well."""
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
        with self._told():
            return self._put_aside()

    def _put_aside(self) -> Path:
        aside = self.path.with_suffix(".broken")
        self.path.replace(aside)
        with contextlib.suppress(FileNotFoundError):  # it would be played into the new one
            self.path.with_name(f"{self.path.name}-journal").unlink()
        return aside

    def put(self, events: Iterable[Event]) -> None:
        """Write these, all or none; whether one is to be kept stays as it was."""
        with self._open() as database:
            database.executemany(PUT, [_row(event) for event in events])

    def get(self, event_id: str) -> Event | None:
        """Return one."""
        return next(iter(self._read("WHERE id = ?", (event_id,))), None)

    def page(self, before: str | None, limit: int) -> list[Event]:
        """Return the newest, or those older than *before*, newest first."""
        if before is None:
            return self._read("ORDER BY number DESC LIMIT ?", (limit,))
        where = "WHERE number < (SELECT number FROM event WHERE id = ?) ORDER BY number DESC LIMIT ?"
        return self._read(where, (before, limit))

    def all(self) -> list[Event]:
        """Return all, in the order in which they were kept."""
        return self._read("ORDER BY number", ())

    def since(self, begin_utc: datetime) -> int:
        """Count those that began at or after a moment."""
        if not self.path.is_file():
            return 0
        with self._open() as database:
            counted = database.execute("SELECT count(*) FROM event WHERE began >= ?", (_text(begin_utc),))
            return int(counted.fetchone()[0])

    def keep(self, event_id: str, kept: bool) -> bool:
        """Mark or unmark one; whether it is there."""
        with self._open() as database:
            done = database.execute("UPDATE event SET kept = ? WHERE id = ?", (int(kept), event_id))
            return done.rowcount > 0

    def forget(self, ids: Iterable[str]) -> None:
        """Remove these."""
        with self._open() as database:
            database.executemany("DELETE FROM event WHERE id = ?", [(each,) for each in ids])
            database.executemany("DELETE FROM trial WHERE id = ?", [(each,) for each in ids])

    def tried(self, event_id: str) -> int:
        """Note that a clip is about to be looked into, and return how often that was."""
        with self._open() as database:
            database.execute(TRY, (event_id,))
            return int(database.execute("SELECT count FROM trial WHERE id = ?", (event_id,)).fetchone()[0])

    def _read(self, where: str, given: tuple[Any, ...]) -> list[Event]:
        if not self.path.is_file():
            return []
        with self._open() as database:
            return [_event(row) for row in database.execute(f"{GET} {where}", given)]

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with self._told(), contextlib.closing(sqlite3.connect(self.path, timeout=BUSY_S)) as database:
            database.execute(f"PRAGMA synchronous = {SYNCHRONOUS}")
            (version,) = database.execute("PRAGMA user_version").fetchone()
            if version > VERSION:
                raise RecorderError(f"{self.path} was written by a newer EdgePi", hint="install that again")
            if version < VERSION:
                # Somebody else may be about to make them, too: who comes second waits and finds them.
                database.executescript(f"BEGIN IMMEDIATE; {TABLES} PRAGMA user_version = {VERSION}; COMMIT;")
            with database:
                yield database

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except RecorderError:
            raise
        except (sqlite3.Error, OSError, ValueError) as error:
            raise RecorderError(
                f"the camera's events in {self.path} cannot be kept or read: {error}",
                hint="is the disk full or read-only?",
            ) from error


def _row(event: Event) -> tuple[Any, ...]:
    return (
        event.event_id,
        _text(event.began_utc),
        None if event.ended_utc is None else _text(event.ended_utc),
        event.clip_s,
        event.score,
        json.dumps(event.zones),
        json.dumps(event.labels),
        int(event.clip),
        int(event.picture),
        event.bytes,
        int(event.kept),
        event.reason,
        int(event.dated),
    )


def _event(row: tuple[Any, ...]) -> Event:
    return Event(
        event_id=row[0],
        began_utc=datetime.fromisoformat(row[1]),
        ended_utc=None if row[2] is None else datetime.fromisoformat(row[2]),
        clip_s=row[3],
        score=row[4],
        zones=tuple(json.loads(row[5])),
        labels=tuple(json.loads(row[6])),
        clip=bool(row[7]),
        picture=bool(row[8]),
        bytes=row[9],
        kept=bool(row[10]),
        reason=row[11],
        dated=bool(row[12]),
        number=row[13],
    )


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")  # one width, so that texts sort as times do
