"""Renders the film into a file, with the truth about it beside; heavy, so only in a process of its own."""

from __future__ import annotations

import fcntl
import io
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from edgepi.files import atomic_write, remove_drafts
from edgepi.sim.film.brush import HEIGHT, WIDTH, Image
from edgepi.sim.film.plot import LENGTH_S
from edgepi.sim.film.scene import LABEL, Scene, truth

__all__ = ["Take", "encoded", "render"]

Progress = Callable[[float], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Take:
    """What is rendered: from *start_s* on, *length_s* of the film, in this size."""

    width: int = WIDTH
    height: int = HEIGHT
    fps: int = 15
    start_s: float = 0.0
    length_s: float = LENGTH_S
    key_every_s: float = 1.0


def render(path: Path, take: Take, progress: Progress = lambda _share: None) -> None:
    """Render the film at *path* unless it is there, the truth first; raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with _alone(path.with_suffix(".lock")):
        if path.exists():
            return
        remove_drafts(path.parent, path.name)
        film, seen = _film(take, progress)
        told = {"label": LABEL, "fps": take.fps, "length_s": take.length_s, "seen": truth(seen, take.fps)}
        atomic_write(path.with_suffix(".json"), json.dumps(told, indent=1))
        atomic_write(path, film)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Wait until nobody else renders the same film."""
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _film(take: Take, progress: Progress) -> tuple[bytes, list[set[str]]]:
    cv2.setNumThreads(1)
    scene = Scene()
    seen: list[set[str]] = []
    count = round(take.length_s * take.fps)

    def pictures() -> Iterator[Image]:
        for number in range(count):
            planes = scene.picture((take.start_s + number / take.fps) % LENGTH_S)
            seen.append(scene.seen)
            yield _sized(planes, take)
            progress((number + 1) / count)

    return encoded(pictures(), take), seen


def encoded(pictures: Iterable[Image], take: Take) -> bytes:
    """Return pictures in YUV 4:2:0 as a transport stream that can be begun with at each key."""
    file = io.BytesIO()
    with av.open(file, "w", format="mpegts") as container:
        stream = container.add_stream("libx264", rate=take.fps)
        stream.width, stream.height, stream.pix_fmt = take.width, take.height, "yuv420p"
        stream.time_base = Fraction(1, take.fps)
        stream.codec_context.thread_count = 1
        stream.options = {
            "preset": "veryfast",
            "crf": "25",
            "bf": "0",
            "g": str(round(take.fps * take.key_every_s)),
            "x264-params": "scenecut=0",
        }
        for number, planes in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return file.getvalue()


def _sized(planes: Image, take: Take) -> Image:
    if (take.width, take.height) == (WIDTH, HEIGHT):
        return planes
    colours = cv2.cvtColor(planes, cv2.COLOR_YUV2BGR_I420)
    small = cv2.resize(colours, (take.width, take.height), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2YUV_I420), np.uint8)
