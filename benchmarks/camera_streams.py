"""What the camera of the benchmarks sends: 25 pictures a second of 640x480 H.264, busy or quiet."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray
from scene_files import pictures
from scene_stills import DATA
from scene_troubles import Trouble
from scene_visitors import crossing
from scene_weather import Noise
from scenes import FPS, Scene, compose

from tests.cameras import Film, film_from

__all__ = ["busy", "quiet"]

SIZE = (640, 480)
OPTIONS = {"preset": "veryfast", "crf": "23", "g": "50", "bf": "0"}
HIGHWAY = DATA / "video" / "highway.avi"


def busy(folder: Path, seconds: float = 60.0) -> Film:
    """Cars all the time: highway.avi enlarged, or drawn ones where it is not."""
    return _film(_highway() if HIGHWAY.exists() else _drawn(_cars(), seconds), seconds, folder / "busy.mp4")


def quiet(folder: Path, seconds: float = 60.0) -> Film:
    """A still with the noise of a sensor, and nothing that moves."""
    kind = "highway" if HIGHWAY.exists() else "street"
    nothing = Scene("a quiet road", SIZE, kind, (), _noise, seconds)
    return _film(_drawn(nothing, seconds), seconds, folder / "quiet.mp4")


def _noise(size: tuple[int, int], rng: np.random.Generator) -> list[Trouble]:
    return [Noise(size, rng, 3.0)]


def _cars() -> Scene:
    cars = (crossing("car", 0.18, 0.88, at, 3.5, leftwards=at % 8 < 4) for at in range(10, 60, 4))
    return Scene("a busy road", SIZE, "street", tuple(cars), _noise, 60.0)


def _drawn(scene: Scene, seconds: float) -> Iterator[NDArray[np.uint8]]:
    for frame in compose(scene):
        if frame.time_s < seconds:
            yield frame.picture


def _highway() -> Iterator[NDArray[np.uint8]]:
    for picture in pictures(HIGHWAY):
        yield np.asarray(cv2.resize(picture, SIZE, interpolation=cv2.INTER_CUBIC), np.uint8)


def _film(source: Iterator[NDArray[np.uint8]], seconds: float, file: Path) -> Film:
    with av.open(str(file), "w") as container:
        stream = container.add_stream("libx264", rate=FPS, options=dict(OPTIONS))
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height = SIZE
        stream.pix_fmt = "yuv420p"
        stream.codec_context.thread_count = 1  # one slice: the server takes several for several pictures
        for _, picture in zip(range(round(seconds * FPS)), source, strict=False):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
        container.mux(stream.encode())
    return film_from(file)
