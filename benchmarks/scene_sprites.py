"""What walks, drives and runs through the composed scenes: drawn with an opacity, in steps of its gait."""

from __future__ import annotations

import math
from typing import Literal

import cv2
import numpy as np
from numpy.random import Generator
from scene_stills import Pixels, Shares, texture

__all__ = ["Kind", "Sprite"]

Kind = Literal["person", "car", "animal"]
TALL = 160
WIDE = {"person": 0.5, "car": 2.2, "animal": 1.5}
STEPS = 8


class Sprite:
    """A thing of one kind; ``look(step)`` is its picture, TALL pixels high, with its opacity."""

    def __init__(self, kind: Kind, rng: Generator, *, mirrored: bool = False) -> None:
        """Draw all steps; colours and cloth come from *rng*."""
        self.width, self.height = int(TALL * WIDE[kind]), TALL
        cloth = texture(self.width, TALL, rng, 4, 2)[..., None] * 9
        colours = rng.uniform(20, 235, (3, 3)).astype(np.float32)
        self._looks: list[tuple[Pixels, Shares]] = []
        for step in range(STEPS):
            picture = np.zeros((TALL, self.width, 3), np.uint8)
            opacity = np.zeros((TALL, self.width), np.uint8)
            draw = {"person": _person, "car": _car, "animal": _animal}[kind]
            draw(picture, opacity, colours, 2 * math.pi * step / STEPS)
            dressed = np.clip(picture + cloth, 0, 255).astype(np.uint8)
            soft = np.asarray(cv2.GaussianBlur(opacity, (5, 5), 0) / np.float32(255), np.float32)
            self._looks.append(
                (dressed[:, ::-1].copy(), soft[:, ::-1].copy()) if mirrored else (dressed, soft)
            )

    def look(self, step: float) -> tuple[Pixels, Shares]:
        """Picture and opacity at *step* (whole ones are a gait)."""
        return self._looks[int(step * STEPS) % STEPS]


def _shape(picture: Pixels, opacity: Pixels, points: list[tuple[float, float]], colour: object) -> None:
    corners = np.array(points, np.float32).round().astype(np.int32)
    bgr = [float(c) for c in np.asarray(colour)]
    cv2.fillPoly(picture, [corners], bgr)
    cv2.fillPoly(opacity, [corners], [255.0])


def _limb(
    picture: Pixels,
    opacity: Pixels,
    line: tuple[tuple[float, float], tuple[float, float]],
    thick: int,
    colour: object,
) -> None:
    bgr = [float(c) for c in np.asarray(colour)]
    (ax, ay), (bx, by) = line
    ends = (round(ax), round(ay)), (round(bx), round(by))
    cv2.line(picture, *ends, bgr, thick)
    cv2.line(opacity, *ends, [255.0], thick)


def _oval(
    picture: Pixels, opacity: Pixels, centre: tuple[float, float], axes: tuple[float, float], colour: object
) -> None:
    bgr = [float(c) for c in np.asarray(colour)]
    where = (round(centre[0]), round(centre[1])), (round(axes[0]), round(axes[1]))
    cv2.ellipse(picture, *where, 0, 0, 360, bgr, -1)
    cv2.ellipse(opacity, *where, 0, 0, 360, [255.0], -1)


def _person(picture: Pixels, opacity: Pixels, colours: Shares, phase: float) -> None:
    height, width = opacity.shape
    x, swing = width / 2, math.sin(phase) * width * 0.3
    hip, shoulder = height * 0.52, height * 0.2
    for side in (-1, 1):
        foot = (x + side * swing, height * 0.97 - abs(math.cos(phase)) * 3)
        _limb(picture, opacity, ((x, hip), foot), int(width * 0.17), colours[1])
        hand = (x - side * swing * 0.8, height * 0.5)
        _limb(picture, opacity, ((x, shoulder + 6), hand), int(width * 0.12), colours[0] * 0.85)
    body = [(x - width * 0.2, shoulder), (x + width * 0.2, shoulder), (x + width * 0.17, hip + 6)]
    _shape(picture, opacity, [*body, (x - width * 0.17, hip + 6)], colours[0])
    _oval(picture, opacity, (x, height * 0.1), (width * 0.12, height * 0.085), (120, 150, 190))


def _car(picture: Pixels, opacity: Pixels, colours: Shares, phase: float) -> None:
    height, width = opacity.shape
    low = [(0.02, 0.85), (0.02, 0.52), (0.2, 0.45), (0.8, 0.45), (0.98, 0.56), (0.98, 0.85)]
    roof = [(0.16, 0.47), (0.28, 0.12), (0.66, 0.12), (0.82, 0.47)]
    glass = [(0.22, 0.44), (0.31, 0.18), (0.63, 0.18), (0.75, 0.44)]
    for points, colour in ((low, colours[0]), (roof, colours[0] * 0.9), (glass, (70, 60, 52))):
        _shape(picture, opacity, [(px * width, py * height) for px, py in points], colour)
    for px in (0.2, 0.8):
        centre = (px * width, height * 0.84)
        _oval(picture, opacity, centre, (height * 0.15, height * 0.15), (24, 24, 24))
        spoke = (centre[0] + math.cos(phase) * 12, centre[1] + math.sin(phase) * 12)
        _limb(picture, opacity, (centre, spoke), 5, (150, 150, 150))


def _animal(picture: Pixels, opacity: Pixels, colours: Shares, phase: float) -> None:
    height, width = opacity.shape
    for k, px in enumerate((0.28, 0.34, 0.66, 0.72)):
        lean = math.sin(phase + k * math.pi / 2) * width * 0.07
        leg = (px * width, height * 0.6), (px * width + lean, height * 0.96)
        _limb(picture, opacity, leg, 13, colours[0] * 0.8)
    _oval(picture, opacity, (width * 0.5, height * 0.5), (width * 0.29, height * 0.2), colours[0])
    _oval(picture, opacity, (width * 0.83, height * 0.28), (width * 0.1, height * 0.14), colours[0] * 0.95)
    neck = (width * 0.74, height * 0.42), (width * 0.82, height * 0.3)
    _limb(picture, opacity, neck, 24, colours[0])
    tail = (width * 0.07, height * (0.3 + 0.08 * math.sin(phase)))
    _limb(picture, opacity, ((width * 0.23, height * 0.45), tail), 9, colours[0])
