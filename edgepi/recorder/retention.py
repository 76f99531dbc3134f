"""What is kept how long, and letting go of the rest in small steps."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase

from edgepi.config.settings import RecorderSettings
from edgepi.recorder.samples import Tier
from edgepi.recorder.schema import BLOCKS
from edgepi.recorder.tiers import DAY_MS

__all__ = ["days_for", "is_excluded", "purge"]

_STEP = 1000
_EXPIRED = """
    SELECT b.id FROM period p CROSS JOIN {table} b
    ON b.id BETWEEN p.number * 65536 AND p.number * 65536 + 65535
    WHERE p.hour_ms + 3600000 <= ? AND b.id & 65535 {which} LIMIT ?
"""
_EMPTY_PERIODS = """
    DELETE FROM period WHERE number IN (
        SELECT number FROM period p WHERE hour_ms + 3600000 <= ? AND NOT EXISTS (
            SELECT 1 FROM block_raw WHERE id BETWEEN p.number * 65536 AND p.number * 65536 + 65535
        ) AND NOT EXISTS (
            SELECT 1 FROM block_5min WHERE id BETWEEN p.number * 65536 AND p.number * 65536 + 65535
        ) AND NOT EXISTS (
            SELECT 1 FROM block_hour WHERE id BETWEEN p.number * 65536 AND p.number * 65536 + 65535
        )
    )
"""
_OLD_DECISIONS = """
    DELETE FROM decision WHERE (segment, t, place) IN (
        SELECT d.segment, d.t, d.place FROM segment s CROSS JOIN decision d ON d.segment = s.number
        WHERE s.wall_ms + d.t < ? LIMIT ?
    )
"""


def is_excluded(settings: RecorderSettings, entity_id: str) -> bool:
    """Tell whether nothing is recorded of an entity."""
    return any(fnmatchcase(entity_id, pattern) for pattern in settings.exclude)


def days_for(settings: RecorderSettings, entity_id: str) -> float | None:
    """Return the days of the first pattern that matches, which then hold for every tier."""
    return next((d for pattern, d in settings.keep_days.items() if fnmatchcase(entity_id, pattern)), None)


def purge(
    database: sqlite3.Connection, settings: RecorderSettings, now_ms: int, *, step: int = _STEP
) -> bool:
    """Delete at most about *step* expired blocks; return whether there are more.

    Decisions are kept as long as the 5-minute tier.
    """
    limits: dict[Tier, float | None] = {
        "raw": settings.keep_raw_days,
        "5min": settings.keep_five_minutes_days,
        "hour": settings.keep_hours_days,
    }
    own = _own_limits(settings, dict(database.execute("SELECT entity_id, number FROM entity")))
    for tier, usual in limits.items():
        for days, which in _groups(usual, own):
            cutoff_ms = now_ms - round(days * DAY_MS)
            query = _EXPIRED.format(table=BLOCKS[tier], which=which)
            expired = database.execute(query, (cutoff_ms, step)).fetchall()
            database.executemany(f"DELETE FROM {BLOCKS[tier]} WHERE id = ?", expired)  # noqa: S608
            step -= len(expired)
            if step <= 0:
                return True
    if settings.keep_five_minutes_days is not None:
        cutoff_ms = now_ms - round(settings.keep_five_minutes_days * DAY_MS)
        step -= database.execute(_OLD_DECISIONS, (cutoff_ms, step)).rowcount
    shortest = min((d for d in [*limits.values(), *own] if d is not None), default=None)
    if shortest is not None:
        database.execute(_EMPTY_PERIODS, (now_ms - round(shortest * DAY_MS),))
    return step <= 0


def _own_limits(settings: RecorderSettings, numbers: Mapping[str, int]) -> dict[float, list[int]]:
    own: dict[float, list[int]] = defaultdict(list)
    for entity_id, number in numbers.items():
        days = days_for(settings, entity_id)
        if days is not None:
            own[days].append(number)
    return own


def _groups(usual: float | None, own: Mapping[float, list[int]]) -> Iterator[tuple[float, str]]:
    """Yield (days, SQL condition on the entity's number) for each limit."""
    if usual is not None:
        others = ",".join(str(n) for numbers in own.values() for n in numbers)
        yield usual, f"NOT IN ({others})"
    for days, numbers in own.items():
        yield days, f"IN ({','.join(map(str, numbers))})"
