"""The file of the records, whole after any power cut. Everything here blocks."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from edgepi.plugin import KeptFile
from edgepi_weather.records.tally import DayKey, Tallies, Tally, merged

__all__ = ["Store"]

TABLES = """
CREATE TABLE IF NOT EXISTS days (
  day TEXT NOT NULL, key TEXT NOT NULL,
  low REAL, low_at TEXT, high REAL, high_at TEXT,
  total REAL NOT NULL, count INTEGER NOT NULL, gaps INTEGER NOT NULL,
  PRIMARY KEY (day, key)
) WITHOUT ROWID;
"""
WRITE = "INSERT OR REPLACE INTO days VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
READ = "SELECT day, key, low, low_at, high, high_at, total, count, gaps FROM days"


class Store:
    """A row for each quantity and day; raises RecorderError where the disk does not give or take."""

    def __init__(self, path: Path) -> None:
        self.file = KeptFile(path=path, what="the weather records", steps=(TABLES,))

    def add(self, tallies: Tallies) -> None:
        """Add to what is kept of these days; on disk when it returns, all of it or nothing."""
        with self.file.write() as database:
            known = {key: tally for key in tallies for tally in _read(database, *key)}
            _write(database, merged((known, tallies)))

    def replace(self, tallies: Tallies) -> None:
        """Put these in the place of what is kept of the same quantity and day, as an import does twice."""
        with self.file.write() as database:
            _write(database, tallies)

    def read(self, begins: str = "") -> dict[DayKey, Tally]:
        """Return all whose day begins so, such as ``2026-11``, in order of days."""
        with self.file.read() as database:
            rows = database.execute(f"{READ} WHERE substr(day, 1, ?) = ? ORDER BY day", (len(begins), begins))
            return {(row[0], row[1]): _tally(row) for row in rows}

    def whole(self) -> dict[str, Tally]:
        """Return each quantity over all days; of equal extremes the earlier stays."""
        with self.file.read() as database:
            return {key: _tally(row) for key, row in _whole(database.execute(f"{READ} ORDER BY day")).items()}

    def months(self) -> list[str]:
        """Return the months of which anything is kept, earliest first."""
        with self.file.read() as database:
            rows = database.execute("SELECT DISTINCT substr(day, 1, 7) FROM days ORDER BY 1")
            return [str(row[0]) for row in rows]


def _read(database: sqlite3.Connection, day: str, key: str) -> Iterator[Tally]:
    for row in database.execute(f"{READ} WHERE day = ? AND key = ?", (day, key)):
        yield _tally(row)


def _whole(rows: Iterable[tuple[Any, ...]]) -> dict[str, list[Any]]:
    """Add rows up as they are: times of ten years are many to make dates of."""
    whole: dict[str, list[Any]] = {}
    for row in rows:
        known = whole.setdefault(row[1], ["", row[1], None, None, None, None, 0.0, 0, 0])
        if row[2] is not None and (known[2] is None or row[2] < known[2]):
            known[2:4] = row[2:4]
        if row[4] is not None and (known[4] is None or row[4] > known[4]):
            known[4:6] = row[4:6]
        known[6:] = (a + b for a, b in zip(known[6:], row[6:], strict=True))
    return whole


def _write(database: sqlite3.Connection, tallies: Tallies) -> None:
    database.executemany(WRITE, (_row(*key, tally) for key, tally in tallies.items()))


def _row(day: str, key: str, tally: Tally) -> tuple[Any, ...]:
    low_at, high_at = (None if at is None else at.isoformat() for at in (tally.low_at, tally.high_at))
    return day, key, tally.low, low_at, tally.high, high_at, tally.total, tally.count, tally.gaps


def _tally(row: Sequence[Any]) -> Tally:
    low, low_at, high, high_at, total, count, gaps = row[2:]
    return Tally(
        low=low,
        low_at=_moment(low_at),
        high=high,
        high_at=_moment(high_at),
        total=total,
        count=count,
        gaps=gaps,
    )


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
