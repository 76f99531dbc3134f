"""Pictures and things for the tests of motion."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from edgepi_camera.model import Sight
from edgepi_camera.motion.blobs import Blob
from edgepi_camera.motion.detector import Detector
from edgepi_camera.motion.picture import Picture
from edgepi_camera.motion.track import Track
from edgepi_camera.motion.tracks import Tracker

__all__ = ["SIZE", "STEP_S", "Stage", "blob", "ended", "followed", "going", "textured"]

SIZE = (120, 160)
STEP_S = 0.1
Bytes = NDArray[np.uint8]
Lights = NDArray[np.float32]


def textured(height: int, width: int, *, seed: int, lowest: int = 60, highest: int = 190) -> Bytes:
    """A plane with detail, as walls and grass have."""
    rng = np.random.default_rng(seed)
    coarse = rng.uniform(lowest, highest, (max(2, height // 12), max(2, width // 12))).astype(np.float32)
    return np.asarray(
        cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC).clip(1, 254), np.uint8
    )


class Stage:
    """A place with a little noise, on which a thing stands or goes, in any *light*."""

    def __init__(self, size: tuple[int, int] = SIZE) -> None:
        self._size = size
        self._place = textured(*size, seed=1)
        self._thing = textured(max(1, size[0] // 4), max(1, size[1] // 10), seed=2, lowest=5, highest=250)
        self._noise = np.random.default_rng(3).normal(0.0, 1.5, (7, *size)).astype(np.float32)
        self._count = 0

    def picture(self, at: tuple[float, float] | None = None, light: float | Lights = 1.0) -> Picture:
        """The place, with the thing's middle *at* (shares) if it is there."""
        luma = self._place.copy()
        if at is not None:
            self._paste(luma, at)
        self._count += 1
        noisy = luma * np.asarray(light, np.float32) + self._noise[self._count % len(self._noise)]
        grey = np.full((self._size[0] // 2, self._size[1] // 2), 128, np.uint8)
        return Picture(noisy.clip(0, 255).astype(np.uint8), grey, grey)

    def _paste(self, luma: Bytes, at: tuple[float, float]) -> None:
        high, wide = self._thing.shape
        left, top = round(at[0] * luma.shape[1] - wide / 2), round(at[1] * luma.shape[0] - high / 2)
        begin, end = max(0, left), min(luma.shape[1], left + wide)
        rows = slice(max(0, top), min(luma.shape[0], top + high))
        luma[rows, begin:end] = self._thing[rows.start - top : rows.stop - top, begin - left : end - left]

    def still(self, seconds: float, light: float = 1.0) -> Iterator[Picture]:
        """Nothing but the place."""
        for _ in range(round(seconds / STEP_S)):
            yield self.picture(light=light)

    def shaded(self, seconds: float) -> Iterator[Picture]:
        """A soft shadow goes from the left to the right."""
        columns = np.linspace(0.0, 1.0, self._size[1], dtype=np.float32)
        for at in np.linspace(-0.4, 1.4, round(seconds / STEP_S)).tolist():
            light = 1.0 - 0.4 * np.exp(-np.square((columns - at) / 0.2))
            yield self.picture(light=light.astype(np.float32))

    def walk(self, begin: float, end: float, seconds: float, *, row: float = 0.5) -> Iterator[Picture]:
        """The thing goes from column to column (shares)."""
        for x in np.linspace(begin, end, round(seconds / STEP_S)).tolist():
            yield self.picture((x, row))


def ended(detector: Detector, pictures: Iterator[Picture], begin_s: float = 0.0) -> list[Sight]:
    """What *detector* says of each of *pictures*, from *begin_s* on."""
    return [detector.see(picture, begin_s + k * STEP_S) for k, picture in enumerate(pictures)]


NOTHING = Blob(
    label=1, x=0, y=0, width=8, height=12, area=90, cx=4.0, cy=6.0, weight=90.0, edges=2.0, busy=0.0, side=""
)


def blob(x: float, y: float, width: int = 8, height: int = 12, **other: Any) -> Blob:
    """A blob whose middle is at *x*, *y*."""
    area = int(0.9 * width * height)
    made = replace(
        NOTHING,
        x=round(x - width / 2),
        y=round(y - height / 2),
        width=width,
        height=height,
        cx=x,
        cy=y,
        area=area,
        weight=float(area),
    )
    return replace(made, **other)


def followed(tracker: Tracker, blobs: list[list[Blob]], begin_s: float = 0.0) -> list[Track]:
    """The tracks of the last of *blobs*, which are seen one after another."""
    seen: list[Track] = []
    for k, now in enumerate(blobs):
        seen = tracker.follow(now, begin_s + k * STEP_S)
    return seen


def going(columns: float, count: int = 15) -> list[list[Blob]]:
    """A thing that goes so many *columns* from sight to sight."""
    return [[blob(20.0 + columns * k, 60.0)] for k in range(count)]
