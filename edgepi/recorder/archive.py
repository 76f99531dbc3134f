"""Reading history: from blocks, from rows not yet packed, from rows not yet written."""

from __future__ import annotations

import sqlite3
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import chain, groupby
from operator import itemgetter
from pathlib import Path
from typing import Final, Self

from edgepi.model import Decision
from edgepi.recorder.blocks import Columns, unpack_buckets, unpack_points
from edgepi.recorder.samples import (
    FLOAT,
    UNKNOWN,
    Point,
    Sample,
    Stored,
    Tier,
    availability_of,
    decode,
    from_ms,
    to_decision,
    to_ms,
)
from edgepi.recorder.schema import BLOCKS, open_read_only
from edgepi.recorder.tiers import STEP_MS, Bucket, merge, summarise

__all__ = ["HISTORY_FILE", "Archive"]

HISTORY_FILE: Final = "history.db"  # in the state directory

_BLOCKS_OF_ENTITY = """
    SELECT s.boot, p.hour_ms, b.data
    FROM period p CROSS JOIN {table} b ON b.id = p.number * 65536 + :entity
    JOIN segment s ON s.number = p.segment
    WHERE p.hour_ms > :start - 3600000 AND p.hour_ms <= :end
    ORDER BY p.number
"""
_ROWS_OF_ENTITY = """
    SELECT s.boot, s.wall_ms + r.t AS ms, r.kind, r.value
    FROM raw r JOIN segment s ON s.number = r.segment
    WHERE r.entity = :entity AND ms BETWEEN :start AND :end
    ORDER BY r.rowid
"""
_DECISIONS = """
    SELECT s.wall_ms + d.t, d.subject, d.action, d.sentence, d.numbers
    FROM segment s CROSS JOIN decision d ON d.segment = s.number AND d.t >= :since - s.wall_ms
    WHERE s.wall_ms + d.t <= :until AND (:subject IS NULL OR d.subject = :subject)
    ORDER BY s.number DESC, d.t DESC, d.place DESC LIMIT :limit
"""
Window = Mapping[str, int]
Part = tuple[int, list[Point]]  # (boot, points in order of recording)


