"""The index of events: a kept file beside the clips. Everything here blocks.

It is opened for each call only: a disk that is taken away and comes back with its own index harms nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from edgepi.plugin import KeptFile
from edgepi_camera.events.event import Event

__all__ = ["EventStore"]

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
        self.file = KeptFile(path=path, what="the camera's events", steps=(TABLES,))

    def put(self, events: Iterable[Event]) -> None:
        """Write these, all or none; whether one is to be kept stays as it was."""
        with self.file.write() as database:
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
        with self.file.read() as database:
            counted = database.execute("SELECT count(*) FROM event WHERE began >= ?", (_text(begin_utc),))
            return int(counted.fetchone()[0])

    def keep(self, event_id: str, kept: bool) -> bool:
        """Mark or unmark one; whether it is there."""
        with self.file.write() as database:
            done = database.execute("UPDATE event SET kept = ? WHERE id = ?", (int(kept), event_id))
            return done.rowcount > 0

    def forget(self, ids: Iterable[str]) -> None:
        """Remove these."""
        with self.file.write() as database:
            database.executemany("DELETE FROM event WHERE id = ?", [(each,) for each in ids])
            database.executemany("DELETE FROM trial WHERE id = ?", [(each,) for each in ids])

    def tried(self, event_id: str) -> int:
        """Note that a clip is about to be looked into, and return how often that was."""
        with self.file.write() as database:
            database.execute(TRY, (event_id,))
            return int(database.execute("SELECT count FROM trial WHERE id = ?", (event_id,)).fetchone()[0])

    def _read(self, where: str, given: tuple[Any, ...]) -> list[Event]:
        with self.file.read() as database:
            return [_event(row) for row in database.execute(f"{GET} {where}", given)]


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
