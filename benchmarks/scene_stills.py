"""Still backgrounds of the composed scenes: drawn ones, and the median of a real clip."""

from __future__ import annotations

import os
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

__all__ = ["DATA", "STILLS", "Pixels", "Shares", "crowns", "median_still", "still", "texture"]

Pixels = NDArray[np.uint8]
Shares = NDArray[np.float32]
DATA = Path(os.environ.get("EDGEPI_TEST_DATA", "../shared/data"))
CLIPS = {"highway": "highway.avi", "motorway": "motorway.avi"}


def texture(width: int, height: int, rng: Generator, coarsest: int = 4, finest: int = 1) -> Shares:
    """Noise of several grains, *coarsest* to *finest* (octaves: 2^n pixels); mean 0, deviation 1."""
    total = np.zeros((height, width), np.float32)
    for octave in range(finest - 1, coarsest + 1):
        grain = 2**octave
        rough = rng.standard_normal((height // grain + 3, width // grain + 3)).astype(np.float32)
        fine = cv2.resize(
            rough, (rough.shape[1] * grain, rough.shape[0] * grain), interpolation=cv2.INTER_CUBIC
        )
        total += fine[grain : grain + height, grain : grain + width] * grain**0.4
    return np.asarray((total - total.mean()) / total.std(), np.float32)


def still(name: str, width: int, height: int, rng: Generator) -> Pixels:
    """The background *name*: a drawn one, or the median of a clip."""
    if name in CLIPS:
        return median_still(DATA / "video" / CLIPS[name], width, height)
    kind = {"street": _street, "yard": _yard, "room": _room, "wood": _wood}[name]
    return np.asarray(np.clip(kind(width, height, rng), 2, 250), np.uint8)


STILLS = ("street", "yard", "room", "wood", *CLIPS)


def median_still(clip: Path, width: int, height: int, samples: int = 61) -> Pixels:
    """What stays when everything that moves is taken out of *clip*."""
    with av.open(str(clip)) as container:
        stream = container.streams.video[0]
        count = stream.frames or 700
        step = max(1, count // samples)
        seen = [
            np.asarray(f.to_ndarray(format="bgr24"), np.uint8)
            for k, f in enumerate(container.decode(stream))
            if k % step == 0
        ]
    middle = np.median(np.stack(seen), axis=0).astype(np.uint8)
    return np.asarray(cv2.resize(middle, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)


def _plain(width: int, height: int, colour: tuple[int, int, int], rng: Generator, rough: float) -> Shares:
    grain = texture(width, height, rng)[..., None] * rough
    return np.asarray(np.array(colour, np.float32) + grain, np.float32)


def _street(width: int, height: int, rng: Generator) -> Shares:
    picture = _plain(width, height, (150, 165, 172), rng, 5)
    roof, kerb, road = int(height * 0.12), int(height * 0.5), int(height * 0.62)
    picture[:roof] = np.array((225, 205, 190), np.float32)
    for row in range(roof, kerb, max(3, height // 60)):
        picture[row] *= 0.86
    for k in range(4):
        x, w = int(width * (0.08 + 0.24 * k)), int(width * 0.1)
        picture[int(height * 0.2) : int(height * 0.36), x : x + w] = (78, 62, 58)
    picture[kerb:road] = _plain(width, road - kerb, (158, 160, 160), rng, 7)
    picture[road:] = _plain(width, height - road, (92, 92, 94), rng, 6)
    middle = int(height * 0.82)
    for x in range(0, width, max(8, width // 8)):
        picture[middle : middle + max(2, height // 90), x : x + width // 18] = 200
    return picture


def _yard(width: int, height: int, rng: Generator) -> Shares:
    picture = _plain(width, height, (190, 200, 205), rng, 4)
    fence, lawn = int(height * 0.2), int(height * 0.48)
    picture[fence:lawn] = _plain(width, lawn - fence, (70, 100, 128), rng, 9)
    for x in range(0, width, max(5, width // 40)):
        picture[fence:lawn, x : x + max(1, width // 200)] *= 0.6
    picture[lawn:] = _plain(width, height - lawn, (62, 122, 92), rng, 15)
    left, right = int(width * 0.72), int(width * 0.86)
    picture[int(height * 0.14) : int(height * 0.66), left:right] = (48, 50, 58)
    return picture


def _room(width: int, height: int, rng: Generator) -> Shares:
    slope = np.linspace(1.1, 0.75, width, dtype=np.float32)[None, :, None]
    picture = _plain(width, height, (150, 168, 178), rng, 2) * slope
    floor = int(height * 0.7)
    picture[floor:] = _plain(width, height - floor, (70, 92, 120), rng, 8)
    left, right = int(width * 0.1), int(width * 0.26)
    picture[int(height * 0.18) : int(height * 0.82), left:right] = (40, 46, 52)
    picture[int(height * 0.45) : int(height * 0.75), int(width * 0.6) : int(width * 0.9)] = (60, 66, 92)
    return picture


def _wood(width: int, height: int, rng: Generator) -> Shares:
    picture = _plain(width, height, (72, 104, 92), rng, 26)
    path = int(height * 0.66)
    picture[path:] = _plain(width, height - path, (112, 138, 150), rng, 12)
    for _ in range(7):
        x, w = int(rng.uniform(0, width)), int(width * rng.uniform(0.012, 0.035))
        picture[: int(height * rng.uniform(0.6, 0.72)), x : x + w] = (44, 58, 66)
    return picture


def crowns(width: int, height: int, rng: Generator, bottom: float, cover: float) -> tuple[Pixels, Shares]:
    """Leaves and their opacity: they hang from the top down to *bottom*, *cover* of the width, with gaps."""
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    opacity = np.full((height, width), -1.0, np.float32)
    start = rng.uniform(0, 1 - cover) if cover < 1 else 0.0
    for k in range(3):
        x = (start + cover * (k + 0.5) / 3) * width
        radius_x, radius_y = cover * width / 4.5, bottom * height * rng.uniform(0.75, 1.0)
        round_ = 1 - ((columns - x) / radius_x) ** 2 - (rows / radius_y) ** 2
        opacity = np.maximum(opacity, round_)
    opacity = np.clip((opacity + 0.35 * texture(width, height, rng, 4, 2)) * 4, 0, 1).astype(np.float32)
    shade = texture(width, height, rng, 4, 1)
    leaves = np.array((46, 104, 78), np.float32) + shade[..., None] * np.array((14, 30, 24), np.float32)
    return np.clip(leaves, 5, 245).astype(np.uint8), opacity
