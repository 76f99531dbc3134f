"""What a composed scene stands before, other than a still: bare plaster, a wall's edge, leaves on film."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.random import Generator
from scene_files import pictures
from scene_stills import DATA, Pixels, texture
from scene_troubles import Trouble
from scenes import FPS

__all__ = ["FILM_SIZE", "Film", "Plaster", "Wall"]

FILM = DATA / "video" / "highway.avi"
CUT = (110, 70)
FILM_SIZE = (330, 210)


class Plaster(Trouble):
    """A bare wall, a little brighter to the right, that hides the still."""

    def __init__(self, size: tuple[int, int], rng: Generator, level: float = 150.0) -> None:
        """*level*: its brightness in the middle."""
        slope = np.linspace(0.88, 1.12, size[0], dtype=np.float32)[None, :] * level
        grain = texture(*size, rng, 5, 1) * 1.5
        plain = (slope + grain)[..., None] * np.array((0.96, 1.0, 1.03), np.float32)
        self.wall: Pixels = np.clip(plain, 2, 250).astype(np.uint8)

    def behind(self, picture: Pixels, time_s: float) -> Pixels:  # noqa: ARG002 (the base class asks for it)
        """The wall."""
        return self.wall.copy()


class Wall(Trouble):
    """A wall from the top to the bottom, between the shares *edges* of the width."""

    def __init__(self, size: tuple[int, int], rng: Generator, edges: tuple[float, float]) -> None:
        """Its stones come from *rng*."""
        self.left, self.right = (round(edge * size[0]) for edge in edges)
        grain = texture(self.right - self.left, size[1], rng, 3, 1)[..., None] * 6
        self.stones = np.clip(np.array((66, 74, 80), np.float32) + grain, 2, 250).astype(np.uint8)

    def behind(self, picture: Pixels, time_s: float) -> Pixels:  # noqa: ARG002 (the base class asks for it)
        """The picture with it."""
        result = picture.copy()
        result[:, self.left : self.right] = self.stones
        return result


class Film(Trouble):
    """The leaves at the upper left of highway.avi, as large as the picture, in their order."""

    def __init__(self) -> None:
        """Nothing is read yet."""
        self._film: Iterator[Pixels] = iter(())
        self._next, self._last = 0, np.zeros((1, 1, 3), np.uint8)

    def behind(self, picture: Pixels, time_s: float) -> Pixels:
        """The picture of that moment instead of the still."""
        wanted = round(time_s * FPS)
        if self._next == 0:
            self._film = pictures(FILM)
        while self._next <= wanted:
            self._last, self._next = next(self._film), self._next + 1
        size = picture.shape[1], picture.shape[0]
        cut = self._last[: CUT[1], : CUT[0]]
        return np.asarray(cv2.resize(cut, size, interpolation=cv2.INTER_CUBIC), np.uint8)
