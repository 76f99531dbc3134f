"""What changes a picture though nothing moves in it: wind and light."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.random import Generator
from scene_stills import Pixels, Shares, crowns, texture

__all__ = ["Bands", "Cloud", "Cone", "Exposure", "Flicker", "Lamp", "Shimmer", "Sway", "Trouble", "lit"]


class Trouble:
    """Does nothing; each trouble replaces what it needs."""

    def behind(self, picture: Pixels, time_s: float) -> Pixels:  # noqa: ARG002 (for subclasses)
        """Part of the scene, behind what moves."""
        return picture

    def over(self, picture: Pixels, time_s: float) -> Pixels:  # noqa: ARG002 (for subclasses)
        """Light and weather, over everything."""
        return picture

    def shift(self, time_s: float) -> tuple[float, float]:  # noqa: ARG002 (for subclasses)
        """Pixels by which the camera is moved."""
        return 0.0, 0.0

    def sense(self, picture: Pixels, time_s: float) -> Pixels:  # noqa: ARG002 (for subclasses)
        """What the camera makes of it."""
        return picture


def lit(picture: Pixels, gain: float | Shares) -> Pixels:
    """*picture* as bright as *gain* (one, or one for each pixel) makes it; clipped."""
    if isinstance(gain, np.ndarray):
        wide = gain if gain.shape == picture.shape else cv2.merge([gain, gain, gain])
        return np.asarray(cv2.multiply(picture, wide, dtype=cv2.CV_8U), np.uint8)
    table = np.clip(np.arange(256) * gain + 0.5, 0, 255).astype(np.uint8)
    return np.asarray(cv2.LUT(picture, table), np.uint8)


class Sway(Trouble):
    """Crowns of trees in a wind with gusts; their ends move by up to *reach* pixels to each side."""

    def __init__(
        self, size: tuple[int, int], rng: Generator, reach: float, bottom: float, cover: float
    ) -> None:
        """*bottom* and *cover*: how far down and over how much of the width leaves hang."""
        width, height = size
        self.rows = min(height, int(bottom * height + 2 * reach + 2))
        leaves, opacity = crowns(width, height, rng, bottom, cover)
        self.leaves, self.opacity = leaves[: self.rows], opacity[: self.rows]
        y, x = np.mgrid[0 : self.rows, 0:width].astype(np.float32)
        self.x, self.y = x, y
        free = np.clip(0.35 + 0.65 * y / self.rows, 0, 1)
        self.waves: list[tuple[float, Shares, Shares]] = []
        for hertz, share in (
            (rng.uniform(0.25, 0.45), 0.5),
            (rng.uniform(0.7, 1.0), 0.3),
            (rng.uniform(1.4, 2.2), 0.2),
        ):
            phase = 1.6 * texture(width, self.rows, rng, 6, 5)
            along = (reach * share * free).astype(np.float32)
            self.waves.append((hertz, along * np.cos(phase), along * np.sin(phase)))
        self.gust_hertz = rng.uniform(0.05, 0.09)

    def behind(self, picture: Pixels, time_s: float) -> Pixels:
        """The crowns, moved, over what is behind them."""
        gust = 0.4 + 0.6 * math.sin(math.pi * self.gust_hertz * time_s) ** 2
        moved = np.zeros_like(self.x)
        for hertz, even, odd in self.waves:
            turn = 2 * math.pi * hertz * time_s
            moved += even * (gust * math.sin(turn)) + odd * (gust * math.cos(turn))
        where = self.x + moved, self.y + 0.35 * moved
        leaves = cv2.remap(self.leaves, *where, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
        opacity = cv2.remap(self.opacity, *where, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
        result = picture.copy()
        result[: self.rows] = cv2.blendLinear(leaves, picture[: self.rows], opacity, 1 - opacity)
        return result


class Shimmer(Trouble):
    """Leaves that turn and glitter, each where it is; *depth* is the share of their brightness."""

    def __init__(
        self, size: tuple[int, int], rng: Generator, depth: float, bottom: float, cover: float
    ) -> None:
        """*bottom* and *cover* as with crowns."""
        width, height = size
        self.rows, self.depth = int(bottom * height), depth
        leaves, opacity = crowns(width, height, rng, bottom, cover)
        self.leaves, self.opacity = leaves[: self.rows], opacity[: self.rows]
        self.parts = [texture(width, self.rows, rng, 2, 1) for _ in range(6)]
        self.hertz = rng.uniform(0.8, 4.0, 6)
        self.phases = rng.uniform(0, 2 * math.pi, 6)

    def behind(self, picture: Pixels, time_s: float) -> Pixels:
        """The leaves as they glitter now."""
        turns = np.sin(2 * math.pi * self.hertz * time_s + self.phases)
        glitter = sum((p * np.float32(t) for p, t in zip(self.parts, turns, strict=True)), np.float32(0))
        leaves = lit(
            self.leaves, np.asarray(1 + self.depth * np.asarray(glitter) / 2, np.float32).clip(0.2, 3)
        )
        result = picture.copy()
        result[: self.rows] = cv2.blendLinear(leaves, picture[: self.rows], self.opacity, 1 - self.opacity)
        return result


class Flicker(Trouble):
    """Lamps whose light beats with the camera's rate, and wavers besides."""

    def __init__(self, rng: Generator, depth: float = 0.06) -> None:
        """*depth*: share of the light."""
        self.depth, self.hertz = depth, rng.uniform(1.5, 9.0)
        self.waver = rng.uniform(-0.5, 0.5, 4096) * depth

    def over(self, picture: Pixels, time_s: float) -> Pixels:
        """Darker and brighter as a whole."""
        beat = self.depth * math.sin(2 * math.pi * self.hertz * time_s)
        return lit(picture, 1 + beat + self.waver[round(time_s * 25) % 4096])


