"""What the place looks like when nothing moves: past pictures that every pixel is compared with."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from edgepi_camera.motion.picture import Bytes, Planes, reduced

__all__ = ["SAMPLES", "Background", "Tolerance"]

Floats = NDArray[np.float32]

SAMPLES = 20
NEEDED = 4
NEEDED_BUSY = 3
EARLY_S = 2.0
RECENT_S = 0.9
OLD_EVERY = 4
MEMORY_S = 12.0
NOISE_START = 2.0
MEAN_TO_LIMIT = 4.5
DARK_SHARE = 0.3
BRIGHT = 100.0
BUSY_OF_NOISE = 3.0
BUSY_LEAST = 3.0
MOST_AWAY = 40.0
NOISE_OF_STEP = 0.85


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How far a value may lie from a past one and still be the same: levels of luma and of u and v, at least."""

    luma: float
    chroma: float


class Background:
    """Past pictures of one place, taken at set times: what some of them agree with is not new.

    Consensus of samples after H. Wang, D. Suter: "A consensus-based method for tracking" (2007); here each
    sample is a whole picture taken at a set time, half of them of the last seconds and half of a minute, and
    what is being watched moving is left out. Where the place itself is restless (mean deviation well above
    that of the rest), a pixel only counts as new if neither it nor its neighbours were ever like that.
    """

    def __init__(self, planes: Planes, tolerance: Tolerance) -> None:
        self._tolerance = tolerance
        self._samples = [planes.copied() for _ in range(SAMPLES)]
        self.mean: Floats = planes.luma.astype(np.float32)
        self.chroma_mean: list[Floats] = [plane.astype(np.float32) for plane in planes.chroma]
        self._deviation: Floats = np.full(planes.luma.shape, NOISE_START, np.float32)
        self._chroma_noise = 1.0
        self.noise = NOISE_START
        self._seen = 0
        self._written = 0
        self._age_s = 0.0
        self._next_s = 0.0

    def foreground(self, planes: Planes) -> Bytes:
        """255 where *planes* is unlike what was there before, else 0."""
        new = self._unlike_luma(planes)
        if planes.chroma:
            new = cv2.bitwise_or(new, self._unlike_chroma(planes))
        return np.asarray(new, np.uint8)

    @property
    def busy(self) -> Bytes:
        """255 where the place is restless by itself: leaves, water, a screen."""
        return np.asarray(
            cv2.compare(self._deviation, BUSY_OF_NOISE * self.noise + BUSY_LEAST, cv2.CMP_GT), np.uint8
        )

    def learn(self, planes: Planes, keep_out: Bytes, elapsed_s: float) -> None:
        """Take *planes* in, but not where *keep_out* is set."""
        self._seen += 1
        self._age_s += elapsed_s
        free = cv2.bitwise_not(keep_out)
        self._learn_mean(planes, free, elapsed_s)
        if self._age_s >= self._next_s:
            self._next_s = self._age_s + (0.0 if self._age_s < EARLY_S else RECENT_S)
            self._write(self._slot(), planes, free)

    def accept(self, planes: Planes, where: Bytes, samples: int = SAMPLES) -> None:
        """Take *planes* for the background from now on where *where* is set, in so many *samples*."""
        for index in range(SAMPLES - samples, SAMPLES):
            self._write(index, planes, where)
        for plane, mean in zip(planes, [self.mean, *self.chroma_mean], strict=True):
            inside = reduced(where, (plane.shape[0], plane.shape[1])) > 127
            mean[inside] = plane[inside]

    def remapped(self, tables: tuple[Bytes, ...]) -> None:
        """Look at all that was learnt in another light: *tables* say which level becomes which, per plane."""
        for sample in self._samples:
            for plane, table in zip(sample, tables, strict=True):
                cv2.LUT(plane, table, plane)
        means = [self.mean, *self.chroma_mean]
        for mean, table in zip(means, tables, strict=True):
            mean[...] = np.interp(mean, np.arange(256, dtype=np.float32), table.astype(np.float32))

    def _unlike_luma(self, planes: Planes) -> Bytes:
        luma = planes.luma
        least = self._tolerance.luma * (DARK_SHARE + (1 - DARK_SHARE) / BRIGHT * self.mean)
        least = np.maximum(least, MEAN_TO_LIMIT * self.noise)
        limit = np.clip(MEAN_TO_LIMIT * self._deviation, least, 1.5 * least).astype(np.uint8)
        busy = self.busy
        low = cv2.copyTo(cv2.erode(luma, None), busy, luma.copy())
        high = cv2.copyTo(cv2.dilate(luma, None), busy, luma.copy())
        low, high = cv2.subtract(low, limit), cv2.add(high, limit)
        if planes.clipped is not None:
            cv2.copyTo(
                np.full_like(high, 255),
                cv2.bitwise_and(planes.clipped, cv2.compare(luma, 128, cv2.CMP_GT)),
                high,
            )
            cv2.copyTo(
                np.zeros_like(low), cv2.bitwise_and(planes.clipped, cv2.compare(luma, 128, cv2.CMP_LT)), low
            )
        count = np.zeros(luma.shape, np.uint8)
        for sample in self._samples:
            np.subtract(count, cv2.inRange(sample[0], low, high), out=count)
        needed = np.where(busy, np.uint8(NEEDED_BUSY), np.uint8(NEEDED))
        return np.asarray(cv2.compare(count, needed, cv2.CMP_LT), np.uint8)

    def _unlike_chroma(self, planes: Planes) -> Bytes:
        limit = max(self._tolerance.chroma, MEAN_TO_LIMIT * self._chroma_noise)
        height, width = planes.luma.shape
        small = planes.chroma[0].shape
        busy = cv2.resize(self.busy, (small[1], small[0]), interpolation=cv2.INTER_NEAREST)
        needed = np.where(busy, np.uint8(NEEDED_BUSY), np.uint8(NEEDED))
        new = np.zeros(small, np.uint8)
        for index, plane in enumerate(planes.chroma, 1):
            low, high = cv2.subtract(plane, limit), cv2.add(plane, limit)
            count = np.zeros(small, np.uint8)
            for sample in self._samples:
                np.subtract(count, cv2.inRange(sample[index], low, high), out=count)
            cv2.bitwise_or(new, cv2.compare(count, needed, cv2.CMP_LT), new)
        new = np.asarray(cv2.resize(new, (width, height), interpolation=cv2.INTER_NEAREST), np.uint8)
        return new if planes.clipped is None else np.asarray(cv2.subtract(new, planes.clipped), np.uint8)

    def _learn_mean(self, planes: Planes, free: Bytes, elapsed_s: float) -> None:
        rate = min(1.0, max(elapsed_s / MEMORY_S, 1.0 / (self._seen + 1)))
        away = cv2.absdiff(planes.luma.astype(np.float32), self.mean)
        cv2.accumulateWeighted(cv2.min(away, MOST_AWAY), self._deviation, rate, free)
        cv2.accumulateWeighted(planes.luma, self.mean, rate, free)
        left = planes.luma[::4] - self.mean[::4]
        self.noise += rate * (
            NOISE_OF_STEP * float(np.median(np.abs(left[:, 4::3] - left[:, :-4:3]))) - self.noise
        )
        if not planes.chroma:
            return
        small = planes.chroma[0].shape
        free = np.asarray(cv2.resize(free, (small[1], small[0]), interpolation=cv2.INTER_NEAREST), np.uint8)
        noise = 0.0
        for plane, mean in zip(planes.chroma, self.chroma_mean, strict=True):
            noise = max(noise, float(np.median(np.abs(plane[::4, ::4] - mean[::4, ::4]))))
            cv2.accumulateWeighted(plane, mean, rate, free)
        self._chroma_noise += rate * (1.2 * noise - self._chroma_noise)

    def _slot(self) -> int:
        self._written += 1
        half = SAMPLES // 2
        if self._age_s >= EARLY_S and self._written % OLD_EVERY == 0:
            return (self._written // OLD_EVERY) % half
        return self._written % SAMPLES if self._age_s < EARLY_S else half + self._written % half

    def _write(self, index: int, planes: Planes, where: Bytes) -> None:
        for plane, sample in zip(planes, self._samples[index], strict=True):
            if plane.shape != where.shape:
                size = (plane.shape[1], plane.shape[0])
                where = np.asarray(cv2.resize(where, size, interpolation=cv2.INTER_NEAREST), np.uint8)
            cv2.copyTo(plane, where, sample)