class Archive:
    """History as it lies in a database; every call blocks."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open a database for reading, with or without a node that writes it.

        Raises:
            RecorderError: there is none, it cannot be read, or it is from a newer EdgePi.
        """
        return cls(open_read_only(path))

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()

    def entities(self) -> list[str]:
        """Return the entities that ever had a row, sorted."""
        return [row[0] for row in self._database.execute("SELECT entity_id FROM entity ORDER BY 1")]

    def newest_ms(self) -> int | None:
        """Wall time of the latest reading, whichever entity it is of; None when there is none."""
        loose = "SELECT max(s.wall_ms + r.t) FROM raw r JOIN segment s ON s.number = r.segment"
        ended = "SELECT max(hour_ms) + 3600000 FROM period"
        return next(
            (row[0] for query in (loose, ended) if (row := self._database.execute(query).fetchone())[0]), None
        )

    def history(
        self,
        entity_id: str,
        start_ms: int,
        end_ms: int,
        tier: Tier,
        *,
        limit: int | None = None,
        unwritten: Part | None = None,
    ) -> list[Sample]:
        """Return samples from start to end in order of wall time; with *limit* the newest ones.

        *unwritten* are points of the running boot that are in no file yet.
        """
        entity = self._number(entity_id)
        step = STEP_MS[tier]
        window = {"entity": entity, "start": start_ms // step * step, "end": end_ms}
        if tier == "raw":
            samples = _raw_samples(self._blocks(tier, window), self._rows(window, unwritten), window)
        else:
            samples = list(_summary_samples(self._buckets(tier, window, unwritten), window, step))
        return samples if limit is None else samples[max(0, len(samples) - limit) :]

    def decisions(self, start_ms: int, end_ms: int, limit: int, subject: str | None = None) -> list[Decision]:
        """Return what was decided in between, the newest first."""
        asked = {"since": start_ms, "until": end_ms, "limit": limit, "subject": subject}
        rows = self._database.execute(_DECISIONS, asked)
        return [to_decision(*row) for row in rows]

    def _number(self, entity_id: str) -> int:
        found = self._database.execute("SELECT number FROM entity WHERE entity_id = ?", (entity_id,))
        row = found.fetchone()
        return int(row[0]) if row else 0

    def _blocks(self, tier: Tier, window: Window) -> Iterator[tuple[int, int, bytes]]:
        return self._database.execute(_BLOCKS_OF_ENTITY.format(table=BLOCKS[tier]), window)

    def _rows(self, window: Window, unwritten: Part | None) -> Iterator[Part]:
        """Yield what is in no block, one part per boot, each in order of time."""
        rows = self._database.execute(_ROWS_OF_ENTITY, window).fetchall()
        parts = {
            boot: [(ms, kind, value) for _, ms, kind, value in group]
            for boot, group in groupby(rows, itemgetter(0))
        }
        if unwritten is not None and unwritten[1]:
            parts.setdefault(unwritten[0], []).extend(unwritten[1])
        for boot, points in parts.items():
            yield boot, sorted(points, key=_TIME)

    def _buckets(
        self, tier: Tier, window: Window, unwritten: Part | None
    ) -> Iterator[tuple[int, list[Bucket]]]:
        for boot, hour_ms, data in self._blocks(tier, window):
            yield boot, unpack_buckets(data, hour_ms)
        for boot, points in self._rows(window, unwritten):
            yield boot, summarise(points, STEP_MS[tier])


_TIME = itemgetter(0)


def _raw_samples(
    blocks: Iterable[tuple[int, int, bytes]], parts: Iterable[Part], window: Window
) -> list[Sample]:
    samples: list[Sample] = []
    last_boot: int | None = None
    for boot, columns in chain(_unpacked(blocks), _turned(parts)):
        if last_boot not in (None, boot) and samples[-1].value is not None:
            samples.append(_gap(to_ms(samples[-1].time_utc) + 1))
        last_boot = boot
        samples += _samples(*columns)
    samples.sort(key=_TIME)
    start, end = from_ms(window["start"]), from_ms(window["end"])
    return samples[bisect_left(samples, start, key=_TIME) : bisect_right(samples, end, key=_TIME)]


def _unpacked(blocks: Iterable[tuple[int, int, bytes]]) -> Iterator[tuple[int, Columns]]:
    for boot, hour_ms, data in blocks:
        yield boot, unpack_points(data, hour_ms)


def _turned(parts: Iterable[Part]) -> Iterator[tuple[int, Columns]]:
    for boot, points in parts:
        times, kinds, values = zip(*points, strict=True)
        yield boot, Columns(times, bytes(kinds), values)


def _samples(times: Sequence[int], kinds: bytes, values: Sequence[Stored]) -> list[Sample]:
    if kinds.count(FLOAT) == len(kinds):  # nearly always, and a month of it is 100,000
        wall = datetime.fromtimestamp
        return [Sample(wall(ms / 1000, UTC), value) for ms, value in zip(times, values, strict=True)]
    return [
        Sample(from_ms(ms), decode(kind, value), availability_of(kind))
        for ms, kind, value in zip(times, kinds, values, strict=True)
    ]


def _gap(ms: int, kind: int = UNKNOWN) -> Sample:
    return Sample(from_ms(ms), None, availability_of(kind), readings=0)


def _summary_samples(
    parts: Iterable[tuple[int, list[Bucket]]], window: Window, step: int
) -> Iterator[Sample]:
    buckets = sorted(_with_boot_gaps(parts, step), key=_TIME)
    last: Bucket | None = None
    for bucket in merge(b for b in buckets if window["start"] <= b.ms <= window["end"]):
        if last is not None and last.readings and last.end_kind < FLOAT and bucket.ms > last.ms + step:
            yield _gap(last.ms + step, last.end_kind)
        last = bucket
        yield Sample(
            from_ms(bucket.ms),
            decode(bucket.kind, bucket.value),
            availability_of(bucket.kind),
            *(bucket.readings, bucket.mean, bucket.min, bucket.max),
        )


def _with_boot_gaps(parts: Iterable[tuple[int, list[Bucket]]], step: int) -> Iterator[Bucket]:
    last: tuple[int, Bucket] | None = None
    for boot, buckets in parts:
        if last is not None and last[0] != boot and buckets[0].ms > last[1].ms + step:
            yield Bucket(last[1].ms + step, 0, None, None, None, UNKNOWN, None, UNKNOWN)
        yield from buckets
        last = boot, buckets[-1]
