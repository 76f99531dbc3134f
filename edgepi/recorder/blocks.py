"""One entity's hour as one small blob.

Columns instead of rows, times as differences, the bytes of numbers sorted by their place
(all lowest bytes, all second bytes, ...) and the whole deflated: a reading takes about 7 bytes.

Layout, little endian: one byte (1: deflated), then count and length of JSON as uint32, times
(int32, differences in ms), kinds (uint8), numbers (float64, for kind FLOAT only), JSON of what
else has a value. Intervals add counts (uint32), kinds at the end (uint8), and mean, min and
max (float64, not-a-number for none).
"""

from __future__ import annotations

import json
import math
import struct
import zlib
from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise
from typing import Any, Final, NamedTuple

from edgepi.recorder.samples import FLOAT, INT, TEXT, TIME, Point, Stored
from edgepi.recorder.tiers import Bucket

__all__ = ["Columns", "pack_buckets", "pack_points", "unpack_buckets", "unpack_points"]

_HEADER: Final = struct.Struct("<II")
_LISTED: Final = (INT, TEXT, TIME)
_NAN: Final = math.nan


class Columns(NamedTuple):
    """Points, column by column: wall time in ms, kinds, stored values."""

    times: Sequence[int]
    kinds: bytes
    values: Sequence[Stored]


def pack_points(points: Sequence[Point], start_ms: int) -> bytes:
    """Pack points; times must lie within 24 days of *start_ms* and of each other."""
    return _deflate(_body(points, start_ms))


def unpack_points(data: bytes, start_ms: int) -> Columns:
    """Return what `pack_points` was given."""
    return _columns(_inflate(data), start_ms)[0]


def pack_buckets(buckets: Sequence[Bucket], start_ms: int) -> bytes:
    """Pack intervals; the same limits as for points."""
    body = _body([(b.ms, b.kind, b.value) for b in buckets], start_ms)
    readings = _column("I", [b.readings for b in buckets])
    ends = bytes(b.end_kind for b in buckets)
    numbers = (_column("d", [_NAN if b[place] is None else b[place] for b in buckets]) for place in _SUMMARY)
    return _deflate(b"".join((body, readings, ends, *numbers)))


def unpack_buckets(data: bytes, start_ms: int) -> list[Bucket]:
    """Return what `pack_buckets` was given."""
    body = _inflate(data)
    columns, at = _columns(body, start_ms)
    n = len(columns.times)
    readings = _numbers("I", body[at : at + 4 * n])
    ends = body[at + 4 * n : at + 5 * n]
    at += 5 * n
    means, mins, maxs = (_numbers("d", body[at + i * 8 * n : at + (i + 1) * 8 * n]) for i in range(3))
    return [
        Bucket(ms, count, _none(mean), _none(least), _none(most), kind, value, end)
        for ms, kind, value, count, end, mean, least, most in zip(
            *columns, readings, ends, means, mins, maxs, strict=True
        )
    ]


_SUMMARY: Final = tuple(Bucket._fields.index(name) for name in ("mean", "min", "max"))


def _body(points: Sequence[Point], start_ms: int) -> bytes:
    times = [point[0] for point in points]
    steps = [b - a for a, b in pairwise([start_ms, *times])]
    kinds = bytes(point[1] for point in points)
    floats = [value for _, kind, value in points if kind == FLOAT]
    listed = [value for _, kind, value in points if kind in _LISTED]
    rest = json.dumps(listed, separators=(",", ":")).encode() if listed else b""
    head = _HEADER.pack(len(points), len(rest))
    return b"".join((head, _column("i", steps), kinds, _column("d", floats), rest))


def _columns(body: bytes, start_ms: int) -> tuple[Columns, int]:
    n, rest_size = _HEADER.unpack_from(body)
    at = _HEADER.size + 4 * n
    times = list(accumulate(_numbers("i", body[_HEADER.size : at]), initial=start_ms))[1:]
    kinds = body[at : at + n]
    rest_at = at + n + 8 * kinds.count(FLOAT)
    floats: Sequence[Stored] = _numbers("d", body[at + n : rest_at])
    end = rest_at + rest_size
    if len(floats) == n:
        return Columns(times, kinds, floats), end
    return Columns(times, kinds, _mixed(kinds, floats, json.loads(body[rest_at:end] or b"[]"))), end


def _mixed(kinds: bytes, floats: Iterable[Stored], listed: Iterable[Stored]) -> list[Stored]:
    floats, listed = iter(floats), iter(listed)
    return [next(floats) if kind == FLOAT else next(listed) if kind in _LISTED else None for kind in kinds]


def _column(code: str, values: Sequence[object]) -> bytes:
    packed = struct.pack(f"<{len(values)}{code}", *values)
    size = struct.calcsize(f"<{code}")
    return b"".join(packed[place::size] for place in range(size))


def _numbers(code: str, column: bytes) -> tuple[Any, ...]:
    size = struct.calcsize(f"<{code}")
    n = len(column) // size
    packed = bytearray(len(column))
    for place in range(size):
        packed[place::size] = column[place * n : (place + 1) * n]
    return struct.unpack(f"<{n}{code}", packed)


def _none(number: float) -> float | None:
    return None if math.isnan(number) else number


def _deflate(body: bytes) -> bytes:
    small = zlib.compress(body)
    return b"\x01" + small if len(small) < len(body) else b"\x00" + body


def _inflate(data: bytes) -> bytes:
    return zlib.decompress(data[1:]) if data[0] else data[1:]
