"""Brushes of the film: layers with an alpha channel, textures without a seam, smooth colours."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["HEIGHT", "WIDTH", "Colour", "Image", "dim", "lay", "layer", "shrink", "texture"]

WIDTH, HEIGHT = 640, 480
Image = NDArray[np.uint8]
Field = NDArray[np.float32]
Colour = tuple[float, float, float]  # blue, green, red


def texture(rng: np.random.Generator, size: Sequence[int], *, power: float, stretch: float = 1.0) -> Field:
    """Return noise of mean 0 and deviation 1 that continues over its edges; a higher *power* is softer."""
    height, width = size
    down = np.fft.fftfreq(height)[:, None] * height
    across = np.fft.rfftfreq(width)[None, :] * width
    distance = np.hypot(down, across * stretch)
    distance[0, 0] = 1.0
    white = np.fft.rfft2(rng.standard_normal((height, width), np.float32))
    waves = white / (distance**power).astype(np.float32)
    waves[0, 0] = 0.0
    noise = np.fft.irfft2(waves, (height, width))
    return np.asarray(noise / noise.std(), np.float32)


def layer(height: int, width: int) -> Image:
    """Return an empty layer: colours times their alpha, then alpha."""
    return np.zeros((height, width, 4), np.uint8)


def shrink(painted: Image, times: int) -> Image:
    """Return a layer that was painted larger, at its size, with smooth edges."""
    height, width = painted.shape[:2]
    return np.asarray(
        cv2.resize(painted, (width // times, height // times), interpolation=cv2.INTER_AREA), np.uint8
    )


def lay(picture: Image, over: Image, left: int, top: int) -> bool:
    """Put a layer on a picture, where it lies inside it; return whether anything did."""
    height, width = over.shape[:2]
    x0, y0 = max(0, left), max(0, top)
    x1, y1 = min(picture.shape[1], left + width), min(picture.shape[0], top + height)
    if x0 >= x1 or y0 >= y1:
        return False
    part = over[y0 - top : y1 - top, x0 - left : x1 - left]
    under = picture[y0:y1, x0:x1]
    rest = cv2.cvtColor(255 - part[..., 3], cv2.COLOR_GRAY2BGR)
    cv2.multiply(under, rest, dst=under, scale=1 / 255)
    cv2.add(under, np.ascontiguousarray(part[..., :3]), dst=under)
    return bool(part[..., 3].any())


def dim(picture: Image, shade: Image, left: int, top: int) -> None:
    """Darken a picture where *shade* (0 to 255) lies on it; shadows are bluish, for the sky lights them."""
    height, width = shade.shape[:2]
    x0, y0 = max(0, left), max(0, top)
    x1, y1 = min(picture.shape[1], left + width), min(picture.shape[0], top + height)
    if x0 >= x1 or y0 >= y1:
        return
    part = shade[y0 - top : y1 - top, x0 - left : x1 - left]
    under = picture[y0:y1, x0:x1]
    tinted = cv2.merge([cv2.convertScaleAbs(part, alpha=share) for share in (0.86, 0.97, 1.0)])
    cv2.multiply(under, 255 - np.asarray(tinted, np.uint8), dst=under, scale=1 / 255)


def polygon(
    picture: Image, points: Sequence[tuple[float, float]], colour: Sequence[float], *, times: float = 1.0
) -> None:
    """Fill a polygon with smooth edges."""
    cv2.fillPoly(
        picture,
        [np.round(np.asarray(points, np.float64) * times * 16).astype(np.int32)],
        tuple(colour),
        lineType=cv2.LINE_AA,
        shift=4,
    )
