"""Those who come and go: people who walk, a cat, a car; drawn anew for each picture, as layers."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import cv2
import numpy as np

from edgepi.sim.film.brush import Colour, Image, layer, shrink

__all__ = ["Clothes", "car", "cat", "walker_ahead", "walker_beside"]

TIMES = 3
_SKIN: Colour = (132, 164, 206)


@dataclass(frozen=True, slots=True)
class Clothes:
    """Colours of a person."""

    coat: Colour
    trousers: Colour
    hair: Colour = (36, 44, 58)
    shoes: Colour = (40, 40, 44)


class _Pen:
    """Draws in metres from the middle of the feet, *facing* 1 to the right or -1 to the left."""

    def __init__(self, width_m: float, height_m: float, px_per_m: float, facing: int) -> None:
        self.scale = px_per_m * TIMES
        width = max(1, round(width_m * px_per_m)) * TIMES
        height = max(1, round(height_m * px_per_m)) * TIMES
        self.canvas = layer(height, width)
        self._facing = facing

    def _at(self, x_m: float, up_m: float) -> tuple[int, int]:
        height, width = self.canvas.shape[:2]
        x, y = width / 2 + self._facing * x_m * self.scale, height - up_m * self.scale
        return round(x * 16), round(y * 16)

    def limb(self, points: list[tuple[float, float]], thick_m: float, colour: Colour) -> None:
        """Draw round-ended pieces from point to point."""
        thick = max(1, round(thick_m * self.scale))
        for start, end in itertools.pairwise(points):
            cv2.line(self.canvas, self._at(*start), self._at(*end), (*colour, 255), thick, cv2.LINE_8, 4)

    def shape(self, points: list[tuple[float, float]], colour: Colour) -> None:
        """Fill a polygon."""
        corners = np.array([self._at(*point) for point in points], np.int32)
        cv2.fillPoly(self.canvas, [corners], (*colour, 255), cv2.LINE_8, 4)

    def disc(self, x_m: float, up_m: float, wide_m: float, high_m: float, colour: Colour) -> None:
        """Fill an ellipse."""
        axes = (round(wide_m * self.scale * 16), round(high_m * self.scale * 16))
        cv2.ellipse(self.canvas, self._at(x_m, up_m), axes, 0, 0, 360, (*colour, 255), -1, cv2.LINE_8, 4)

    def done(self) -> Image:
        """Return the layer at its size."""
        return shrink(self.canvas, TIMES)


def _darker(colour: Colour, share: float) -> Colour:
    return (colour[0] * share, colour[1] * share, colour[2] * share)


def walker_beside(clothes: Clothes, px_per_m: float, stride: float, facing: int) -> Image:
    """Return somebody of 1.75 m seen from the side, *stride* radians into the steps."""
    pen = _Pen(1.3, 1.95, px_per_m, facing)
    hip_m = 0.90 + 0.025 * math.cos(2 * stride)
    for side in (math.pi, 0.0):
        swing = math.sin(stride + side)
        share = 1.0 if side == 0.0 else 0.72
        knee_bend = 0.75 * max(0.0, math.cos(stride + side)) + 0.08
        _leg(pen, clothes, hip_m, (0.44 * swing, knee_bend), share)
        if side:
            _arm(pen, clothes, hip_m, 0.40 * swing, share)
    coat = clothes.coat
    pen.shape(
        [(-0.12, hip_m - 0.10), (0.13, hip_m - 0.10), (0.15, hip_m + 0.30), (0.08, hip_m + 0.56),
         (-0.07, hip_m + 0.56), (-0.15, hip_m + 0.30)],
        coat,
    )  # fmt: skip
    pen.shape(
        [(-0.12, hip_m - 0.10), (-0.02, hip_m - 0.10), (-0.05, hip_m + 0.56), (-0.07, hip_m + 0.56),
         (-0.15, hip_m + 0.30)],
        _darker(coat, 0.78),
    )  # fmt: skip
    pen.limb([(0.01, hip_m + 0.54), (0.03, hip_m + 0.64)], 0.10, _darker(_SKIN, 0.85))
    pen.disc(0.04, hip_m + 0.74, 0.095, 0.125, _SKIN)
    pen.disc(0.005, hip_m + 0.785, 0.105, 0.095, clothes.hair)
    _arm(pen, clothes, hip_m, -0.40 * math.sin(stride + math.pi), 1.08)
    return pen.done()


def _leg(pen: _Pen, clothes: Clothes, hip_m: float, bends: tuple[float, float], share: float) -> None:
    thigh, bend = bends
    knee = (0.44 * math.sin(thigh), hip_m - 0.44 * math.cos(thigh))
    shin = thigh - bend
    foot = (knee[0] + 0.42 * math.sin(shin), max(0.05, knee[1] - 0.42 * math.cos(shin)))
    cloth = _darker(clothes.trousers, share)
    pen.limb([(0.0, hip_m), knee], 0.165, cloth)
    pen.limb([knee, foot], 0.125, cloth)
    pen.limb(
        [(foot[0] - 0.02, foot[1]), (foot[0] + 0.15, max(0.045, foot[1] - 0.02))],
        0.085,
        _darker(clothes.shoes, share),
    )


def _arm(pen: _Pen, clothes: Clothes, hip_m: float, swing: float, share: float) -> None:
    shoulder = (0.0, hip_m + 0.49)
    elbow = (shoulder[0] + 0.29 * math.sin(swing), shoulder[1] - 0.29 * math.cos(swing))
    lower = swing + 0.30
    hand = (elbow[0] + 0.24 * math.sin(lower), elbow[1] - 0.24 * math.cos(lower))
    pen.limb([shoulder, elbow, hand], 0.105, _darker(clothes.coat, share * 0.92))
    pen.disc(hand[0], hand[1] - 0.02, 0.045, 0.05, _SKIN)


def walker_ahead(clothes: Clothes, px_per_m: float, stride: float, facing: int) -> Image:
    """Return somebody of 1.75 m who comes towards us (*facing* 1) or goes away (-1)."""
    pen = _Pen(1.0, 1.95, px_per_m, 1)
    hip_m = 0.90 + 0.02 * math.cos(2 * stride)
    for side in (-1, 1):
        lift = max(0.0, math.sin(stride + (math.pi if side > 0 else 0.0)))
        foot = (side * (0.10 - 0.015 * lift), 0.06 + 0.13 * lift)
        knee = (side * 0.11, 0.48 + 0.05 * lift)
        cloth = _darker(clothes.trousers, 1.0 - 0.22 * lift)
        pen.limb([(side * 0.09, hip_m), knee], 0.165, cloth)
        pen.limb([knee, foot], 0.13, cloth)
        pen.limb([foot, (foot[0] + side * 0.02, foot[1] - 0.02)], 0.11, clothes.shoes)
        hand = (side * 0.27, hip_m + 0.02 + 0.10 * lift)
        pen.limb(
            [(side * 0.20, hip_m + 0.48), (side * 0.255, hip_m + 0.24), hand],
            0.10,
            _darker(clothes.coat, 0.84),
        )
        pen.disc(hand[0], hand[1] - 0.03, 0.045, 0.05, _SKIN)
    pen.shape(
        [(-0.18, hip_m - 0.08), (0.18, hip_m - 0.08), (0.17, hip_m + 0.25), (0.23, hip_m + 0.50),
         (0.10, hip_m + 0.57), (-0.10, hip_m + 0.57), (-0.23, hip_m + 0.50), (-0.17, hip_m + 0.25)],
        clothes.coat,
    )  # fmt: skip
    pen.shape(
        [(-0.18, hip_m - 0.08), (-0.10, hip_m - 0.08), (-0.11, hip_m + 0.55), (-0.23, hip_m + 0.50)],
        _darker(clothes.coat, 0.80),
    )
    pen.limb([(0.0, hip_m + 0.55), (0.0, hip_m + 0.64)], 0.10, _darker(_SKIN, 0.85))
    pen.disc(0.0, hip_m + 0.74, 0.09, 0.125, _SKIN if facing > 0 else clothes.hair)
    pen.disc(0.0, hip_m + 0.80, 0.10, 0.085, clothes.hair)
    return pen.done()


def cat(px_per_m: float, stride: float, facing: int) -> Image:
    """Return a cat of 0.3 m at the shoulder."""
    pen = _Pen(1.2, 0.62, px_per_m, facing)
    fur: Colour = (52, 92, 158)
    for hip, side in ((-0.17, 0.0), (-0.13, math.pi), (0.17, 1.6), (0.21, 1.6 + math.pi)):
        swing = 0.5 * math.sin(stride * 1.6 + side)
        share = 0.72 if side > 1.7 else 0.95
        foot = (hip + 0.22 * math.sin(swing), 0.03 + 0.05 * max(0.0, math.cos(stride * 1.6 + side)))
        pen.limb([(hip, 0.24), (hip + 0.08 * math.sin(swing), 0.14), foot], 0.055, _darker(fur, share))
    pen.limb([(-0.24, 0.30), (-0.40, 0.36), (-0.46, 0.48 + 0.03 * math.sin(stride))], 0.045, fur)
    pen.limb([(-0.19, 0.275), (0.19, 0.285)], 0.165, fur)
    pen.limb([(-0.10, 0.335), (0.10, 0.34)], 0.04, _darker(fur, 0.75))
    pen.disc(0.30, 0.365, 0.085, 0.075, fur)
    for ear in (0.26, 0.33):
        pen.shape([(ear - 0.035, 0.41), (ear + 0.035, 0.41), (ear, 0.48)], _darker(fur, 0.85))
    pen.disc(0.355, 0.345, 0.03, 0.025, (196, 214, 226))
    return pen.done()


def car(px_per_m: float, facing: int) -> Image:
    """Return a car of 4.2 m."""
    pen = _Pen(4.6, 1.6, px_per_m, facing)
    paint: Colour = (70, 58, 168)
    pen.shape(
        [(-2.1, 0.35), (2.1, 0.35), (2.1, 0.72), (1.9, 0.86), (1.15, 0.94), (0.55, 1.42), (-1.1, 1.44),
         (-1.8, 0.98), (-2.1, 0.92)],
        paint,
    )  # fmt: skip
    pen.shape([(-2.1, 0.35), (2.1, 0.35), (2.1, 0.55), (-2.1, 0.60)], _darker(paint, 0.68))
    pen.shape([(-0.2, 0.96), (0.98, 0.94), (0.5, 1.34), (-0.2, 1.36)], (176, 158, 136))
    pen.shape([(-0.3, 0.96), (-1.55, 0.98), (-1.05, 1.36), (-0.3, 1.36)], (150, 132, 112))
    for axle in (-1.3, 1.3):
        pen.disc(axle, 0.33, 0.33, 0.33, (38, 38, 40))
        pen.disc(axle, 0.33, 0.17, 0.17, (170, 172, 176))
    pen.disc(2.02, 0.74, 0.09, 0.08, (226, 244, 250))
    return pen.done()
