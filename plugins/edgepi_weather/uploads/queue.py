"""What waits to be sent, whole after any power cut. Everything here blocks."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from edgepi.plugin import KeptFile
from edgepi_weather.uploads.report import Report
from edgepi_weather.uploads.service import Rule

__all__ = ["FILE", "Queue", "Standing"]

FILE = "uploads.db"
# A clock that was wrong, and believed, dates reports into the future.
FUTURE_S = 300
TABLES = """
CREATE TABLE IF NOT EXISTS waiting (
  service TEXT NOT NULL, at INTEGER NOT NULL, report TEXT NOT NULL, begun INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (service, at)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS service (
  name TEXT PRIMARY KEY, queued_at INTEGER, sent_at INTEGER, error TEXT, error_at INTEGER,
  sent INTEGER NOT NULL DEFAULT 0, dropped INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where one service stands; *error* is None once a report was taken after it.

    *dropped* counts what grew too old, was too much, or was not taken.
    """

    waiting: int = 0
    queued_utc: datetime | None = None
    sent_utc: datetime | None = None
    sent: int = 0
    dropped: int = 0
    error: str | None = None
    error_utc: datetime | None = None


class Queue:
    """A row for each report and service; raises RecorderError where the disk does not give or take."""

    def __init__(self, path: Path) -> None:
        self.file = KeptFile(path=path, what="the queue of uploads", steps=(TABLES,))

    def put(self, service: str, report: Report, rule: Rule) -> None:
        """Add a report, once for each second; on disk when it returns. What is too much or too old goes."""
        at = round(report.at_utc.timestamp())
        with self.file.write() as database:
            database.execute(
                "INSERT OR IGNORE INTO waiting (service, at, report) VALUES (?, ?, ?)",
                (service, at, report.to_json()),
            )
            _note(database, service, "queued_at = ?", at)
            _trim(database, service, rule, at)

    def next(self, service: str, rule: Rule, now: datetime) -> Report | None:
        """Return the report whose turn it is, None if nothing waits; what grew too old goes.

        One that is on its way, or may have arrived, is not given again.
        """
        if not self.file.exists():
            return None
        with self.file.write() as database:
            _trim(database, service, rule, round(now.timestamp()))
            order = "ASC" if rule.oldest_first else "DESC"
            query = (
                "SELECT at, report FROM waiting WHERE service = ? AND NOT begun "  # noqa: S608 (ASC or DESC)
                f"ORDER BY at {order} LIMIT 1"
            )
            row = database.execute(query, (service,)).fetchone()
        return None if row is None else Report.from_json(_moment(row[0]), row[1])

    def begin(self, service: str, report: Report) -> None:
        """Note that a report is on its way; see `settle`."""
        with self.file.write() as database:
            database.execute(
                "UPDATE waiting SET begun = 1 WHERE service = ? AND at = ?", (service, _at(report))
            )

    def sent(self, service: str, report: Report, now: datetime) -> None:
        """Let go of a report that was taken."""
        with self.file.write() as database:
            _drop(database, service, report)
            _note(database, service, "sent_at = ?, error = NULL, sent = sent + 1", round(now.timestamp()))

    def failed(self, service: str, report: Report, why: str, now: datetime, *, keep: bool) -> None:
        """Write down why a report was not taken; it waits on if it may be sent again."""
        with self.file.write() as database:
            if keep:
                database.execute(
                    "UPDATE waiting SET begun = 0 WHERE service = ? AND at = ?", (service, _at(report))
                )
            else:
                _drop(database, service, report)
                _note(database, service, "dropped = dropped + ?", 1)
            _note(database, service, "error_at = ?", round(now.timestamp()))
            _note(database, service, "error = ?", why)

    def settle(self, service: str) -> int:
        """Let go of what was on its way when the node died, for it may have arrived; return how many."""
        if not self.file.exists():
            return 0
        with self.file.write() as database:
            gone = database.execute("DELETE FROM waiting WHERE service = ? AND begun", (service,)).rowcount
            if gone:
                _note(database, service, "dropped = dropped + ?", gone)
            return gone

    def standing(self, service: str) -> Standing:
        """Say where a service stands."""
        with self.file.read() as database:
            waiting = database.execute(
                "SELECT count(*) FROM waiting WHERE service = ?", (service,)
            ).fetchone()
            query = "SELECT queued_at, sent_at, sent, dropped, error, error_at FROM service WHERE name = ?"
            row = database.execute(query, (service,)).fetchone()
        if row is None:
            return Standing(waiting=waiting[0])
        return Standing(
            waiting=waiting[0],
            queued_utc=_perhaps(row[0]),
            sent_utc=_perhaps(row[1]),
            sent=row[2],
            dropped=row[3],
            error=row[4],
            error_utc=None if row[4] is None else _perhaps(row[5]),
        )


def _trim(database: sqlite3.Connection, service: str, rule: Rule, now_s: int) -> None:
    old = database.execute(
        "DELETE FROM waiting WHERE service = ? AND (at < ? OR at > ?)",
        (service, now_s - rule.stale_s, now_s + FUTURE_S),
    ).rowcount
    much = database.execute(
        "DELETE FROM waiting WHERE service = ?1 AND at <= "
        "(SELECT at FROM waiting WHERE service = ?1 ORDER BY at DESC LIMIT 1 OFFSET ?2)",
        (service, rule.most),
    ).rowcount
    if old + much > 0:
        _note(database, service, "dropped = dropped + ?", old + much)


def _drop(database: sqlite3.Connection, service: str, report: Report) -> None:
    database.execute("DELETE FROM waiting WHERE service = ? AND at = ?", (service, _at(report)))


def _note(database: sqlite3.Connection, service: str, change: str, value: float | str) -> None:
    database.execute("INSERT OR IGNORE INTO service (name) VALUES (?)", (service,))
    database.execute(f"UPDATE service SET {change} WHERE name = ?", (value, service))  # noqa: S608 (columns of our own)


def _at(report: Report) -> int:
    return round(report.at_utc.timestamp())


def _moment(at: int) -> datetime:
    return datetime.fromtimestamp(at, UTC)


def _perhaps(at: int | None) -> datetime | None:
    return None if at is None else _moment(at)
