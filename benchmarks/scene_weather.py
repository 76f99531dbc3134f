"""Rain, snow, a shaking pole and a sensor at night: more that changes a picture though nothing moves."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.random import Generator
from scene_stills import Pixels
from scene_troubles import Trouble, lit

__all__ = ["Jitter", "Night", "Noise", "Rain", "Snow"]


class Rain(Trouble):
    """Streaks, others in each picture; some near and long."""

    def __init__(self, size: tuple[int, int], rng: Generator, streaks: int = 90) -> None:
        """*streaks* in a picture, about."""
        self.size, self.streaks = size, streaks
        self.seed, self.lean = int(rng.integers(2**31)), rng.uniform(-0.25, 0.25)

    def over(self, picture: Pixels, time_s: float) -> Pixels:
        """Rain drawn over it, half transparent."""
        width, height = self.size
        rng = np.random.default_rng((self.seed, round(time_s * 1000)))
        wet = picture.copy()
        for near in rng.power(0.4, self.streaks):
            long, thick = height * (0.03 + 0.12 * near), 1 if near < 0.8 else max(1, width // 300)
            x, y = rng.uniform(0, width), rng.uniform(-0.1, 1) * height
            ends = (int(x), int(y)), (int(x + self.lean * long), int(y + long))
            cv2.line(wet, *ends, (215, 212, 208), thick, cv2.LINE_AA)
        return np.asarray(cv2.addWeighted(wet, 0.4, picture, 0.6, 0), np.uint8)


class Snow(Trouble):
    """Flakes that fall and waft; near ones are large and fast."""

    def __init__(self, size: tuple[int, int], rng: Generator, flakes: int = 150) -> None:
        """*flakes* in a picture."""
        self.size = size
        self.near = rng.power(0.35, flakes)
        self.x, self.y = rng.uniform(0, size[0], flakes), rng.uniform(0, size[1], flakes)
        self.phase = rng.uniform(0, 2 * math.pi, flakes)

    def over(self, picture: Pixels, time_s: float) -> Pixels:
        """Snow drawn over it."""
        width, height = self.size
        y = (self.y + height * (0.15 + 0.6 * self.near) * time_s) % (height * 1.1) - height * 0.05
        x = (self.x + width * 0.02 * np.sin(self.phase + 2.5 * time_s) + width * 0.03 * time_s) % width
        white = picture.copy()
        for fx, fy, near in zip(x, y, self.near, strict=True):
            radius = (0.6 + 3.2 * near**2) * width / 320
            cv2.circle(
                white, (int(fx * 8), int(fy * 8)), int(radius * 8), (238, 238, 238), -1, cv2.LINE_AA, 3
            )
        return np.asarray(cv2.addWeighted(white, 0.7, picture, 0.3, 0), np.uint8)


class Jitter(Trouble):
    """A pole that swings and trembles, *reach* pixels at most."""

    def __init__(self, rng: Generator, reach: float = 2.0) -> None:
        """Its own frequencies come from *rng*."""
        self.reach = reach
        self.waves = [(rng.uniform(*span), rng.uniform(0, 6.28)) for span in ((0.3, 0.9), (2, 4), (5, 9))]

    def shift(self, time_s: float) -> tuple[float, float]:
        """Where it is now."""
        turns = [math.sin(2 * math.pi * hertz * time_s + phase) for hertz, phase in self.waves]
        x = 0.6 * turns[0] + 0.25 * turns[1] + 0.15 * turns[2]
        return self.reach * x, self.reach * (0.3 * turns[1] + 0.2 * turns[2])


class Noise(Trouble):
    """The noise of a sensor that sees little light: deviation *sigma*, in coarse coloured grains."""

    def __init__(self, size: tuple[int, int], rng: Generator, sigma: float) -> None:
        """Prepares some fields, of which each picture gets a random cut."""
        self.size, self.seed = size, int(rng.integers(2**31))
        width, height = size
        self.fields = []
        for _ in range(6):
            shape = (height + 64, width + 64)
            colour = cv2.GaussianBlur(rng.standard_normal((*shape, 3)).astype(np.float32), (0, 0), 1.4)
            grey = cv2.GaussianBlur(rng.standard_normal(shape).astype(np.float32), (0, 0), 0.7)[..., None]
            field = 0.55 * colour / colour.std() + 0.85 * grey / grey.std()
            self.fields.append((field * sigma).astype(np.int16))

    def sense(self, picture: Pixels, time_s: float) -> Pixels:
        """Grain over it."""
        rng = np.random.default_rng((self.seed, round(time_s * 1000)))
        width, height = self.size
        x, y = rng.integers(0, 64, 2)
        field = self.fields[rng.integers(len(self.fields))][y : y + height, x : x + width]
        return np.asarray(
            cv2.add(picture, field if rng.random() < 0.5 else -field, dtype=cv2.CV_8U), np.uint8
        )


class Night(Trouble):
    """Little light: *level* of it is left, and the colours are pale."""

    def __init__(self, level: float = 0.35) -> None:
        """As long as the scene lasts."""
        self.level = level

    def over(self, picture: Pixels, time_s: float) -> Pixels:  # noqa: ARG002 (the base class asks for it)
        """Dark and nearly grey."""
        grey = cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
        pale = np.asarray(cv2.addWeighted(picture, 0.3, grey, 0.7, 12), np.uint8)
        return lit(pale, self.level)
