"""What a camera adds of its own: white grain, drops on its lens, a clock in its picture."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.random import Generator
from scene_stills import Pixels
from scene_troubles import Trouble, lit
from scene_weather import Noise

__all__ = ["Clock", "Drops", "Grain"]

FIELDS = 6
COLOURS = 0.35


class Grain(Noise):
    """The noise of a sensor, deviation *sigma*: white, or as soft as *blur* (pixels) makes it."""

    def __init__(self, size: tuple[int, int], rng: Generator, sigma: float, blur: float = 0.0) -> None:
        """Fields as of other noise; only white noise has colours."""
        super().__init__(size, rng, sigma)
        shape = size[1] + 64, size[0] + 64
        self.fields = [_field(shape, rng, sigma, blur) for _ in range(FIELDS)]


def _field(shape: tuple[int, int], rng: Generator, sigma: float, blur: float) -> np.ndarray[tuple[int, ...]]:
    grey = rng.standard_normal(shape).astype(np.float32)
    if blur:
        soft = cv2.GaussianBlur(grey, (0, 0), blur)
        return np.asarray(cv2.merge([soft / np.std(soft)] * 3) * sigma).round().astype(np.int16)
    colour = rng.standard_normal((*shape, 3)).astype(np.float32) * COLOURS
    return np.asarray((grey[..., None] + colour) * sigma).round().astype(np.int16)


class Drops(Trouble):
    """Drops that fall on the lens one after the other and stay; some run down after a while."""

    def __init__(self, size: tuple[int, int], rng: Generator, drops: int = 9, last_s: float = 30.0) -> None:
        """When, where and how large comes from *rng*."""
        self.size = size
        self.drops = [
            (begin, rng.uniform(0.05, 0.95), rng.uniform(0.05, 0.8), rng.uniform(0.012, 0.035), runs)
            for begin, runs in zip(rng.uniform(0, last_s, drops), rng.random(drops) < 0.4, strict=True)
        ]
        self.wait_s = rng.uniform(2, 8)

    def sense(self, picture: Pixels, time_s: float) -> Pixels:
        """Each shows what is behind it upside down and blurred."""
        result = picture.copy()
        for begin, x, y, radius, runs in self.drops:
            run_s = max(0.0, time_s - begin - self.wait_s) if runs else 0.0
            if time_s >= begin:
                self._put(result, (x, y + 0.12 * run_s), radius)
        return result

    def _put(self, picture: Pixels, centre: tuple[float, float], radius: float) -> None:
        width, height = self.size
        reach = max(3, int(radius * width))
        x, y = int(centre[0] * width), int(centre[1] * height)
        rows = slice(max(0, y - reach), min(height, y + reach))
        columns = slice(max(0, x - reach), min(width, x + reach))
        behind = picture[rows, columns]
        if min(behind.shape[:2]) < 3:
            return
        form = np.zeros(behind.shape[:2], np.float32)
        cv2.circle(form, (x - columns.start, y - rows.start), int(reach * 0.8), [1.0], -1, cv2.LINE_AA)
        form = np.asarray(cv2.GaussianBlur(form, (0, 0), 0.15 * reach), np.float32)
        turned = np.asarray(cv2.flip(cv2.GaussianBlur(behind, (0, 0), 0.3 * reach), -1), np.uint8)
        picture[rows, columns] = cv2.blendLinear(lit(turned, 0.88), behind, form, 1 - form)


class Clock(Trouble):
    """Date and time, to the tenth of a second, burnt into the lower left corner."""

    def sense(self, picture: Pixels, time_s: float) -> Pixels:
        """The picture with them."""
        result = picture.copy()
        height, width = picture.shape[:2]
        said = f"2024-03-11 14:07:{time_s:04.1f}"
        white = [255.0, 255.0, 255.0]
        where = (width // 80, height - height // 40)
        cv2.putText(result, said, where, cv2.FONT_HERSHEY_SIMPLEX, width / 700, white, 1, cv2.LINE_AA)
        return result
