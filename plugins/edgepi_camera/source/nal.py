"""Finds parameter sets in H.264 and H.265 as Annex-B has them (ITU-T H.264 7.4.1, H.265 7.4.2)."""

from __future__ import annotations

from collections.abc import Iterator

__all__ = ["parameter_sets"]

_START = b"\0\0\1"
_H264_SETS, _H264_PICTURES = {7, 8}, {1, 2, 3, 4, 5}
_HEVC_SETS, _HEVC_FIRST_OTHER = {32, 33, 34}, 32


def parameter_sets(data: bytes, codec: str) -> bytes:
    """The parameter sets before the first slice of *data*, each after a start code of four bytes."""
    found = b""
    for unit in _units(data):
        if codec == "hevc":
            kind = (unit[0] >> 1) & 0x3F
            wanted, ends = kind in _HEVC_SETS, kind < _HEVC_FIRST_OTHER
        else:
            kind = unit[0] & 0x1F
            wanted, ends = kind in _H264_SETS, kind in _H264_PICTURES
        if ends:
            break
        if wanted:
            found += b"\0" + _START + unit
    return found


def _units(data: bytes) -> Iterator[bytes]:
    start = data.find(_START)
    while start >= 0:
        start += len(_START)
        end = data.find(_START, start)
        unit = (data[start:] if end < 0 else data[start:end]).rstrip(b"\0")
        if unit:
            yield unit
        start = end
