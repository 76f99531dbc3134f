"""The film's pictures: what stands still, what the wind moves, and who comes and goes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np

from edgepi.sim.film.brush import HEIGHT, WIDTH, Image, dim, lay
from edgepi.sim.film.garden import SKY_ROWS, Garden, px_per_m
from edgepi.sim.film.plot import LENGTH_S, PLOT, STREET, Role
from edgepi.sim.film.tree import Bush, Swaying, Tree, wind

__all__ = ["LABEL", "Scene", "truth"]

LABEL = "rendered film, no real place"
SEED = 7
NOISE_LEVELS, NOISE_SHEETS = 2.2, 5
CLOUDS_PX_PER_S = 1.3
TREE_AT, SHADE_AT, TREE_FOOT = (370, 9), (270, 284), 335.0
BUSHES: Mapping[tuple[int, int], tuple[int, int]] = {
    (-14, 278): (66, 48),
    (186, 284): (62, 44),
    (566, 262): (84, 52),
}


class Scene:
    """Any picture of a film of *length_s*, by its share of the film; the last leads into the first."""

    def __init__(self, length_s: float = LENGTH_S, *, seed: int = SEED) -> None:
        rng = np.random.default_rng(seed)
        self._length_s = length_s
        self._garden = Garden(rng)
        self._tree = Tree(rng, length_s)
        self._bushes = {at: Bush(rng, size, length_s).swaying for at, size in BUSHES.items()}
        noise = rng.normal(0, NOISE_LEVELS, (NOISE_SHEETS, HEIGHT + 64, WIDTH + 64))
        self._noise = np.round(noise).astype(np.int8)
        self._rng = rng
        self.seen: set[str] = set()

    def picture(self, time_s: float) -> Image:
        """Return a picture in YUV 4:2:0, planes below each other; `seen` then says who is in it."""
        turn = time_s / self._length_s
        picture = self._backdrop(turn)
        self.seen = set()
        present = sorted(
            ((role, at) for role in PLOT if (at := role.at(time_s)) is not None), key=lambda each: each[1][1]
        )
        beyond = [each for each in present if each[1][1] < STREET]
        for role, at in beyond:
            self._act(picture, role, at, time_s)
        if beyond:
            lay(picture, self._garden.front, 0, 0)
        self._sway(picture, turn)
        for role, at in present:
            if at[1] >= STREET:
                self._act(picture, role, at, time_s)
        cv2.putText(picture, LABEL, (436, 470), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (30, 34, 30), 2, cv2.LINE_AA)
        cv2.putText(
            picture, LABEL, (436, 470), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (236, 240, 238), 1, cv2.LINE_AA
        )
        return self._sensor(picture, turn)

    def _backdrop(self, turn: float) -> Image:
        picture = self._garden.still.copy()
        sky = self._sky(turn)
        cv2.multiply(sky, self._garden.sky_share, dst=sky, scale=1 / 255)
        upper = picture[:SKY_ROWS]
        cv2.add(upper, sky, dst=upper)
        return picture

    def _sky(self, turn: float) -> Image:
        """Return clouds that drift and fade into others, so that they are back in time without hurry."""
        drifting = []
        for sky, since in zip(self._garden.skies, (turn, (turn + 0.5) % 1.0), strict=True):
            shift = np.array([[1, 0, -since * self._length_s * CLOUDS_PX_PER_S], [0, 1, 0]], np.float32)
            drifting.append(cv2.warpAffine(sky, shift, (WIDTH, SKY_ROWS), flags=cv2.INTER_LINEAR))
        share = math.sin(math.pi * turn) ** 2
        return np.asarray(cv2.addWeighted(drifting[0], share, drifting[1], 1.0 - share, 0.0), np.uint8)

    def _sway(self, picture: Image, turn: float) -> None:
        strength = wind(turn)
        dim(picture, self._tree.shade.at(turn, strength)[..., 3], *SHADE_AT)
        lay(picture, self._tree.swaying.at(turn, strength), *TREE_AT)
        for number, (at, bush) in enumerate(self._bushes.items()):
            self._bush(picture, bush, at, (turn + number / 7) % 1.0)

    def _bush(self, picture: Image, bush: Swaying, at: tuple[int, int], turn: float) -> None:
        lay(picture, bush.at(turn, wind(turn)), *at)

    def _act(self, picture: Image, role: Role, at: tuple[float, float], time_s: float) -> None:
        scale = px_per_m(at[1])
        figure = role.draw(scale, (time_s - role.from_s) * 1.35, role.facing)
        height, width = figure.shape[:2]
        left, top = round(at[0] - width / 2), round(at[1] - height)
        long = round(height * 0.62)
        lean = np.array([[1, long / height, 0], [0, 0.16, 0]], np.float32)
        shade = cv2.warpAffine(figure[..., 3], lean, (width + long, round(height * 0.16) + 3))
        shade = cv2.convertScaleAbs(cv2.GaussianBlur(shade, (0, 0), 1.0), alpha=0.45)
        dim(picture, np.asarray(shade, np.uint8), left - long, round(at[1] - height * 0.16))
        if lay(picture, figure, left, top):
            self.seen.add(role.name)

    def _sensor(self, picture: Image, turn: float) -> Image:
        """Return what a sensor makes of it: a slow change of light, a slight flicker, noise."""
        around = 2 * math.pi * turn
        gain = 1.0 + 0.015 * math.sin(2 * around) + 0.004 * math.sin(round(2.9 * self._length_s) * around)
        planes = cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_I420)
        luma = planes[:HEIGHT]
        cv2.convertScaleAbs(luma, dst=luma, alpha=gain)
        down, across = self._rng.integers(0, 64, 2)
        sheet = self._noise[self._rng.integers(NOISE_SHEETS)][down : down + HEIGHT, across : across + WIDTH]
        cv2.add(luma, sheet, dst=luma, dtype=cv2.CV_8U)
        return np.asarray(planes, np.uint8)


def truth(seen: list[set[str]], fps: float) -> list[dict[str, Any]]:
    """Return who is in the picture from when to when, of what each picture showed."""
    rows = []
    for role in PLOT:
        numbers = [number for number, names in enumerate(seen) if role.name in names]
        if numbers:
            row = {"what": role.what, "name": role.name, "from_s": numbers[0] / fps}
            rows.append({**row, "to_s": (numbers[-1] + 1) / fps})
    return rows
