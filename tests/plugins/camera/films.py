"""Small films for tests: a grey wall with noise, past which a bright box goes at known times."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

__all__ = ["HEIGHT", "WIDTH", "film"]

WIDTH, HEIGHT, FPS = 320, 180, 10


def film(path: Path, length_s: float, passes: Sequence[tuple[float, float]] = ()) -> Path:
    """Write H.264; the box crosses the picture once in each of *passes* (from, to)."""
    noise = np.random.default_rng(6)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(FPS))
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.options = {"preset": "ultrafast", "g": "10"}
        for number in range(round(length_s * FPS)):
            picture = noise.integers(96, 104, (HEIGHT * 3 // 2, WIDTH), np.uint8)
            picture[HEIGHT:] = 128
            for begin_s, end_s in passes:
                part = (number / FPS - begin_s) / (end_s - begin_s)
                if 0 <= part <= 1:
                    left = round(part * (WIDTH - 40))
                    picture[60:130, left : left + 40] = 220
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="yuv420p")))
        container.mux(stream.encode())
    return path
