"""The planes of one picture, and the small copy of it that the detector works on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["GRID_HEIGHT", "GRID_WIDTH", "Bytes", "Picture", "Planes", "grid_size", "reduced"]

Bytes = NDArray[np.uint8]

GRID_WIDTH = 320
GRID_HEIGHT = 240


@dataclass(frozen=True, slots=True)
class Picture:
    """Planes of yuv420p: *luma* (h, w), *u* and *v* at half that size, or None if the picture is grey."""

    luma: Bytes
    u: Bytes | None = None
    v: Bytes | None = None


def grid_size(height: int, width: int) -> tuple[int, int]:
    """Height and width of the detector's grid: as the picture, but no larger than 320x240 holds."""
    shrink = max(1.0, width / GRID_WIDTH, height / GRID_HEIGHT)
    return max(1, round(height / shrink)), max(1, round(width / shrink))


def reduced(plane: Bytes, size: tuple[int, int]) -> Bytes:
    """*plane* averaged down (or blown up) to *size* (height, width)."""
    height, width = size
    if plane.shape == size:
        return plane
    finer = plane.shape[0] >= height and plane.shape[1] >= width
    scaled = cv2.resize(plane, (width, height), interpolation=cv2.INTER_AREA if finer else cv2.INTER_LINEAR)
    return np.asarray(scaled, np.uint8)


@dataclass(frozen=True, slots=True)
class Planes:
    """One picture at the detector's grid: *luma* at the grid, *chroma* (u, v or nothing) at half of it."""

    luma: Bytes
    chroma: tuple[Bytes, ...] = ()

    @classmethod
    def of(cls, picture: Picture, size: tuple[int, int]) -> Planes:
        """*picture* reduced to *size*."""
        half = (max(1, size[0] // 2), max(1, size[1] // 2))
        chroma = [plane for plane in (picture.u, picture.v) if plane is not None]
        return cls(reduced(picture.luma, size), tuple(reduced(plane, half) for plane in chroma))

    def __iter__(self) -> Iterator[Bytes]:
        yield self.luma
        yield from self.chroma

    def copied(self) -> tuple[Bytes, ...]:
        """All planes, as copies of their own."""
        return tuple(plane.copy() for plane in self)
