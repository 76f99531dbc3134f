"""From readings to intervals, and where gaps are shown; pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Final, NamedTuple

from edgepi.recorder.samples import FLOAT, Point, Stored, Tier, number_of

__all__ = ["DAY_MS", "HOUR_MS", "STEP_MS", "SUMMARY_TIERS", "Bucket", "choose_tier", "merge", "summarise"]

HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS
SUMMARY_TIERS: Final[tuple[Tier, ...]] = ("5min", "hour")
STEP_MS: Final[dict[Tier, int]] = {"raw": 1, "5min": 300_000, "hour": HOUR_MS}


class Bucket(NamedTuple):
    """An interval: start, number of values, their mean, least and most, the last one, how it ended."""

    ms: int
    readings: int
    mean: float | None
    min: float | None
    max: float | None
    kind: int
    value: Stored
    end_kind: int


def choose_tier(span_ms: int) -> Tier:
    """Return the finest tier that shows a span in some thousand samples at most."""
    if span_ms <= DAY_MS // 4:
        return "raw"
    return "5min" if span_ms <= 8 * DAY_MS else "hour"


def summarise(points: Iterable[Point], step_ms: int) -> list[Bucket]:
    """Gather points, in order of time, into intervals of *step_ms* that begin at its multiples."""
    return [
        _bucket(start * step_ms, list(group)) for start, group in groupby(points, lambda p: p[0] // step_ms)
    ]


def _bucket(ms: int, points: Sequence[Point]) -> Bucket:
    known = [point for point in points if point[1] >= FLOAT]
    numbers = [n for _, kind, value in known if (n := number_of(kind, value)) is not None]
    _, kind, value = (known or points)[-1]
    mean = sum(numbers) / len(numbers) if numbers else None
    least, most = (min(numbers), max(numbers)) if numbers else (None, None)
    return Bucket(ms, len(known), mean, least, most, kind, value, points[-1][1])


def merge(buckets: Iterable[Bucket]) -> Iterator[Bucket]:
    """Join what belongs to the same interval, in the order recorded; needs them in order of time."""
    for _, group in groupby(buckets, lambda b: b.ms):
        first, *others = group
        for other in others:
            first = _join(first, other)
        yield first


def _join(a: Bucket, b: Bucket) -> Bucket:
    if not a.readings or not b.readings:
        return (a if a.readings else b)._replace(end_kind=b.end_kind)
    mean = b.mean if a.mean is None else a.mean
    if a.mean is not None and b.mean is not None:
        mean = (a.mean * a.readings + b.mean * b.readings) / (a.readings + b.readings)
    least = min((x for x in (a.min, b.min) if x is not None), default=None)
    most = max((x for x in (a.max, b.max) if x is not None), default=None)
    return Bucket(a.ms, a.readings + b.readings, mean, least, most, b.kind, b.value, b.end_kind)
