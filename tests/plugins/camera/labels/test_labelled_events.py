"""Events of a whole camera get the labels of what moved, and those that nobody wants leave nothing behind."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from edgepi.clock import SystemClock
from edgepi.plugin import Message
from edgepi_camera.child.engine import Engine
from edgepi_camera.child.levels import Level
from edgepi_camera.model import CameraSettings, ClipSettings, SourceSettings
from tests.plugins.camera.labels import tiny_onnx

pytestmark = pytest.mark.slow

WIDTH, HEIGHT, FPS, PAUSE = 320, 240, 15, 30


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wall, past which a red box walks after two seconds."""
    path, noise = tmp_path_factory.mktemp("clip") / "red.mp4", np.random.default_rng(5)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(FPS))
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.options = {"preset": "ultrafast", "g": "15", "tune": "zerolatency"}
        for number in range(5 * FPS):
            picture = noise.integers(96, 104, (HEIGHT, WIDTH, 3), np.uint8)
            left = 6 * (number - PAUSE)
            if 0 <= left < WIDTH - 60:
                picture[80:160, left : left + 60] = (0, 0, 250)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
        container.mux(stream.encode())
    return path


def events_of(clip: Path, folder: Path, model: str, wanted: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Watch the clip to its end; returns what was told last of each event, and the camera's last note."""
    told: list[Message] = []
    ended = threading.Event()

    def hear(message: Message) -> None:
        told.append(message)
        if message.fields.get("phase") == "ended":
            ended.set()

    settings = CameraSettings(
        source=SourceSettings(url=str(clip), live=False),
        clip=ClipSettings(before_s=1.0, after_s=0.5),
        folder=str(folder),
        labels_model=model,
        labels_names=("red", "blue"),
        labels_wanted=tuple(wanted),
    )
    engine = Engine(settings, SystemClock(), hear)
    engine.wish(Level.FULL)
    assert ended.wait(40)
    note = engine.status()["note"]
    engine.close()
    last = {each.fields["id"]: each.fields for each in told if each.kind == "push.event"}
    return [{**fields, "note": note} for fields in last.values()]


@pytest.fixture
def model(tmp_path: Path) -> str:
    path = tmp_path / "squares.onnx"
    path.write_bytes(tiny_onnx.yolo8())
    return str(path)


def test_an_event_that_shows_what_is_wanted_is_labelled_and_kept(
    clip: Path, tmp_path: Path, model: str
) -> None:
    [event] = events_of(clip, tmp_path / "events", model, ["Red", "green"])
    assert event["labels"] == ["red"]
    assert sorted(file.suffix for file in (tmp_path / "events").iterdir()) == [".jpg", ".mp4"]


def test_an_event_that_shows_nothing_wanted_leaves_no_files(clip: Path, tmp_path: Path, model: str) -> None:
    [event] = events_of(clip, tmp_path / "events", model, ["blue"])
    assert (event["clip"], event["picture"]) == (None, None)
    assert "nothing that is wanted" in event["reason"]
    assert list((tmp_path / "events").iterdir()) == []


def test_without_the_model_the_camera_goes_on_and_says_so(clip: Path, tmp_path: Path) -> None:
    [event] = events_of(clip, tmp_path / "events", str(tmp_path / "none.onnx"), ["blue"])
    assert event["labels"] == []
    assert event["clip"] is not None
    assert event["note"].startswith("no labels: there is no model file")
