"""Wind that sets in late, grass, and a branch before the lens."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.random import Generator
from scene_stills import Pixels, texture
from scene_troubles import Sway, Trouble

__all__ = ["Branch", "Grass", "Gust"]

RISE_S = 1.5


class Gust(Sway):
    """Crowns that hang still until *begin_s*; then the wind sets in and stays."""

    def __init__(
        self,
        size: tuple[int, int],
        rng: Generator,
        crowns: tuple[float, float, float],
        begin_s: float = 14.0,
    ) -> None:
        """*crowns*: reach, bottom and cover as of others that sway."""
        super().__init__(size, rng, *crowns)
        self.begin_s, self.full = begin_s, self.waves

    def behind(self, picture: Pixels, time_s: float) -> Pixels:
        """The crowns as far as the wind has grown."""
        wind = min(max((time_s - self.begin_s) / RISE_S, 0.0), 1.0)
        self.waves = [(hertz, even * wind, odd * wind) for hertz, even, odd in self.full]
        return super().behind(picture, time_s)


class Grass(Trouble):
    """Grass, from *top* downwards, that waves by up to *reach* pixels."""

    def __init__(self, size: tuple[int, int], rng: Generator, reach: float = 2.5, top: float = 0.5) -> None:
        """Where it bends comes from *rng*."""
        width, height = size
        self.top = int(top * height)
        rows = height - self.top
        blades = np.clip(60 + 26 * texture(width, rows, rng, 3, 1), 0, 255)[..., None]
        self.blades = (blades * np.array((0.75, 1.5, 1.05), np.float32)).clip(0, 255).astype(np.uint8)
        y, x = np.mgrid[0:rows, 0:width].astype(np.float32)
        self.x, self.y = x, y
        phase = 2.0 * texture(width, rows, rng, 6, 5)
        self.waves = [
            (hertz, (reach * part * np.cos(phase * k)), (reach * part * np.sin(phase * k)))
            for k, (hertz, part) in enumerate(((rng.uniform(0.5, 0.7), 0.6), (rng.uniform(1.1, 1.7), 0.4)), 1)
        ]

    def behind(self, picture: Pixels, time_s: float) -> Pixels:
        """The ground with grass on it."""
        bent = self.x.copy()
        for hertz, even, odd in self.waves:
            turn = 2 * math.pi * hertz * time_s
            bent += even * math.sin(turn) + odd * math.cos(turn)
        result = picture.copy()
        result[self.top :] = cv2.remap(
            self.blades, bent, self.y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT
        )
        return result


class Branch(Trouble):
    """A branch near the camera that hangs in from above and swings slowly, its end by *reach* pixels."""

    def __init__(self, size: tuple[int, int], rng: Generator, reach: float = 9.0, hertz: float = 0.3) -> None:
        """Its leaves come from *rng*."""
        width, height = size
        self.root, self.long = (0.3 * width, -0.1 * height), 0.55 * height
        self.degrees, self.hertz = math.degrees(reach / self.long), hertz
        self.leaves = np.zeros((height, width, 3), np.uint8)
        self.opacity = np.zeros((height, width), np.float32)
        for _ in range(70):
            along, aside = rng.uniform(0.15, 1.0), rng.normal(0, 0.05)
            at = int(self.root[0] + aside * width), int(self.root[1] + along * self.long)
            axes = int(rng.uniform(0.018, 0.035) * width), int(rng.uniform(0.008, 0.014) * width)
            leaf = int(rng.uniform(0, 180)), 0, 360
            green = (np.array((40, 95, 70)) * rng.uniform(0.4, 1.6)).tolist()
            cv2.ellipse(self.leaves, at, axes, *leaf, green, -1, cv2.LINE_AA)
            cv2.ellipse(self.opacity, at, axes, *leaf, [1.0], -1)
        self.opacity = np.asarray(cv2.GaussianBlur(self.opacity, (3, 3), 0), np.float32)

    def over(self, picture: Pixels, time_s: float) -> Pixels:
        """It hides what is behind it."""
        turn = 2 * math.pi * self.hertz * time_s
        angle = self.degrees * (math.sin(turn) + 0.3 * math.sin(2.7 * turn))
        move = cv2.getRotationMatrix2D(self.root, angle, 1.0)
        size = picture.shape[1], picture.shape[0]
        leaves = cv2.warpAffine(self.leaves, move, size)
        opacity = np.asarray(cv2.warpAffine(self.opacity, move, size), np.float32)
        return np.asarray(cv2.blendLinear(leaves, picture, opacity, 1 - opacity), np.uint8)
