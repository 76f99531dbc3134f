"""The planes of one picture, and the small copy of it that the detector works on."""

from __future__ import annotations

import math
from collections import deque
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
# From what a quarter of sums of four normal values lie below to the standard deviation of one.
GRAIN_OF_STEP = 1.57
# What waves comes and goes, grain stays.
RISE, FALL = 0.02, 0.2
COARSE, COARSER = 2.5, 5.0
# Five pictures at 25 a second: long enough for drops to pass, short enough for what walks.
MOMENT_S = 0.17


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
    """The median, of an even number the lower of the two; in a fraction of the time that numpy's takes."""
    return _ranked(values, (values.size - 1) // 2)


def quarter(values: NDArray[Any]) -> float:
    """What a quarter of *values* lie below."""
    return _ranked(values, values.size // 4)


def _ranked(values: NDArray[Any], place: int) -> float:
    ranked = values.flatten()
    ranked.partition(place)
    return float(ranked[place])


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

    def part(self, place: tuple[slice, slice]) -> Planes:
        """Some rows and columns of it, not copied."""
        return Planes(self.luma[place], tuple(plane[place] for plane in self.chroma))

    def __iter__(self) -> Iterator[Bytes]:
        yield self.luma
        yield from self.chroma

    def copied(self) -> tuple[Bytes, ...]:
        """All planes, as copies of their own."""
        return tuple(plane.copy() for plane in self)


class Grain:
    """How noisy pictures are, from one to the next; makes them as smooth as that needs.

    Where grain is coarse, each cell is the median of the last moment's pictures, which also leaves out drops
    and flakes, and the mean of its neighbours.
    """

    def __init__(self) -> None:
        self._before: Bytes | None = None
        self._level = 0.0
        self._seen = 0
        self._recent: deque[tuple[float, Planes]] = deque()
        self.coarse = False

    def gather(self, planes: Planes, time_s: float) -> None:
        """Take in a picture that helps to see the next one."""
        self._recent.append((time_s, planes))
        while self._recent and not 0.0 <= time_s - self._recent[0][0] < MOMENT_S:
            self._recent.popleft()

    def calmed(self, planes: Planes, time_s: float) -> Planes:
        """*planes*, smoothed if they are noisy."""
        self._measure(planes.luma[1::4])
        if not self.coarse:
            self._recent.clear()
            return planes
        self.gather(planes, time_s)
        together = [each for _time_s, each in self._recent]
        width = 5 if self._level > COARSER * math.sqrt(len(together)) else 3
        return _typical(together).smoothed(width)

    def _measure(self, rows: Bytes) -> None:
        if self._before is not None and min(rows.shape) > 8:
            step = cv2.subtract(rows, self._before, dtype=cv2.CV_16S)
            level = quarter(np.abs(step[:, 4::3] - step[:, :-4:3])) * GRAIN_OF_STEP
            self._seen += 1
            rate = FALL if level < self._level else RISE
            self._level += (level - self._level) * max(rate, 1.0 / self._seen)
            # With some reluctance to go back.
            self.coarse = self._level > COARSE * (0.8 if self.coarse else 1.0)
        self._before = rows.copy()


def _typical(together: list[Planes]) -> Planes:
    if len(together) == 1:
        return together[0]
    luma, *chroma = (_median(list(planes)) for planes in zip(*together, strict=True))
    return Planes(luma, tuple(chroma))


def _median(planes: list[Bytes]) -> Bytes:
    """Per cell, of the last five or three; by comparing whole planes: far faster than to sort."""
    if len(planes) == 2:
        return np.asarray(cv2.addWeighted(planes[0], 0.5, planes[1], 0.5, 0.0), np.uint8)
    *others, last = planes[-5:] if len(planes) >= 5 else planes[-3:]
    low, high = cv2.min(others[0], others[1]), cv2.max(others[0], others[1])
    if len(others) == 4:
        # Neither the lowest nor the highest of four is the median of five.
        low = cv2.max(low, cv2.min(others[2], others[3]))
        high = cv2.min(high, cv2.max(others[2], others[3]))
        low, high = cv2.min(low, high), cv2.max(low, high)
    return np.asarray(cv2.max(low, cv2.min(high, last)), np.uint8)
