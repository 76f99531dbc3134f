"""What the wind moves: a tree with its shadow, and bushes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from edgepi.sim.film.brush import Field, Image, layer, shrink

__all__ = ["Bush", "Swaying", "Tree", "wind"]

TIMES = 3
Point = tuple[float, float]
Points = NDArray[np.float64]


def wind(turn: float) -> float:
    """Return the strength of the wind, about 0.2 to 1.4, at a share of the film; it closes on itself."""
    around = 2 * math.pi * turn
    gusts = (
        0.30 * math.sin(3 * around) + 0.22 * math.sin(7 * around + 1.1) + 0.12 * math.sin(17 * around + 2.0)
    )
    return max(0.15, 0.75 + gusts)


@dataclass(frozen=True, slots=True)
class _Wave:
    """A wave that runs through leaves: *across* and *along* as fields, whole *cycles* in a film."""

    across: Field
    along: Field
    cycles: int
    px: float


class Swaying:
    """A layer whose every part moves by itself, the more the further it is from the ground."""

    def __init__(self, still: Image, *, lean_px: float, shiver_px: float, seconds: float, seed: int) -> None:
        self._still = still
        height, width = still.shape[:2]
        y, x = np.mgrid[0:height, 0:width].astype(np.float32)
        self._x, self._y = x, y
        free = np.clip((height - 1 - y) / height, 0, 1)
        self._free: Field = (free**1.5).astype(np.float32)
        rng = np.random.default_rng(seed)
        # hertz of the whole, of boughs, of leaves; as whole cycles of the film, so that it closes
        shapes = (
            (0.31, 0.0, lean_px),
            (0.47, 0.012, lean_px * 0.45),
            (0.9, 0.03, shiver_px),
            (1.7, 0.09, shiver_px),
        )
        self._waves = []
        for hertz, per_px, px in shapes:
            angle = rng.uniform(0, 2 * math.pi)
            phase = 2 * math.pi * per_px * (x * math.cos(angle) + y * math.sin(angle))
            self._waves.append(
                _Wave(
                    (np.sin(phase) * self._free).astype(np.float32),
                    (np.cos(phase) * self._free).astype(np.float32),
                    max(1, round(hertz * seconds)),
                    px,
                )
            )

    def at(self, turn: float, strength: float) -> Image:
        """Return the layer at a share of the film."""
        across = self._x + self._free * (strength * self._waves[0].px * 0.6)
        down = self._y.copy()
        for wave in self._waves:
            angle = 2 * math.pi * wave.cycles * turn
            reach = wave.px * strength
            cv2.scaleAdd(wave.across, reach * math.cos(angle), across, dst=across)
            cv2.scaleAdd(wave.along, reach * math.sin(angle), across, dst=across)
            cv2.scaleAdd(wave.along, reach * 0.35 * math.cos(angle), down, dst=down)
        return np.asarray(cv2.remap(self._still, across, down, cv2.INTER_LINEAR), np.uint8)


class Tree:
    """Trunk, boughs and a crown of leaves; `crown` sways over `trunk`, `shade` lies on the ground."""

    WIDTH, HEIGHT, ROOT = 300, 330, (150, 326)

    def __init__(self, rng: np.random.Generator, seconds: float) -> None:
        canvas = layer(self.HEIGHT * TIMES, self.WIDTH * TIMES)
        tips = self._boughs(canvas, rng)
        _leaves(canvas, tips, rng, light=(0.55, -0.8), sizes=(3.4, 6.4))
        whole = shrink(canvas, TIMES)
        self.swaying = Swaying(whole, lean_px=6.5, shiver_px=1.5, seconds=seconds, seed=5)
        self.shade = Swaying(_shade(whole[:215, :, 3]), lean_px=3.0, shiver_px=1.0, seconds=seconds, seed=6)

    def _boughs(self, canvas: Image, rng: np.random.Generator) -> Points:
        tips: list[tuple[float, float]] = []

        def grow(at: Point, angle: float, length: float, thick: float, depth: int) -> None:
            x, y = at
            bend = rng.normal(0, 0.10)
            x1, y1 = x + math.cos(angle) * length, y + math.sin(angle) * length
            _limb(canvas, (x, y), (x1, y1), thick, thick * 0.72)
            if depth == 0:
                tips.append((x1, y1))
                return
            if depth <= 2:
                tips.append(((x + x1) / 2, (y + y1) / 2))
            for turn in (-0.52, 0.08, 0.55) if depth > 2 else (-0.6, 0.5):
                share = rng.uniform(0.66, 0.84)
                grow(
                    (x1, y1),
                    angle + turn + bend + rng.normal(0, 0.12),
                    length * share,
                    thick * 0.62,
                    depth - 1,
                )

        grow(self.ROOT, -math.pi / 2 + 0.03, 99.0, 20.0, 4)
        return np.asarray(tips)


def _shade(crown: NDArray[np.uint8]) -> Image:
    """Return what a crown and a trunk to the right of it leave on the ground."""
    flat = np.zeros((76, 270), np.uint8)
    flat[4:64, 6:236] = cv2.resize(crown, (230, 60), interpolation=cv2.INTER_AREA)
    trunk = np.array([(252, 50), (252, 57), (130, 42), (130, 37)], np.int32)
    cv2.fillPoly(flat, [trunk], (255,), lineType=cv2.LINE_AA)
    soft = cv2.GaussianBlur(flat, (0, 0), 2.0)
    return np.dstack([cv2.convertScaleAbs(soft, alpha=0.5)] * 4)


class Bush:
    """A round bush at *left* and *top*."""

    def __init__(self, rng: np.random.Generator, size: tuple[int, int], seconds: float) -> None:
        width, height = size
        canvas = layer(height * TIMES, width * TIMES)
        angle = rng.uniform(math.pi, 2 * math.pi, 90)
        far = np.sqrt(rng.uniform(0, 1, 90))
        tips = np.stack(
            [
                width / 2 + np.cos(angle) * far * width * 0.40,
                height * 0.93 + np.sin(angle) * far * height * 0.74,
            ],
            axis=1,
        )
        _leaves(canvas, tips, rng, light=(0.5, -0.85), sizes=(1.9, 3.6))
        self.swaying = Swaying(
            shrink(canvas, TIMES),
            lean_px=1.6,
            shiver_px=0.8,
            seconds=seconds,
            seed=int(rng.integers(1 << 30)),
        )


def _limb(
    canvas: Image, start: tuple[float, float], end: tuple[float, float], thick: float, thin: float
) -> None:
    """Draw a tapering limb, lit from the right."""
    (x0, y0), (x1, y1) = start, end
    length = math.hypot(x1 - x0, y1 - y0) or 1.0
    across = ((y1 - y0) / length, (x0 - x1) / length)
    for low, high, colour in (
        (-0.5, 0.5, (52, 66, 84)),
        (-0.5, -0.05, (38, 48, 62)),
        (0.24, 0.5, (74, 92, 112)),
    ):
        corners = [
            (x + across[0] * wide * part, y + across[1] * wide * part)
            for x, y, wide, part in (
                (x0, y0, thick, low), (x0, y0, thick, high), (x1, y1, thin, high), (x1, y1, thin, low)
            )
        ]  # fmt: skip
        points = np.round(np.asarray(corners) * TIMES * 16).astype(np.int32)
        cv2.fillPoly(canvas, [points], (*colour, 255), lineType=cv2.LINE_8, shift=4)


def _leaves(
    canvas: Image,
    tips: Points,
    rng: np.random.Generator,
    *,
    light: Sequence[float],
    sizes: tuple[float, float],
) -> None:
    """Paint tufts of leaves around the tips: dark ones first, lit ones over them."""
    middle, spread = tips.mean(axis=0), np.max(tips.std(axis=0)) or 1.0
    many = 42
    at = (
        np.repeat(tips, many, axis=0)
        + np.clip(rng.normal(0, 0.16, (len(tips) * many, 2)), -0.3, 0.3) * spread
    )
    tuft = np.repeat(rng.normal(0, 0.13, len(tips)), many)
    bright = ((at - middle) @ np.asarray(light)) / spread * 0.17 + tuft + rng.normal(0, 0.20, len(at))
    for index in np.argsort(bright):
        tone = float(np.clip(0.62 + bright[index], 0.22, 1.25))
        warm = float(rng.uniform(0.8, 1.25))
        colour = (44 * tone, 138 * tone, 86 * tone * warm, 255)
        centre = tuple(np.round(at[index] * TIMES * 16).astype(int).tolist())
        long = rng.uniform(*sizes) * TIMES / 2
        axes = (int(long * 16), int(long * 16 * rng.uniform(0.4, 0.7)))
        cv2.ellipse(canvas, centre, axes, rng.uniform(0, 180), 0, 360, colour, -1, cv2.LINE_8, 4)