class Bands(Trouble):
    """Dark bands of mains light under a rolling shutter, that wander."""

    def __init__(self, size: tuple[int, int], rng: Generator, depth: float = 0.08) -> None:
        """*depth*: share of the light."""
        self.width, self.height, self.depth = *size, depth
        self.bands, self.hertz = rng.uniform(1.5, 3.5), rng.uniform(0.3, 2.5)

    def over(self, picture: Pixels, time_s: float) -> Pixels:
        """Rows darker and brighter."""
        rows = 2 * np.pi * (np.arange(self.height) / self.height * self.bands + self.hertz * time_s)
        gain = (1 + self.depth * np.sin(rows)).astype(np.float32)[:, None, None]
        return lit(picture, np.ascontiguousarray(np.broadcast_to(gain, picture.shape)))


class Lamp(Trouble):
    """A lamp that is switched at *times_s*: off, on, off...; off, *dark* of the light is left."""

    def __init__(self, times_s: tuple[float, ...], dark: float) -> None:
        """It is on at first."""
        self.times_s, self.dark = times_s, dark

    def level(self, time_s: float) -> float:
        """How far it is on, 0 to 1; it takes two pictures to change."""
        on = 1.0
        for k, at in enumerate(self.times_s):
            done = min(max((time_s - at) / 0.08, 0.0), 1.0)
            on = on + (float(k % 2) - on) * done
        return on

    def over(self, picture: Pixels, time_s: float) -> Pixels:
        """All of it is lit by the lamp."""
        return lit(picture, self.dark + (1 - self.dark) * self.level(time_s))


class Cone(Lamp):
    """A lamp that lights but a part of the picture."""

    def __init__(
        self, size: tuple[int, int], rng: Generator, times_s: tuple[float, ...], dark: float = 0.45
    ) -> None:
        """Where it shines comes from *rng*."""
        super().__init__(times_s, dark)
        width, height = size
        y, x = np.mgrid[0:height, 0:width].astype(np.float32)
        top, spread = rng.uniform(0.25, 0.75) * width, rng.uniform(0.25, 0.4)
        inside = spread * (y + 0.1 * height) - np.abs(x - top)
        self.cone = np.asarray(1 / (1 + np.exp(-inside / (0.03 * width))), np.float32)

    def over(self, picture: Pixels, time_s: float) -> Pixels:
        """Its cone is lit."""
        lost = (1 - self.dark) * (1 - self.level(time_s))
        return lit(picture, (1 - lost * self.cone).astype(np.float32)) if lost else picture


class Cloud(Trouble):
    """The shadow of clouds that drifts over everything, at *pace* of the width a second."""

    def __init__(
        self, size: tuple[int, int], rng: Generator, depth: float = 0.35, pace: float = 0.06
    ) -> None:
        """*depth*: the share of light that they take."""
        self.width, self.height = size
        self.pace = pace
        strip = texture(self.width * 4, self.height, rng, 8, 7)
        self.gain = np.asarray(1 - depth / (1 + np.exp(-4 * (strip - 0.3))), np.float32)

    def over(self, picture: Pixels, time_s: float) -> Pixels:
        """What is in the shadow now is darker."""
        left = self.pace * time_s * self.width % (3 * self.width - 1)
        whole, part = int(left), np.float32(left % 1)
        a, b = (self.gain[:, whole + k : whole + k + self.width] for k in (0, 1))
        return lit(picture, np.ascontiguousarray(a * (1 - part) + b * part))


class Exposure(Trouble):
    """A camera that sets its exposure anew: gains at times, each reached within *ramp_s*."""

    def __init__(self, steps: tuple[tuple[float, float], ...], ramp_s: float = 0.5) -> None:
        """*steps*: (time, gain)."""
        self.steps, self.ramp_s = steps, ramp_s

    def sense(self, picture: Pixels, time_s: float) -> Pixels:
        """All brighter or darker."""
        gain = 1.0
        for at, then in self.steps:
            gain += (then - gain) * min(max((time_s - at) / self.ramp_s, 0.0), 1.0)
        return lit(picture, gain) if gain != 1 else picture
