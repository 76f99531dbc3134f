"""What the place looks like when nothing moves: past pictures that every pixel is compared with."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from edgepi_camera.motion.light import Reference
from edgepi_camera.motion.picture import Bytes, Planes, middle
from edgepi_camera.motion.samples import SAMPLES, Samples

__all__ = ["Background", "Tolerance"]

Floats = NDArray[np.float32]

NEEDED = 4
NEEDED_BUSY = 3
EARLY_S = 2.0
RECENT_S = 0.9
OLD_EVERY = 4
MEMORY_S = 12.0
NOISE_START = 2.0
# Mean deviation to limit: 4.5 of it are 3.6 standard deviations of normal noise.
OF_NOISE = 4.5
NOISE_OF_STEP = 0.85
# Light makes differences in proportion to itself: in the dark, smaller ones count.
DARK_SHARE = 0.3
BRIGHT = 100.0
# In mean deviations, of luma and both colours together: 2.7 standard deviations of normal noise.
FAINT = 3.4
LEAST_NOISE = 1.0
OF_LIGHT = 0.03
BUSY_OF_NOISE = 3.0
BUSY_LEAST = 3.0
MOST_AWAY = 40
AROUND = np.ones((3, 3), np.uint8)


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How far a value may lie from a past one and still be the same: levels of luma, of u and v."""

    luma: float
    chroma: float


