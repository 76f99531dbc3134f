"""The light of a picture: how much brighter or darker than the background it is as a whole."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from edgepi_camera.motion.picture import Bytes, Planes

__all__ = ["STEADY", "Light", "corrected", "measured"]

Floats = NDArray[np.float32]

CELLS = (32, 24)
ROUNDS = 4
SMALL = 0.8
DARK, BRIGHT = 4, 246
WORTH = 0.75
LEVELS = np.arange(256, dtype=np.float32)
BANDS = (32, 60)
MOST_BAND = 0.25


@dataclass(frozen=True, slots=True)
class Light:
    """Per plane: the picture is *gain* times the background plus *offset*; *rows*: further gain per row."""

    gains: tuple[float, ...]
    offsets: tuple[float, ...]
    rows: Floats | None = None

    def tables(self) -> tuple[Bytes, ...]:
        """Which level of the background becomes which in this light, per plane."""
        pairs = zip(self.gains, self.offsets, strict=True)
        return tuple(np.clip(LEVELS * gain + offset + 0.5, 0, 255).astype(np.uint8) for gain, offset in pairs)


STEADY = Light((1.0,), (0.0,))


def measured(planes: Planes, means: tuple[Bytes, ...]) -> Light:
    """The light of *planes* against the background's *means*, whatever moves in less than half of it."""
    small = [cv2.resize(plane, CELLS, interpolation=cv2.INTER_AREA).astype(np.float32) for plane in planes]
    before = [cv2.resize(mean, CELLS, interpolation=cv2.INTER_AREA).astype(np.float32) for mean in means]
    gain, offset = _line(before[0].ravel(), small[0].ravel())
    pairs = [(gain, offset)]
    pairs += [_tint(was, now, gain) for was, now in zip(before[1:], small[1:], strict=True)]
    light = Light(tuple(pair[0] for pair in pairs), tuple(pair[1] for pair in pairs))
    return Light(light.gains, light.offsets, _rows(planes.luma, means[0], light))


def corrected(planes: Planes, light: Light) -> Planes:
    """*planes* as they would look in the background's own light."""
    out = []
    for plane, gain, offset in zip(planes, light.gains, light.offsets, strict=True):
        if abs(gain - 1.0) < 0.004 and abs(offset) < 0.4:
            out.append(plane)
        else:
            table = np.clip((LEVELS - offset) / gain + 0.5, 0, 255).astype(np.uint8)
            out.append(np.asarray(cv2.LUT(plane, table), np.uint8))
    if light.rows is not None:
        out[0] = np.clip(out[0] / light.rows[:, None] + 0.5, 0, 255).astype(np.uint8)
    clipped = None
    if not 0.95 < light.gains[0] < 1.05:
        clipped = np.asarray(cv2.bitwise_not(cv2.inRange(planes.luma, DARK, BRIGHT)), np.uint8)
    return Planes(out[0], tuple(out[1:]), clipped)


def _tint(before: Floats, now: Floats, gain: float) -> tuple[float, float]:
    """Colour is grey (128) plus what grows with the *gain* of the light, and the light's own colour."""
    best = (math.inf, 1.0, 0.0)
    for scale in {1.0, gain}:
        scaled = 128.0 + scale * (before - 128.0)
        shift = float(np.median(now - scaled))
        shift = shift if abs(shift) >= SMALL else 0.0
        best = min(best, (float(np.abs(now - scaled - shift).mean()), scale, shift))
    return best[1], best[2] + 128.0 * (1.0 - best[1])


def _line(before: Floats, now: Floats) -> tuple[float, float]:
    """Gain and offset; each is only believed if it explains much of what is otherwise left over."""
    usable = (now > 3) & (now < 250) & (before > 3) & (before < 250)
    if usable.sum() < 0.2 * now.size:
        return 1.0, 0.0
    x, y = before[usable], now[usable]
    left = float(np.median(np.abs(y - x)))
    if left < SMALL:
        return 1.0, 0.0
    gain, offset = _fitted(x, y, with_offset=False)
    left, better = WORTH * left, float(np.median(np.abs(y - gain * x)))
    if better > left:
        gain, better = 1.0, left / WORTH
    line = _fitted(x, y, with_offset=True)
    if float(np.median(np.abs(y - line[0] * x - line[1]))) < WORTH * better:
        return line
    return gain, offset


def _fitted(x: Floats, y: Floats, *, with_offset: bool) -> tuple[float, float]:
    """Iteratively reweighted least squares with Tukey's weights, begun at the median of the ratios."""
    gain, offset = float(np.median(y / x)), 0.0
    for _round in range(ROUNDS):
        left = y - gain * x - offset
        scale = 6.0 * max(0.7, float(np.median(np.abs(left))))
        weight = np.square(np.maximum(0.0, 1.0 - np.square(left / scale)))
        total = float(weight.sum()) + 1e-6
        mx, my = (float(weight @ x) / total, float(weight @ y) / total) if with_offset else (0.0, 0.0)
        gain = float(weight @ ((x - mx) * (y - my))) / (float(weight @ np.square(x - mx)) + 1e-3)
        gain = min(max(gain, 0.1), 10.0)
        offset = my - gain * mx
    return gain, offset


def _rows(luma: Bytes, mean: Bytes, light: Light) -> Floats | None:
    """Gain per row (mains and rolling shutter make bands), if that explains much of the rest."""
    height = luma.shape[0]
    now = cv2.resize(luma, BANDS, interpolation=cv2.INTER_AREA).astype(np.float32)
    before = (
        cv2.resize(mean, BANDS, interpolation=cv2.INTER_AREA) * np.float32(light.gains[0]) + light.offsets[0]
    )
    ratio = (now + 4.0) / np.maximum(before + 4.0, 4.0)
    band = np.median(ratio, axis=1)
    away, within = np.abs(ratio - 1.0), np.abs(ratio - band[:, None])
    if np.median(away) < 0.015 or np.median(within) > 0.6 * np.median(away):
        return None
    band = cv2.GaussianBlur(
        np.clip(band, 1 - MOST_BAND, 1 + MOST_BAND).astype(np.float32)[:, None], (1, 5), 0
    )
    return np.asarray(cv2.resize(band, (1, height), interpolation=cv2.INTER_LINEAR)[:, 0], np.float32)
