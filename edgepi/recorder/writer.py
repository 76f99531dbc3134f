"""Everything that changes the database; lives in one thread."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

from edgepi.config.settings import RecorderSettings
from edgepi.errors import RecorderError
from edgepi.recorder.archive import Archive
from edgepi.recorder.blocks import pack_buckets, pack_points
from edgepi.recorder.retention import purge
from edgepi.recorder.samples import Point, Stored, Tier
from edgepi.recorder.schema import (
    BLOCKS,
    ENTITIES_MAX,
    connect,
    is_corrupt,
    is_healthy,
    migrate,
    move_aside,
    number_of_entity,
)
from edgepi.recorder.segments import Segment
from edgepi.recorder.tiers import HOUR_MS, STEP_MS, SUMMARY_TIERS, summarise

__all__ = ["Batch", "DecisionRow", "Row", "Writer"]

Row = tuple[int, int, str, int, Stored]  # (segment of this boot, ms in it, entity, kind, value)
DecisionRow = tuple[int, int, int, str, str, str, str]  # (segment, ms, place, subject, action, ...)

# More rows than an hour usually brings are packed before it ends, so that a search
# never has to look through too many loose ones.
_LOOSE_ROWS_MAX = 500_000

_LOOSE = """
    SELECT r.segment, (s.wall_ms + r.t) / 3600000 AS hour, r.entity, s.wall_ms + r.t AS ms, r.kind, r.value
    FROM raw r JOIN segment s ON s.number = r.segment
    WHERE s.wall_ms IS NOT NULL AND (r.segment < :segment OR ms < :before)
    ORDER BY r.segment, hour, r.entity, ms, r.rowid
"""
_DROP_LOOSE = """
    DELETE FROM raw WHERE segment IN (SELECT number FROM segment WHERE wall_ms IS NOT NULL)
    AND (segment < :segment OR t + (SELECT wall_ms FROM segment s WHERE s.number = segment) < :before)
