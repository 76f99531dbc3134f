"""History that comes with times of its own, written beside a running node or without one.

It lies in periods with negative numbers: before all that the node records itself, in order of time, each hour
at a number of its own, so that what is written twice is there once.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby, pairwise
from pathlib import Path
from typing import Final, NamedTuple, Self

from edgepi.config.settings import RecorderSettings
from edgepi.errors import RecorderError, RequestError
from edgepi.plugin.history import DatedValue, Written
from edgepi.recorder.blocks import pack_buckets, pack_points
from edgepi.recorder.retention import days_for, is_excluded
from edgepi.recorder.samples import FLOAT, UNKNOWN, Point, Tier, to_ms
from edgepi.recorder.schema import BLOCKS, ENTITIES_MAX, connect, migrate, number_of_entity
from edgepi.recorder.tiers import DAY_MS, HOUR_MS, STEP_MS, SUMMARY_TIERS, summarise

__all__ = ["DatedWriter"]

SEGMENT: Final = 0  # the node's own begin with 1; so do its boots
_FIRST_PERIOD: Final = -(2**31)  # period of the hour in which 1970 began

# Hours of an entity that the node has recorded: packed ones, then those with loose rows.
_RECORDED = """
    SELECT p.hour_ms / 3600000 FROM period p CROSS JOIN block_hour b ON b.id = p.number * 65536 + :entity
    WHERE p.number >= 0 AND p.hour_ms BETWEEN :start AND :end
    UNION
    SELECT (s.wall_ms + r.t) / 3600000 FROM raw r JOIN segment s ON s.number = r.segment
    WHERE r.entity = :entity AND s.wall_ms IS NOT NULL
"""


class _Block(NamedTuple):
    tier: Tier
    hour: int
    entity_id: str
    data: bytes


class DatedWriter:
    """Implements `edgepi.plugin.HistoryWriter` on the database at *path*; every call blocks."""

    def __init__(self, database: sqlite3.Connection, settings: RecorderSettings, now: datetime) -> None:
        self._database = database
        self._settings = settings
        self._now_ms = to_ms(now)

    @classmethod
    def open(cls, path: Path, settings: RecorderSettings, now: datetime) -> Self:
        """Open the database, which is made if there is none.

        Raises:
            RecorderError: it cannot be opened or written, is damaged, or from a newer EdgePi.
        """
        try:
            database = connect(path)
            migrate(database, path)
        except sqlite3.Error as error:
            raise _told(error) from error
        return cls(database, settings, now)

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()

    def write(self, values: Mapping[str, Sequence[DatedValue]]) -> Written:
        """Write values of entities; see `edgepi.plugin.HistoryWriter`."""
        done, blocks = Written(), []
        try:
            for entity_id, dated in values.items():
                counted, packed = self._packed(entity_id, _points(entity_id, dated))
                done = done.plus(counted)
                blocks += packed
            self._commit(blocks)
        except sqlite3.Error as error:
            raise _told(error) from error
        return done

    def _packed(self, entity_id: str, points: Sequence[Point]) -> tuple[Written, list[_Block]]:
        if not points or is_excluded(self._settings, entity_id):
            return Written(left_out=len(points)), []
        recorded = self._recorded(entity_id, points[0][0], points[-1][0])
        counts = {"written": 0, "recorded": 0, "left_out": 0}
        blocks: list[_Block] = []
        for hour, group in groupby(points, lambda point: point[0] // HOUR_MS):
            within = list(group)
            fresh = [] if hour in recorded else list(self._blocks(entity_id, hour, within))
            counts["recorded" if hour in recorded else "written" if fresh else "left_out"] += len(within)
            blocks += fresh
        return Written(**counts), blocks

    def _recorded(self, entity_id: str, first_ms: int, last_ms: int) -> set[int]:
        row = self._database.execute("SELECT number FROM entity WHERE entity_id = ?", (entity_id,)).fetchone()
        if row is None:
            return set()
        asked = {"entity": row[0], "start": first_ms // HOUR_MS * HOUR_MS, "end": last_ms}
        return {hour for (hour,) in self._database.execute(_RECORDED, asked)}

    def _blocks(self, entity_id: str, hour: int, points: Sequence[Point]) -> Iterator[_Block]:
        start_ms = hour * HOUR_MS
        if start_ms + HOUR_MS > self._now_ms:
            return
        if self._kept("raw", entity_id, start_ms):
            yield _Block("raw", hour, entity_id, pack_points(points, start_ms))
        for tier in SUMMARY_TIERS:
            if self._kept(tier, entity_id, start_ms):
                buckets = summarise(points, STEP_MS[tier])
                yield _Block(tier, hour, entity_id, pack_buckets(buckets, start_ms))

    def _kept(self, tier: Tier, entity_id: str, start_ms: int) -> bool:
        settings = self._settings
        usual: dict[Tier, float | None] = {
            "raw": settings.keep_raw_days,
            "5min": settings.keep_five_minutes_days,
            "hour": settings.keep_hours_days,
        }
        own = days_for(settings, entity_id)
        days = usual[tier] if own is None else own
        return days is None or start_ms + HOUR_MS > self._now_ms - round(days * DAY_MS)

    def _commit(self, blocks: Sequence[_Block]) -> None:
        if not blocks:
            return
        database = self._database
        database.execute("BEGIN IMMEDIATE")
        try:
            database.execute("INSERT OR IGNORE INTO segment VALUES (?, 0, 0, 0)", (SEGMENT,))
            numbers = {entity_id: self._number(entity_id) for entity_id in {b.entity_id for b in blocks}}
            database.executemany(
                "INSERT OR IGNORE INTO period VALUES (?, ?, ?)",
                [(_FIRST_PERIOD + hour, SEGMENT, hour * HOUR_MS) for hour in {b.hour for b in blocks}],
            )
            for tier, table in BLOCKS.items():
                database.executemany(
                    f"INSERT OR REPLACE INTO {table} VALUES (?, ?)",  # noqa: S608 (a name of our own)
                    [
                        ((_FIRST_PERIOD + b.hour) * 65536 + numbers[b.entity_id], b.data)
                        for b in blocks
                        if b.tier == tier
                    ],
                )
            database.execute("COMMIT")
        except BaseException:
            if database.in_transaction:
                database.execute("ROLLBACK")
            raise

    def _number(self, entity_id: str) -> int:
        number = number_of_entity(self._database, entity_id)
        if number > ENTITIES_MAX:
            raise RecorderError(f"there is no room for {entity_id}: the history has {ENTITIES_MAX} entities")
        return number


def _points(entity_id: str, dated: Sequence[DatedValue]) -> list[Point]:
    for each in dated:
        if each.time_utc.tzinfo is None:
            raise RequestError(f"{each.time_utc} has no time zone")
    points: list[Point] = [
        (to_ms(at), UNKNOWN, None)
        if value is None or not math.isfinite(value)
        else (to_ms(at), FLOAT, float(value))
        for at, value in dated
    ]
    if any(later[0] < earlier[0] for earlier, later in pairwise(points)):
        raise RequestError(f"the values of {entity_id} are not in order of time")
    return points


def _told(error: sqlite3.Error) -> RecorderError:
    return RecorderError(
        f"the history cannot be written: {error}", hint="is the disk full, or the file damaged?"
    )
