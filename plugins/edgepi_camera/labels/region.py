"""The part of a picture that is worth a look: where things move, and some room around."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from edgepi_camera.model import Box

__all__ = ["Region", "meets", "region_of"]

ROOM = 0.35
COVERED = 0.25


@dataclass(frozen=True, slots=True)
class Region:
    """In pixels; *right* and *bottom* lie outside."""

    left: int
    top: int
    right: int
    bottom: int


def region_of(shape: tuple[int, ...], boxes: Sequence[Box], least: int) -> Region:
    """A part of a picture of *shape* that holds the *boxes* and room around, *least* pixels large if it can.

    Without boxes it is the whole picture.
    """
    height, width = shape[:2]
    if not boxes:
        return Region(0, 0, width, height)
    left, right = min(box.x for box in boxes), max(box.x + box.width for box in boxes)
    top, bottom = min(box.y for box in boxes), max(box.y + box.height for box in boxes)
    across, down = (right - left) * width * (1 + 2 * ROOM), (bottom - top) * height * (1 + 2 * ROOM)
    side = max(across, down, least)
    first = _span((left + right) / 2 * width, side, width)
    second = _span((top + bottom) / 2 * height, side, height)
    return Region(first[0], second[0], first[1], second[1])


def _span(centre: float, side: float, limit: int) -> tuple[int, int]:
    """Where a stretch of this length around *centre* begins and ends, moved so that it lies inside."""
    length = min(round(side), limit)
    begin = min(max(0, round(centre - length / 2)), limit - length)
    return begin, begin + length


def meets(thing: tuple[float, float, float, float], boxes: Sequence[Box], shape: tuple[int, ...]) -> bool:
    """Whether a *thing* (x, y, width, height in pixels) is what moves: one covers a quarter of the other."""
    if not boxes:
        return True
    height, width = shape[:2]
    x, y, across, down = thing
    for box in boxes:
        common = _common(x, across, box.x * width, box.width * width)
        common *= _common(y, down, box.y * height, box.height * height)
        if common > COVERED * min(across * down, box.width * width * box.height * height):
            return True
    return False


def _common(begin: float, length: float, other: float, other_length: float) -> float:
    return max(0.0, min(begin + length, other + other_length) - max(begin, other))
