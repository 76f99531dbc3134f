"""MPEG transport streams, as far as playing one over and over needs: where pictures begin, and their times.

Packets of 188 bytes after ISO/IEC 13818-1: a header of 4 bytes (2.4.3.2), an adaptation field with the
clock reference (2.4.3.4), and packetised streams whose headers carry the times of pictures (2.4.3.6).
"""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from dataclasses import dataclass

from edgepi.errors import WorldError

__all__ = ["PACKET", "TICKS_PER_S", "Film", "Piece", "film_of", "restamped"]

PACKET = 188
TICKS_PER_S = 90_000
_WRAPS = 1 << 33
_SYNC, _VIDEO = 0x47, range(0xE0, 0xF0)
_TABLES = frozenset({0, 17})  # what is in the stream; the table of the pictures' stream follows from it


@dataclass(frozen=True, slots=True)
class Piece:
    """One picture: its bytes from *start* to *end*, tables before it included, at *time_s* of the film."""

    time_s: float
    start: int
    end: int
    key: bool


@dataclass(frozen=True, slots=True)
class Film:
    """A whole stream."""

    data: bytes
    pieces: tuple[Piece, ...]
    length_s: float


def film_of(data: bytes) -> Film:
    """Find the pictures of a stream; raises WorldError if it is none that can be played."""
    if not data or len(data) % PACKET or data[0] != _SYNC:
        raise WorldError("the film is no transport stream")
    starts: list[tuple[float, int, bool]] = []
    begin: int | None = 0
    for at in range(0, len(data), PACKET):
        if (ticks := _picture_ticks(data, at)) is not None:
            starts.append((ticks / TICKS_PER_S, at if begin is None else begin, _is_key(data, at)))
            begin = None
        elif begin is None and _stream(data, at) in _TABLES:
            begin = at
        elif begin is not None and at > begin and not _is_table(data, at):
            begin = None
    if len(starts) < 2 or not starts[0][2]:
        raise WorldError("the film has no pictures to begin with")
    return _cut(data, starts)


def _cut(data: bytes, starts: list[tuple[float, int, bool]]) -> Film:
    ends = [start for _, start, _ in starts[1:]] + [len(data)]
    first_s = starts[0][0]
    pieces = tuple(
        Piece(time_s - first_s, start, end, key)
        for (time_s, start, key), end in zip(starts, ends, strict=True)
    )
    between_s = pieces[-1].time_s / (len(pieces) - 1)
    return Film(data, pieces, pieces[-1].time_s + between_s)


def restamped(film: Film, piece: Piece, at_s: float, counters: MutableMapping[int, int]) -> bytes:
    """Return a piece as if it were played at *at_s*; *counters* of its packets go on, and are taken on."""
    later = round((at_s - piece.time_s) * TICKS_PER_S)
    packets = bytearray(film.data[piece.start : piece.end])
    for at in range(0, len(packets), PACKET):
        stream = _stream(packets, at)
        counters[stream] = counters.get(stream, -1) + _has_payload(packets, at)
        packets[at + 3] = packets[at + 3] & 0xF0 | counters[stream] & 0x0F
        _move_clock(packets, at, later)
        for place in _times(packets, at):
            _write_time(packets, place, _read_time(packets, place) + later)
    return bytes(packets)


def _stream(data: bytes | bytearray, at: int) -> int:
    return (data[at + 1] & 0x1F) << 8 | data[at + 2]


def _has_payload(data: bytes | bytearray, at: int) -> bool:
    return bool(data[at + 3] & 0x10)


def _payload(data: bytes | bytearray, at: int) -> int:
    adapted = data[at + 3] & 0x20
    return at + 4 + (1 + data[at + 4] if adapted else 0)


def _is_table(data: bytes | bytearray, at: int) -> bool:
    start = _payload(data, at)
    return bool(data[at + 1] & 0x40) and data[start : start + 3] != b"\0\0\1"


def _is_key(data: bytes, at: int) -> bool:
    return bool(data[at + 3] & 0x20 and data[at + 4] and data[at + 5] & 0x40)


def _times(data: bytes | bytearray, at: int) -> Iterator[int]:
    """Yield where the times of the picture that begins in this packet stand."""
    start = _payload(data, at)
    begins = data[at + 1] & 0x40 and _has_payload(data, at) and start + 19 <= at + PACKET
    if not begins or data[start : start + 3] != b"\0\0\1" or data[start + 3] not in _VIDEO:
        return
    told = data[start + 7]
    if told & 0x80:
        yield start + 9
    if told & 0xC0 == 0xC0:
        yield start + 14


def _picture_ticks(data: bytes, at: int) -> int | None:
    return next((_read_time(data, place) for place in _times(data, at)), None)


def _read_time(data: bytes | bytearray, at: int) -> int:
    high, middle, low = (
        data[at] >> 1 & 7,
        data[at + 1] << 7 | data[at + 2] >> 1,
        data[at + 3] << 7 | data[at + 4] >> 1,
    )
    return high << 30 | middle << 15 | low


def _write_time(data: bytearray, at: int, ticks: int) -> None:
    ticks %= _WRAPS
    data[at] = data[at] & 0xF1 | ticks >> 29 & 0x0E
    data[at + 1] = ticks >> 22 & 0xFF
    data[at + 2] = ticks >> 14 & 0xFE | 1
    data[at + 3] = ticks >> 7 & 0xFF
    data[at + 4] = ticks << 1 & 0xFE | 1


def _move_clock(data: bytearray, at: int, later: int) -> None:
    if not (data[at + 3] & 0x20 and data[at + 4] >= 7 and data[at + 5] & 0x10):
        return
    base = int.from_bytes(data[at + 6 : at + 10], "big") << 1 | data[at + 10] >> 7
    base = (base + later) % _WRAPS
    data[at + 6 : at + 10] = (base >> 1).to_bytes(4, "big")
    data[at + 10] = data[at + 10] & 0x7F | (base & 1) << 7
