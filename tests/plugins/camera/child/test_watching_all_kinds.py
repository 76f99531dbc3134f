"""A child watches films of all kinds; whatever they are, a browser plays what it records of them."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from edgepi_camera.model import SourceSettings
from tests.plugins.camera.driving import counted, driven, scene

pytestmark = pytest.mark.slow

FPS, RATE = 25, 8.0
OPTIONS = {
    "libx264": {"preset": "ultrafast", "bf": "2", "x264-params": "scenecut=0:b-adapt=0", "g": "25"},
    "libvpx-vp9": {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0"},
    "libsvtav1": {"preset": "12"},
    "mpeg4": {"bf": "2", "b": "2M"},
}


def write(path: Path, codec: str, pixels: str, size: tuple[int, int]) -> Path:
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=FPS)
        (stream.width, stream.height), stream.pix_fmt = size, pixels
        stream.options = OPTIONS.get(codec, {})
        for number, picture in enumerate(scene()):
            frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
            frame = frame.reformat(width=size[0], height=size[1], format=pixels)
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def lefts(path: Path) -> list[int]:
    """Where the square is in each picture of a clip, while it goes its way for the first time."""
    found = []
    with av.open(str(path)) as clip:
        assert clip.streams.video[0].codec_context.name == "h264"
        for frame in clip.decode(video=0):
            assert frame.format.name == "yuv420p"
            bright = np.flatnonzero(np.min(frame.to_ndarray(format="gray")[105:145], axis=0) > 205)
            found.append(int(bright[0]) if bright.size > 20 else -1)
    return found


@pytest.mark.parametrize(
    ("name", "codec", "pixels", "size"),
    [
        ("odd.mkv", "ffv1", "bgra", (321, 241)),
        ("film.avi", "utvideo", "yuv422p", (320, 240)),
        ("odd.avi", "rawvideo", "bgr24", (321, 241)),
        ("film.avi", "mpeg4", "yuv420p", (320, 240)),
        ("film.webm", "libvpx-vp9", "yuv420p", (320, 240)),
        ("film.mp4", "libsvtav1", "yuv420p", (320, 240)),
        ("ten.mp4", "libx264", "yuv420p10le", (320, 240)),
        ("film.mkv", "libx264", "yuv420p", (320, 240)),
        ("film.avi", "libx264", "yuv420p", (320, 240)),
        ("film.h264", "libx264", "yuv420p", (320, 240)),
    ],
)
def test_what_is_recorded_plays_in_order(
    name: str, codec: str, pixels: str, size: tuple[int, int], tmp_path: Path
) -> None:
    check(write(tmp_path / name, codec, pixels, size), tmp_path, "full")


@pytest.mark.parametrize(("name", "codec"), [("film.mkv", "ffv1"), ("film.avi", "libx264")])
def test_at_saver_too(name: str, codec: str, tmp_path: Path) -> None:
    check(write(tmp_path / name, codec, "yuv420p", (320, 240)), tmp_path, "saver")


def check(film: Path, tmp_path: Path, level: str) -> None:
    source = SourceSettings(url=str(film), live=False)
    with driven(source, tmp_path / "clips", level=level, rate=RATE) as camera:
        ended = camera.event("ended")
        assert camera.ask("status")["link"] in {"running", "closed"}
    assert ended["motion_s"] == pytest.approx(2.4, abs=0.7)
    path = tmp_path / "clips" / ended["clip"]
    pictures, first_s, claimed_s = counted(path)
    assert first_s < 0.1
    assert claimed_s == pytest.approx(ended["clip_s"] + 1 / FPS, abs=0.02)
    assert 4.0 <= ended["clip_s"] <= 7.0
    assert pictures == pytest.approx(ended["clip_s"] * FPS, abs=3)
    way = [left for left in lefts(path) if left >= 0][:50]
    assert len(way) == 50
    assert (np.diff(way) >= 0).mean() > 0.95
