"""Drives a camera's child in this process: asks, collects what it pushes, and films what it is to see."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from edgepi.clock import ScaledClock, TimeScale
from edgepi.plugin import Message
from edgepi_camera.child.main import Handler
from edgepi_camera.model import CameraSettings, ClipSettings, SourceSettings
from tests.cameras import Picture, moving_square

__all__ = ["Driven", "counted", "driven", "scene", "write_film"]

END_S = 40.0


@dataclass
class Driven:
    """A camera that is open, and all that it said."""

    handler: Handler
    folder: Path
    pushed: list[Message] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def ask(self, kind: str, data: bool = False, **fields: Any) -> Any:
        answer = self.handler(Message(kind, fields))
        if data:
            return answer
        return dict(answer.fields) if answer is not None else {}

    def take(self, message: Message) -> None:
        json.dumps(message.fields)
        with self.changed:
            self.pushed.append(message)
            self.changed.notify_all()

    def wait(self, test: Callable[[], Any]) -> Any:
        """Wait until *test* gives something true, and return it."""
        with self.changed:
            end_s = time.monotonic() + END_S
            while not (found := test()):
                assert time.monotonic() < end_s, f"never came; pushed: {self.said()}"
                self.changed.wait(0.1)
            return found

    def said(self) -> list[dict[str, Any]]:
        return [dict(message.fields) for message in self.pushed if message.kind != "push.frame"]

    def events(self, phase: str) -> list[dict[str, Any]]:
        return [
            dict(message.fields)
            for message in self.pushed
            if message.kind == "push.event" and message.fields["phase"] == phase
        ]

    def event(self, phase: str, number: int = 0) -> dict[str, Any]:
        return dict(self.wait(lambda: self.events(phase)[number : number + 1])[0])

    def link(self, link: str) -> dict[str, Any]:
        """Wait for a status in which the link is so."""
        return dict(
            self.wait(
                lambda: [m for m in self.pushed if m.kind == "push.status" and m.fields["link"] == link]
            )[-1].fields
        )


@contextmanager
def driven(
    source: SourceSettings, folder: Path, *, level: str | None = "full", rate: float = 1.0, **settings: Any
) -> Iterator[Driven]:
    """Open a camera, and close it again."""
    settings.setdefault("clip", ClipSettings(before_s=1.0, after_s=1.0))
    clock = ScaledClock(TimeScale(time.monotonic(), 1000.0, 0.0, rate))
    camera = Driven(Handler(clock), folder)
    camera.handler.connect(camera.take)
    fields = CameraSettings(source=source, folder=str(folder), **settings).to_fields()
    camera.ask("open", settings=json.loads(json.dumps(fields)))
    try:
        if level is not None:
            assert camera.ask("level", level=level) == {"level": level, "held": True}
        yield camera
    finally:
        camera.ask("close")


def scene(
    *, still_s: float = 2.4, moving_s: float = 2.4, after_s: float = 3.0, fps: int = 25
) -> Iterator[Picture]:
    """A still texture with a little noise, then a bright square that walks over it, then stillness."""
    random = np.random.default_rng(2)
    empty = moving_square(0)
    empty[120:168, 0:48] = empty[120:168, 60:108]
    for number in range(round((still_s + moving_s + after_s) * fps)):
        picture = empty.astype(np.int16)
        step = number - round(still_s * fps)
        if 0 <= step < moving_s * fps:
            left = 3 * step % 260
            picture[100:150, left : left + 40] = 230
        noisy = picture + random.normal(0, 1.5, picture.shape[:2]).round().astype(np.int16)[..., None]
        yield np.clip(noisy, 0, 255).astype(np.uint8)


def write_film(
    path: Path,
    pictures: Iterator[Picture],
    *,
    fps: int = 25,
    codec: str = "libx264",
    gop: int = 25,
    pixels: str = "yuv420p",
    b_frames: int = 0,
) -> Path:
    """Write pictures into a file."""
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=fps)
        stream.pix_fmt, stream.codec_context.thread_count = pixels, 1
        if codec == "libx264":
            stream.options = {"preset": "ultrafast", "x264-params": f"scenecut=0:bframes={b_frames}"}
            stream.codec_context.gop_size = gop
        elif codec == "libx265":
            stream.options = {"preset": "ultrafast", "x265-params": f"keyint={gop}:pools=none:log-level=0"}
        for number, picture in enumerate(pictures):
            if number == 0:
                stream.height, stream.width = picture.shape[:2]
            frame = av.VideoFrame.from_ndarray(picture, format="bgr24").reformat(format=pixels)
            frame.pts, frame.time_base = number, Fraction(1, fps)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def counted(path: Path) -> tuple[int, float, float | None]:
    """Pictures that can be decoded, the time of the first, and the duration the file claims."""
    times: list[float] = []
    with av.open(str(path)) as container:
        with suppress(av.InvalidDataError):  # where it is cut off
            times.extend(frame.time or 0.0 for frame in container.decode(video=0))
        claimed = None if container.duration is None else container.duration / 1e6
    return len(times), min(times), claimed
