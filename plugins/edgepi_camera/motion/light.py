"""The light of a picture: how much brighter or darker than the background it is as a whole."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from edgepi_camera.motion.picture import Bytes, Planes, middle

__all__ = ["Light", "Reference", "corrected", "measured"]

Floats = NDArray[np.float32]

CELLS = (32, 24)
ROUNDS = 4
# Levels that a round more would change.
SETTLED = 0.1
SMALL = 0.8
DARK, BRIGHT = 4, 246
WORTH = 0.75
LEAST_CONTRAST = 5.0
MOST_GAIN = 3.0
LEVELS = np.arange(256, dtype=np.float32)
BANDS = (32, 60)
LEAST_BAND, MOST_BAND = 0.015, 0.25
WORTH_BANDS = 0.6
WATCHED = 250


@dataclass(frozen=True, slots=True)
class Light:
    """Per plane: the picture is *gain* times the background plus *offset*; *rows*: further gain per row."""

    gains: tuple[float, ...]
    offsets: tuple[float, ...]
    rows: Floats | None = None


@dataclass(frozen=True, slots=True)
class Reference:
    """The background that light is measured against: *cells* of each plane, and *bands* of luma.

    *watched* cells and *columns* of the bands are those where the owner wants anything looked at (None: all).
    """

    cells: tuple[Floats, ...]
    bands: Floats
    watched: NDArray[np.bool_] | None = None
    columns: NDArray[np.bool_] | None = None

    @classmethod
    def of(cls, means: tuple[Bytes, ...], watched: Bytes | None = None) -> Reference:
        """From the background's *means*, luma first."""
        if watched is None:
            return cls(tuple(_cells(mean, None) for mean in means), _bands(means[0], None))
        inside = _small(watched, CELLS).ravel() > WATCHED
        columns = np.asarray((_small(watched, BANDS) > WATCHED).all(axis=0), np.bool_)
        return cls(tuple(_cells(mean, inside) for mean in means), _bands(means[0], columns), inside, columns)


def _small(plane: Bytes, size: tuple[int, int]) -> Floats:
    return np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA), np.float32)


def _cells(plane: Bytes, watched: NDArray[np.bool_] | None) -> Floats:
    cells = _small(plane, CELLS).ravel()
    return cells if watched is None else cells[watched]


def _bands(luma: Bytes, columns: NDArray[np.bool_] | None) -> Floats:
    bands = _small(luma, BANDS)
    return bands if columns is None else bands[:, columns]


def measured(planes: Planes, reference: Reference) -> Light:
    """The light of *planes* against the background's, whatever moves in less than half of the picture."""
    before, now = reference.cells, [_cells(plane, reference.watched) for plane in planes]
    if not before[0].size:
        return Light((1.0,) * len(now), (0.0,) * len(now))
    gain, offset = _line(before[0], now[0])
    pairs = [(gain, offset)]
    pairs += [_tint(*pair, gain) for pair in zip(before[1:], now[1:], strict=True)]
    light = Light(tuple(pair[0] for pair in pairs), tuple(pair[1] for pair in pairs))
    return Light(light.gains, light.offsets, _rows(planes.luma, reference, light))


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
        shift = middle(now - scaled)
        shift = shift if abs(shift) >= SMALL else 0.0
        best = min(best, (float(np.abs(now - scaled - shift).mean()), scale, shift))
    return best[1], best[2] + 128.0 * (1.0 - best[1])


def _line(before: Floats, now: Floats) -> tuple[float, float]:
    """Gain and offset; each is only believed if it explains much of what is otherwise left over."""
    usable = (now > 3) & (now < 250) & (before > 3) & (before < 250)
    if usable.sum() < 0.2 * now.size:
        return 1.0, 0.0
    x, y = before[usable], now[usable]
    left = middle(np.abs(y - x))
    if left < SMALL:
        return 1.0, 0.0
    gain, offset = _fitted(x, y, with_offset=False)
    left, better = WORTH * left, middle(np.abs(y - gain * x))
    if better > left:
        gain, better = 1.0, left / WORTH
    # Of a wall without contrast, nothing tells a gain from an offset.
    if middle(np.abs(x - middle(x))) < LEAST_CONTRAST:
        return gain, offset
    line = _fitted(x, y, with_offset=True)
    if 1.0 / MOST_GAIN < line[0] < MOST_GAIN and middle(np.abs(y - line[0] * x - line[1])) < WORTH * better:
        return line
    return gain, offset


def _fitted(x: Floats, y: Floats, *, with_offset: bool) -> tuple[float, float]:
    """Iteratively reweighted least squares with Tukey's weights, begun at the median of the ratios."""
    gain, offset = middle(y[::2] / x[::2]), 0.0
    for _round in range(ROUNDS):
        before = gain, offset
        left = y - gain * x - offset
        scale = 6.0 * max(0.7, middle(np.abs(left[::2])))
        weight = np.square(np.maximum(0.0, 1.0 - np.square(left / scale)))
        total = float(weight.sum()) + 1e-6
        mx, my = (float(weight @ x) / total, float(weight @ y) / total) if with_offset else (0.0, 0.0)
        gain = float(weight @ ((x - mx) * (y - my))) / (float(weight @ np.square(x - mx)) + 1e-3)
        gain = min(max(gain, 0.1), 10.0)
        offset = my - gain * mx
        if abs(gain - before[0]) * BRIGHT + abs(offset - before[1]) < SETTLED:
            break
    return gain, offset


def _rows(luma: Bytes, reference: Reference, light: Light) -> Floats | None:
    """Gain per row (mains and rolling shutter make bands), if that explains much of the rest."""
    now = _bands(luma, reference.columns)
    if not now.size:
        return None
    before = reference.bands * np.float32(light.gains[0]) + np.float32(light.offsets[0])
    ratio = (now + 4.0) / np.maximum(before + 4.0, 4.0)
    away = middle(np.abs(ratio - 1.0))
    if away < LEAST_BAND:
        return None
    band = np.median(ratio, axis=1)
    if middle(np.abs(ratio - band[:, None])) > WORTH_BANDS * away:
        return None
    band = cv2.GaussianBlur(
        np.clip(band, 1 - MOST_BAND, 1 + MOST_BAND).astype(np.float32)[:, None], (1, 5), 0
    )
    return np.asarray(cv2.resize(band, (1, luma.shape[0]), interpolation=cv2.INTER_LINEAR)[:, 0], np.float32)