class Background:
    """Past pictures of one place, taken at set times: what some of them agree with is not new.

    Consensus of samples after H. Wang, D. Suter: "A consensus-based method for tracking" (2007); here each
    sample is a whole picture taken at a set time, half of them of the last seconds and half of a minute, and
    what is being watched moving is left out. Where the place itself is restless (mean deviation well above
    that of the rest), a pixel may also be like what its neighbours were.
    """

    def __init__(self, planes: Planes, tolerance: Tolerance, watched: Bytes | None = None) -> None:
        """*planes* is the first picture; the light of what is not *watched* does not count."""
        self._tolerance = tolerance
        self._watched = watched
        self._samples = Samples(np.concatenate(list(planes)))
        self._means: list[Floats] = [plane.astype(np.float32) for plane in planes]
        self._deviation: Floats = np.full(planes.luma.shape, NOISE_START, np.float32)
        self._chroma_noise = 1.0
        self.noise = NOISE_START
        self._seen = 0
        self._written = 0
        self._age_s = 0.0
        self._next_s = 0.0
        self._settle()

    def foreground(self, planes: Planes) -> Bytes:
        """255 where *planes* is unlike what was there before, else 0."""
        bounds = [self._bounds(planes), *map(self._chroma_bounds, planes.chroma)]
        low, high = (np.concatenate(sides) for sides in zip(*bounds, strict=True))
        new, *colours = np.split(self._samples.unlike(low, high, self._needed), len(bounds))
        for unlike in colours:
            # Where the sensor is at its end, there are no colours.
            found = unlike if planes.clipped is None else cv2.subtract(unlike, planes.clipped)
            cv2.bitwise_or(new, found, new)
        return new

    def faint(self, planes: Planes) -> Bytes:
        """255 where *planes* differ from the mean by more than grain does, all planes taken together."""
        grain = np.maximum(self._deviation, np.float32(max(self.noise, LEAST_NOISE)))
        grain = np.maximum(grain, self._means[0] * np.float32(OF_LIGHT))
        chroma = np.float32(max(self._chroma_noise, LEAST_NOISE))
        away = np.zeros(planes.luma.shape, np.float32)
        for plane, mean, noise in zip(planes, self._means, (grain, chroma, chroma), strict=False):
            away += np.square((plane - mean) / noise)
        return np.asarray(cv2.compare(away, np.array([FAINT**2], np.float32), cv2.CMP_GT), np.uint8)

    def learn(self, planes: Planes, keep_out: Bytes, elapsed_s: float) -> None:
        """Take *planes* in, but not where *keep_out* is set."""
        self._seen += 1
        self._age_s += elapsed_s
        free = np.asarray(cv2.bitwise_not(keep_out), np.uint8)
        rate = min(1.0, max(elapsed_s / MEMORY_S, 1.0 / (self._seen + 1)))
        self._learn_noise(planes, free, rate)
        for plane, mean in zip(planes, self._means, strict=True):
            cv2.accumulateWeighted(plane, mean, rate, free)
        self._settle()
        if self._age_s >= self._next_s:
            self._next_s = self._age_s + (0.0 if self._age_s < EARLY_S else RECENT_S)
            self._write([self._slot()], planes, free)

    def accept(self, planes: Planes, where: Bytes) -> None:
        """Take *planes* for the background from now on where *where* is set."""
        self._write(range(SAMPLES), planes, where)
        for plane, mean in zip(planes, self._means, strict=True):
            cv2.copyTo(plane.astype(np.float32), where, mean)
        self._settle()

    def _settle(self) -> None:
        """Work out what follows from what was learnt, and holds until more is."""
        self.means = tuple(np.asarray(cv2.convertScaleAbs(mean), np.uint8) for mean in self._means)
        self.reference = Reference.of(self.means, self._watched)
        limit = BUSY_OF_NOISE * self.noise + BUSY_LEAST
        busy = cv2.threshold(self._deviation, limit, 255, cv2.THRESH_BINARY)[1]
        self.busy = np.asarray(busy, np.uint8)
        self._limit = self._limits()
        needed = np.uint8(NEEDED) - np.minimum(self.busy, np.uint8(NEEDED - NEEDED_BUSY))
        self._needed = np.concatenate([needed] * len(self.means))

    def _limits(self) -> Bytes:
        """Per pixel, how far luma may be off: by brightness, and by its own unrest within bounds."""
        base, noise = self._tolerance.luma, OF_NOISE * self.noise
        share = base * (1.0 - DARK_SHARE) / BRIGHT
        least = cv2.convertScaleAbs(self._means[0], alpha=share, beta=base * DARK_SHARE)
        least = np.maximum(least, np.uint8(min(255.0, noise)))
        most = cv2.convertScaleAbs(least, alpha=1.5)
        own = cv2.convertScaleAbs(self._deviation, alpha=OF_NOISE)
        return np.asarray(cv2.min(cv2.max(own, least), most), np.uint8)

    def _bounds(self, planes: Planes) -> tuple[Bytes, Bytes]:
        """The lowest and the highest luma that a past one may have."""
        luma = planes.luma
        low = cv2.copyTo(cv2.erode(luma, AROUND), self.busy, luma.copy())
        high = cv2.copyTo(cv2.dilate(luma, AROUND), self.busy, luma.copy())
        low, high = cv2.subtract(low, self._limit), cv2.add(high, self._limit)
        if planes.clipped is not None:
            # What the sensor could not tell from white or black may have been any more so.
            high[(planes.clipped > 0) & (luma > 128)] = 255
            low[(planes.clipped > 0) & (luma <= 128)] = 0
        return np.asarray(low, np.uint8), np.asarray(high, np.uint8)

    def _chroma_bounds(self, plane: Bytes) -> tuple[Bytes, Bytes]:
        limit = np.uint8(max(self._tolerance.chroma, OF_NOISE * self._chroma_noise))
        return np.maximum(plane, limit) - limit, np.minimum(plane, 255 - limit) + limit

    def _learn_noise(self, planes: Planes, free: Bytes, rate: float) -> None:
        away = np.minimum(cv2.absdiff(planes.luma, self.means[0]), np.uint8(MOST_AWAY))
        cv2.accumulateWeighted(away, self._deviation, rate, free)
        if min(planes.luma.shape) <= 16:
            return
        left = cv2.subtract(planes.luma[::3], self.means[0][::3], dtype=cv2.CV_16S)
        noise = NOISE_OF_STEP * middle(np.abs(left[:, 4::3] - left[:, :-4:3]))
        self.noise += rate * (noise - self.noise)
        noises = [
            cv2.norm(plane[::5, ::5], mean[::5, ::5], cv2.NORM_L1) / plane[::5, ::5].size
            for plane, mean in zip(planes.chroma, self.means[1:], strict=True)
        ]
        self._chroma_noise += rate * (min(6.0, max(noises, default=0.0)) - self._chroma_noise)

    def _slot(self) -> int:
        self._written += 1
        half = SAMPLES // 2
        if self._age_s < EARLY_S:
            return self._written % SAMPLES
        if self._written % OLD_EVERY == 0:
            return (self._written // OLD_EVERY) % half
        return half + self._written % half

    def _write(self, indices: Iterable[int], planes: Planes, where: Bytes) -> None:
        picture = np.concatenate(list(planes))
        everywhere = np.concatenate([where] * len(self.means))
        for index in indices:
            self._samples.write(index, picture, everywhere)
