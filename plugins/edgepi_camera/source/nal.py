"""Finds parameter sets and slices in H.264 and H.265 as Annex-B has them (ITU-T H.264 7.4.1, H.265 7.4.2)."""

from __future__ import annotations

from collections.abc import Iterator

__all__ = ["continuation", "parameter_sets"]

_START = b"\0\0\1"
_H264_SETS, _H264_PICTURES = {7, 8}, {1, 2, 3, 4, 5}
_HEVC_SETS, _HEVC_FIRST_OTHER = {32, 33, 34}, 32


def parameter_sets(data: bytes, codec: str) -> bytes:
    """The parameter sets before the first slice of *data*, each after a start code of four bytes."""
    found = b""
    for _, unit in _units(data):
        wanted, ends = _kind(unit, codec)
        if ends:
            break
        if wanted:
            found += b"\0" + _START + unit
    return found


def continuation(data: bytes, codec: str) -> int | None:
    """Where the slices of *data* begin, if the picture that they belong to began before; None if it did not.

    Tells by first_mb_in_slice being 0 (H.264 7.4.3) or first_slice_segment_in_pic_flag (H.265 7.4.7.1).
    """
    header = 2 if codec == "hevc" else 1
    start = data.find(_START)
    while start >= 0:
        unit = data[start + 3 : start + 4 + header]
        if unit and _kind(unit, codec)[1]:
            return start if len(unit) > header and not unit[header] & 0x80 else None
        start = data.find(_START, start + 3)
    return None


def _kind(unit: bytes, codec: str) -> tuple[bool, bool]:
    """Whether it is a parameter set, and whether it is a slice."""
    if codec == "hevc":
        kind = (unit[0] >> 1) & 0x3F
        return kind in _HEVC_SETS, kind < _HEVC_FIRST_OTHER
    kind = unit[0] & 0x1F
    return kind in _H264_SETS, kind in _H264_PICTURES


def _units(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Each unit and where its start code is."""
    start = data.find(_START)
    while start >= 0:
        start += len(_START)
        end = data.find(_START, start)
        unit = (data[start:] if end < 0 else data[start:end]).rstrip(b"\0")
        if unit:
            yield start - len(_START), unit
        start = end
