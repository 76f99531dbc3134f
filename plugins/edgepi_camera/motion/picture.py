"""The planes of one picture, and the small copy of it that the detector works on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = [
    "GRID_HEIGHT",
    "GRID_WIDTH",
    "Bytes",
    "Grain",
    "Picture",
    "Planes",
    "grid_size",
    "middle",
    "reduced",
]

Bytes = NDArray[np.uint8]

GRID_WIDTH = 160
GRID_HEIGHT = 120
# From the median size of a sum of four normal values to the standard deviation of one.
GRAIN_OF_STEP = 0.74
COARSE, COARSER = 2.5, 5.0


@dataclass(frozen=True, slots=True)
class Picture:
    """Planes of yuv420p: *luma* (h, w), *u* and *v* at half that size, or None if the picture is grey."""

    luma: Bytes
    u: Bytes | None = None
    v: Bytes | None = None


def grid_size(height: int, width: int) -> tuple[int, int]:
    """Height and width of the detector's grid: as the picture, but no larger than 160x120 holds."""
    shrink = max(1.0, width / GRID_WIDTH, height / GRID_HEIGHT)
    return max(1, round(height / shrink)), max(1, round(width / shrink))


def reduced(plane: Bytes, size: tuple[int, int]) -> Bytes:
    """*plane* averaged down (or blown up) to *size* (height, width)."""
    height, width = size
    # Halving has a way of its own in OpenCV, many times as fast as any other share.
    while plane.shape[0] >= 2 * height and plane.shape[1] >= 2 * width:
        halves = (plane.shape[1] // 2, plane.shape[0] // 2)
        plane = np.asarray(cv2.resize(plane, halves, interpolation=cv2.INTER_AREA), np.uint8)
    if plane.shape == size:
        return plane
    finer = plane.shape[0] >= height and plane.shape[1] >= width
    scaled = cv2.resize(plane, (width, height), interpolation=cv2.INTER_AREA if finer else cv2.INTER_LINEAR)
    return np.asarray(scaled, np.uint8)


def middle(values: NDArray[Any]) -> float:
    """The median; of few values in a fraction of the time that numpy's takes."""
    half = values.size // 2
    if values.size % 2:
        return float(np.partition(values, half, axis=None)[half])
    low, high = np.partition(values, (half - 1, half), axis=None)[half - 1 : half + 1].tolist()
    return float(0.5 * (low + high))


@dataclass(frozen=True, slots=True)
class Planes:
    """One picture on the detector's grid: *luma*, and *chroma* (u, v or nothing).

    *clipped* is 255 where the sensor was at its end (white or black) before the light was corrected.
    """

    luma: Bytes
    chroma: tuple[Bytes, ...] = ()
    clipped: Bytes | None = None

    @classmethod
    def of(cls, picture: Picture, size: tuple[int, int]) -> Planes:
        """*picture* reduced to *size*."""
        chroma = [plane for plane in (picture.u, picture.v) if plane is not None]
        return cls(reduced(picture.luma, size), tuple(reduced(plane, size) for plane in chroma))

    def smoothed(self, width: int) -> Planes:
        """Each value the mean of *width* x *width*: less grain."""
        size = (width, width)
        luma, *chroma = (np.asarray(cv2.blur(plane, size), np.uint8) for plane in self)
        return Planes(luma, tuple(chroma), self.clipped)

    def __iter__(self) -> Iterator[Bytes]:
        yield self.luma
        yield from self.chroma

    def copied(self) -> tuple[Bytes, ...]:
        """All planes, as copies of their own."""
        return tuple(plane.copy() for plane in self)


class Grain:
    """How noisy pictures are, from one to the next; smooths them as much as that needs."""

    def __init__(self) -> None:
        self._before: Bytes | None = None
        self._level = 0.0
        self._seen = 0
        self._width = 1

    @property
    def coarse(self) -> bool:
        """Whether pictures are so noisy that they are smoothed."""
        return self._width > 1

    def calmed(self, planes: Planes) -> Planes:
        """*planes*, smoothed if they are noisy."""
        rows = planes.luma[1::4]
        if self._before is not None and min(rows.shape) > 8:
            step = cv2.subtract(rows, self._before, dtype=cv2.CV_16S)
            level = middle(np.abs(step[:, 4::3] - step[:, :-4:3])) * GRAIN_OF_STEP
            self._seen += 1
            self._level += (level - self._level) * max(0.05, 1.0 / self._seen)
            self._width = self._chosen()
        self._before = rows.copy()
        return planes if self._width == 1 else planes.smoothed(self._width)

    def _chosen(self) -> int:
        """1, 3 or 5: with some reluctance to go back."""
        for width, least in ((5, COARSER), (3, COARSE)):
            if self._level > least * (0.8 if self._width >= width else 1.0):
                return width
        return 1
