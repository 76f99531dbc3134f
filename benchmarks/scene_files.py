"""Composed scenes as video files, kept in the cache until the code that makes them changes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from scene_stage import Stage, perform, rate
from scene_truth import Truth, truth_of
from scenes import Frame, Scene
from scratch import CACHE

__all__ = ["Recorded", "pictures", "record", "recorded"]

HERE = Path(__file__).parent
# What decides how a scene looks.
MAKERS = (
    "scene_catalogue",
    "scene_sprites",
    "scene_stills",
    "scene_troubles",
    "scene_visitors",
    "scene_weather",
    "scenes",
)
STAGE_MAKERS = (
    *(name for name in MAKERS if name != "scene_catalogue"),
    "scene_actors",
    "scene_backdrops",
    "scene_catalogue_more",
    "scene_lamps",
    "scene_leaves",
    "scene_lens",
    "scene_stage",
)
CODECS = {
    "fine": ("libx264", "yuv420p", {"preset": "veryfast", "crf": "20", "g": "50"}),
    "poor": ("libx264", "yuv420p", {"preset": "veryfast", "crf": "35", "g": "25"}),
    "mjpeg": ("mjpeg", "yuvj420p", {"qmin": "14", "qmax": "14"}),
}
NOTHING = np.zeros((1, 1), np.bool_)
NO_PICTURE = np.zeros((1, 1, 3), np.uint8)


@dataclass(frozen=True, slots=True)
class Recorded:
    """A scene on disk."""

    scene: Scene
    path: Path
    truth: Truth


def recorded(scenes: Iterable[Scene], workers: int = 2) -> list[Recorded]:
    """All *scenes* as files in the cache; what is missing is made."""
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(_kept, scenes))


def _kept(scene: Scene) -> Recorded:
    folder = CACHE / "scenes" / _version(STAGE_MAKERS if isinstance(scene, Stage) else MAKERS)
    folder.mkdir(parents=True, exist_ok=True)
    name = "".join(c if c.isalnum() else "-" for c in scene.name)
    return record(scene, folder / f"{name}-{scene.size[1]}-{scene.seed}.mkv")


def _version(makers: tuple[str, ...]) -> str:
    code = b"".join((HERE / f"{name}.py").read_bytes() for name in makers)
    return hashlib.sha256(code + repr(CODECS).encode()).hexdigest()[:12]


def record(scene: Scene, path: Path) -> Recorded:
    """*scene* as a file at *path*, with its truth beside it; as it is, if it is there."""
    known = path.with_suffix(".npz")
    if not known.exists():
        truth_of(scene, list(_written(scene, path))).save(known)
    return Recorded(scene, path, Truth.load(known))


def _written(scene: Scene, path: Path) -> Iterator[Frame]:
    """Write the pictures, and pass on what is true of them."""
    codec, layout, options = CODECS[scene.codec]
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate(scene), options=dict(options))
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height = scene.size
        stream.pix_fmt = layout
        stream.codec_context.thread_count = 1
        for frame in perform(scene):
            picture = av.VideoFrame.from_ndarray(frame.picture, format="bgr24")
            container.mux(stream.encode(picture))
            yield replace(frame, picture=NO_PICTURE, mask=NOTHING)
        container.mux(stream.encode())


def pictures(path: Path, layout: str = "bgr24") -> Iterator[NDArray[np.uint8]]:
    """The decoded pictures of a file; *layout* as PyAV names it."""
    with av.open(str(path)) as container:
        container.streams.video[0].thread_count = 1
        for frame in container.decode(container.streams.video[0]):
            yield np.asarray(frame.to_ndarray(format=layout), np.uint8)
