"""The light of a picture: how much brighter or darker than the background it is as a whole."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from edgepi_camera.motion.picture import Bytes, Planes

__all__ = ["STEADY", "Light", "corrected", "measured"]

Floats = NDArray[np.float32]

CELLS = (40, 30)
ROUNDS = 5
PRIOR = 300.0
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


def measured(planes: Planes, means: list[Floats]) -> Light:
    """The light of *planes* against the background's *means*, whatever moves in less than half of it."""
    gains, offsets = [], []
    for plane, mean in zip(planes, means, strict=True):
        now = cv2.resize(plane, CELLS, interpolation=cv2.INTER_AREA).astype(np.float32).ravel()
        before = cv2.resize(mean, CELLS, interpolation=cv2.INTER_AREA).ravel()
        gain, offset = _line(before, now)
        gains.append(gain)
        offsets.append(offset)
    light = Light(tuple(gains), tuple(offsets))
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
    return Planes(out[0], tuple(out[1:]))


def _line(before: Floats, now: Floats) -> tuple[float, float]:
    """Gain and offset by iteratively reweighted least squares with Tukey's weights, starting from the medians."""
    usable = (now > 3) & (now < 250) & (before > 3) & (before < 250)
    if usable.sum() < 0.2 * now.size:
        return 1.0, 0.0
    x, y = before[usable], now[usable]
    middle = float(np.median(x))
    gain, level = max(0.1, float(np.median(y))) / max(0.1, middle), float(np.median(y))
    for _round in range(ROUNDS):
        left = y - gain * (x - middle) - level
        scale = max(1.0, 1.5 * float(np.median(np.abs(left))))
        weight = np.square(np.maximum(0.0, 1.0 - np.square(left / (4.0 * scale))))
        total = float(weight.sum()) + 1e-6
        mx, my = float((weight * x).sum()) / total, float((weight * y).sum()) / total
        spread = float((weight * np.square(x - mx)).sum())
        ratio = my / max(mx, 1.0)
        gain = (float((weight * (x - mx) * (y - my)).sum()) + PRIOR * ratio) / (spread + PRIOR)
        gain = min(max(gain, 0.1), 10.0)
        level = my + gain * (middle - mx)
    return gain, level - gain * middle


def _rows(luma: Bytes, mean: Floats, light: Light) -> Floats | None:
    """Gain per row (a lamp on the mains and a rolling shutter make bands), if that explains much of the rest."""
    height = luma.shape[0]
    now = cv2.resize(luma, BANDS, interpolation=cv2.INTER_AREA).astype(np.float32)
    before = cv2.resize(mean, BANDS, interpolation=cv2.INTER_AREA) * light.gains[0] + light.offsets[0]
    ratio = (now + 4.0) / np.maximum(before + 4.0, 4.0)
    band = np.median(ratio, axis=1)
    away, within = np.abs(ratio - 1.0), np.abs(ratio - band[:, None])
    if np.median(away) < 0.015 or np.median(within) > 0.6 * np.median(away):
        return None
    band = cv2.GaussianBlur(np.clip(band, 1 - MOST_BAND, 1 + MOST_BAND).astype(np.float32)[:, None], (1, 5), 0)
    return np.asarray(cv2.resize(band, (1, height), interpolation=cv2.INTER_LINEAR)[:, 0], np.float32)