"""
_DROP_UNDATED = "DELETE FROM raw WHERE segment IN (SELECT number FROM segment WHERE wall_ms IS NULL)"


@dataclass(frozen=True, slots=True)
class Batch:
    """What one commit writes; *segments* are all of this boot."""

    segments: tuple[Segment, ...] = ()
    rows: Sequence[Row] = ()
    decisions: Sequence[DecisionRow] = ()


class Writer:
    """Owns the database file; every call blocks and all come from one thread.

    *problems* holds a sentence for each database that had to be moved aside.
    """

    def __init__(self, path: Path, settings: RecorderSettings, log: logging.Logger) -> None:
        self._path = path
        self._settings = settings
        self._log = log
        self._database: sqlite3.Connection | None = None
        self._first_segment = 1
        self.boot = 1
        self._entities: dict[str, int] = {}
        self._written: dict[int, Segment] = {}
        self._unclean = False
        self.loose_rows = 0
        self.problems: list[str] = []

    def open(self, now: datetime) -> None:
        """Open or make the database; move a damaged one aside and begin anew.

        Raises:
            RecorderError: it is from a newer EdgePi, or cannot be opened at all.
            sqlite3.OperationalError: the disk is full, or does not work.
        """
        if self._database is not None:
            return
        try:
            self._open()
        except sqlite3.DatabaseError as error:
            self._close_quietly()
            if not is_corrupt(error):
                raise
            self.replace(now, str(error))
        except RecorderError:
            self._close_quietly()
            raise

    def _open(self) -> None:
        database = self._database = connect(self._path)
        migrate(database, self._path)
        with self._transaction():
            row = database.execute("SELECT value FROM meta WHERE key = 'clean'").fetchone()
            self._unclean = row is not None and not row[0]
            database.execute("INSERT OR REPLACE INTO meta VALUES ('clean', 0)")
            dropped = database.execute(_DROP_UNDATED).rowcount
        if dropped > 0:
            self._log.warning("%d rows of an earlier run never got a date and are let go", dropped)
        query = "SELECT coalesce(max(number), 0) + 1, coalesce(max(boot), 0) + 1 FROM segment"
        self._first_segment, self.boot = database.execute(query).fetchone()
        self._recall()

    def _recall(self) -> None:
        """Take from the file what is kept in memory beside it."""
        self._entities = dict(self._db.execute("SELECT entity_id, number FROM entity"))
        self._written.clear()
        self.loose_rows = self._db.execute("SELECT count(*) FROM raw").fetchone()[0]

    def check(self, now: datetime) -> None:
        """After an unclean end, read the whole file; move it aside if it is damaged."""
        if self._unclean:
            self._unclean = False
            if not is_healthy(self._db):
                self.replace(now, "its pages do not fit together")

    def replace(self, now: datetime, why: str) -> None:
        """Move the database aside and begin a new one."""
        self._close_quietly()
        aside = move_aside(self._path, now)
        problem = f"the history was damaged ({why}); it was moved to {aside.name} and a new one begun"
        self.problems.append(problem)
        self._log.error("%s", problem)
        self._open()

    def commit(self, batch: Batch) -> None:
        """Write a batch, all or nothing; it is on the disk when this returns."""
        try:
            with self._transaction() as database:
                self._write_segments(database, batch.segments)
                numbered = self._numbered(database, batch.rows)
                database.executemany("INSERT INTO raw VALUES (?, ?, ?, ?, ?)", numbered)
                first = self._first_segment
                database.executemany(
                    "INSERT OR IGNORE INTO decision VALUES (?, ?, ?, ?, ?, ?, ?)",
                    [(first + segment, *rest) for segment, *rest in batch.decisions],
                )
        except BaseException:
            self._recall()
            raise
        self.loose_rows += len(numbered)

    def _write_segments(self, database: sqlite3.Connection, segments: Iterable[Segment]) -> None:
        for segment in segments:
            if self._written.get(segment.index) != segment:
                values = (self._first_segment + segment.index, self.boot, segment.monotonic_ms)
                database.execute(
                    "INSERT OR REPLACE INTO segment VALUES (?, ?, ?, ?)", (*values, segment.wall_ms)
                )
                self._written[segment.index] = segment

    def _numbered(
        self, database: sqlite3.Connection, rows: Sequence[Row]
    ) -> list[tuple[int, int, int, int, Stored]]:
        for entity_id in dict.fromkeys(row[2] for row in rows):
            if entity_id not in self._entities and len(self._entities) < ENTITIES_MAX:
                self._entities[entity_id] = number_of_entity(database, entity_id)
        first, numbers = self._first_segment, self._entities
        return [(first + s, t, numbers[e], kind, value) for s, t, e, kind, value in rows if e in numbers]

    @property
    def crowded(self) -> bool:
        """Whether so many rows lie loose that they should be packed before the hour ends."""
        return self.loose_rows > _LOOSE_ROWS_MAX

    def tidy(self, segment: int, now_ms: int, *, may_purge: bool = True) -> bool:
        """Pack the hours that ended and let go of what expired; return whether more has."""
        before = now_ms + 1 if self.crowded else now_ms // HOUR_MS * HOUR_MS
        scope = {"segment": self._first_segment + segment, "before": before}
        with self._transaction() as database:
            loose = database.execute(_LOOSE, scope)
            for (number, hour), rows in groupby(loose, itemgetter(0, 1)):
                self._pack(database, number, hour * HOUR_MS, rows)
            self.loose_rows -= database.execute(_DROP_LOOSE, scope).rowcount
            return may_purge and purge(database, self._settings, now_ms)

    def _pack(
        self, database: sqlite3.Connection, segment: int, hour_ms: int, rows: Iterable[tuple[Any, ...]]
    ) -> None:
        # Numbers below 1 are those of history that came with times of its own.
        query = "INSERT INTO period SELECT max(coalesce(max(number), 0), 0) + 1, ?, ? FROM period"
        period = database.execute(query, (segment, hour_ms)).lastrowid or 0
        for entity, group in groupby(rows, itemgetter(2)):
            points: list[Point] = [(row[3], row[4], row[5]) for row in group]
            packed: dict[Tier, bytes] = {"raw": pack_points(points, hour_ms)}
            for tier in SUMMARY_TIERS:
                packed[tier] = pack_buckets(summarise(points, STEP_MS[tier]), hour_ms)
            for tier, data in packed.items():
                insert = f"INSERT INTO {BLOCKS[tier]} VALUES (?, ?)"  # noqa: S608
                database.execute(insert, (period * 65536 + entity, data))

    @property
    def archive(self) -> Archive:
        """For reading in the same thread."""
        return Archive(self._db)

    def size_bytes(self) -> int:
        """Size of the database and its write-ahead log."""
        parts = (self._path, self._path.with_name(f"{self._path.name}-wal"))
        return sum(part.stat().st_size for part in parts if part.exists())

    def close(self) -> None:
        """Mark a clean end, fold the log into the database and close it."""
        if self._database is None:
            return
        try:
            with self._transaction() as database:
                database.execute("INSERT OR REPLACE INTO meta VALUES ('clean', 1)")
        finally:
            self._close_quietly()

    def _close_quietly(self) -> None:
        database, self._database = self._database, None
        if database is not None:
            database.close()

    @property
    def _db(self) -> sqlite3.Connection:
        if self._database is None:
            raise sqlite3.OperationalError("the history is not open")
        return self._database

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        database = self._db
        database.execute("BEGIN IMMEDIATE")
        try:
            yield database
            database.execute("COMMIT")
        except BaseException:
            if database.in_transaction:
                database.execute("ROLLBACK")
            raise
