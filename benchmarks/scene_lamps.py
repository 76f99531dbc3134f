"""Light with soft borders that comes and goes by night, sweeps along, or beats."""

from __future__ import annotations

import math

import numpy as np
from numpy.random import Generator
from scene_stills import Pixels, Shares
from scene_troubles import Lamp, Trouble, lit

__all__ = ["Beat", "Headlights", "Pool"]

PAST_S = -1.0


class Pool(Lamp):
    """A lamp's pool of light with a soft border; it is off before the first of its times: on, off, on..."""

    def __init__(
        self,
        size: tuple[int, int],
        centre: tuple[float, float],
        cover: float,
        times_s: tuple[float, ...],
        bright: float = 2.2,
    ) -> None:
        """*cover*: the share of a picture that gets at least a third of what it is brighter at *centre*."""
        super().__init__((PAST_S, *times_s), 1.0)
        self.bright = bright
        width, height = size
        y, x = np.mgrid[0:height, 0:width].astype(np.float32)
        square = ((x - centre[0] * width) ** 2 + (y - centre[1] * height) ** 2).astype(np.float32)
        self.pool = np.asarray(np.exp(-square / np.quantile(square, cover) * math.log(3)), np.float32)

    def over(self, picture: Pixels, time_s: float) -> Pixels:
        """Brighter where it shines."""
        more = (self.bright - 1) * self.level(time_s)
        return lit(picture, (1 + more * self.pool).astype(np.float32)) if more else picture


class Headlights(Trouble):
    """A car that is not seen shines past: at *times_s* two soft spots go through, each *sweep_s* long."""

    def __init__(
        self,
        size: tuple[int, int],
        rng: Generator,
        times_s: tuple[float, ...],
        sweep_s: float = 2.5,
        bright: float = 2.5,
    ) -> None:
        """How high and how wide they are comes from *rng*."""
        self.times_s, self.sweep_s, self.bright = times_s, sweep_s, bright
        width, height = size
        self.radius, self.high = rng.uniform(0.1, 0.16), rng.uniform(0.4, 0.55)
        self.x = (np.arange(width) / width).astype(np.float32)[None, :]
        y = (np.arange(height) / height).astype(np.float32)[:, None]
        self.rows = np.exp(-(((y - self.high) / (0.8 * self.radius)) ** 2))

    def over(self, picture: Pixels, time_s: float) -> Pixels:
        """Brighter where they are now."""
        gain = np.ones(picture.shape[:2], np.float32)
        for at in self.times_s:
            share = (time_s - at) / self.sweep_s
            if 0 <= share <= 1:
                gain += self._spots(2.2 * share - 0.6)
        return lit(picture, gain) if np.max(gain) > 1 else picture

    def _spots(self, centre: float) -> Shares:
        apart = 0.65 * self.radius
        columns = sum(np.exp(-(((self.x - centre - side) / self.radius) ** 2)) for side in (-apart, apart))
        return np.asarray((self.bright - 1) * self.rows * columns, np.float32)


class Beat(Trouble):
    """Light that beats evenly, *hertz* times a second, by *depth* of itself."""

    def __init__(self, depth: float, hertz: float) -> None:
        """All of the picture alike."""
        self.depth, self.hertz = depth, hertz

    def over(self, picture: Pixels, time_s: float) -> Pixels:
        """Darker and brighter."""
        return lit(picture, 1 + self.depth * math.sin(2 * math.pi * self.hertz * time_s))
