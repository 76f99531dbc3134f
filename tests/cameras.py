"""Cameras on the network, for tests and benchmarks: GStreamer's RTSP server, and MJPEG over HTTP.

    def test_something(rtsp_camera: Callable[..., RtspCamera]) -> None:      # marked `slow`
        camera = rtsp_camera(main=film(seconds=4, fps=25, gop=50), sub=film(seconds=4, width=160, height=120))
        camera.url("main")                        # rtsp://127.0.0.1:PORT/main
        camera.hang(), camera.resume()            # connected, but not a packet more
        camera.drop()                             # closes the connections, takes new ones at once
        camera.leave(), camera.come_back()        # ... or refuses them until it is back, on the same port
        camera.play("main", film(width=320))      # another size from the next picture on, same connection
        camera.jump(-1800.0)                      # time stamps go back (at most an hour)
        camera.tear(0.3)                          # damages three pictures of ten
        camera.status()                           # {"sent": {"main": n}, "opened": n, "clients": n}

A film is a list of compressed pictures; `film` draws one, `film_of` takes pictures of your own, `film_from`
copies the packets of a file. Streams begin anew for the first who watches, and loop unless ``loop=False``.
"""

from __future__ import annotations

import json
import struct
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

__all__ = ["Film", "RtspCamera", "film", "film_from", "film_of", "moving_square", "rtsp_camera"]

SERVER = Path(__file__).parent / "peers" / "rtsp" / "server.py"
ROW = struct.Struct(">QI")
Picture = NDArray[np.uint8]


@dataclass(frozen=True)
class Film:
    """Compressed pictures: (microseconds, access unit of H.264 with its parameter sets)."""

    rows: tuple[tuple[int, bytes], ...]

    def write(self, file: Path) -> None:
        """Write it as the server reads it."""
        file.write_bytes(b"".join(ROW.pack(time_us, len(data)) + data for time_us, data in self.rows))


def moving_square(number: int, *, width: int = 320, height: int = 240) -> Picture:
    """Draw a still texture with a bright square that walks to the right, 4 pixels a picture."""
    texture = cv2.resize(
        np.random.default_rng(1).integers(40, 120, (height // 16, width // 16), np.uint8), (width, height)
    )
    picture = cv2.merge([texture, texture, texture])
    left, side = 4 * number % width, height // 5
    picture[height // 2 : height // 2 + side, left : left + side] = 230
    return picture.astype(np.uint8, copy=False)


def film(
    *,
    seconds: float = 4.0,
    fps: int = 25,
    width: int = 320,
    height: int = 240,
    gop: int = 25,
    draw: Callable[..., Picture] = moving_square,
) -> Film:
    """Film what *draw* (number, width, height) gives."""
    pictures = (draw(number, width=width, height=height) for number in range(round(seconds * fps)))
    return film_of(pictures, fps=fps, gop=gop)


def film_of(pictures: Iterable[Picture], *, fps: int = 25, gop: int = 25, slices: int = 1) -> Film:
    """Compress BGR *pictures* as cameras do: no pictures that look ahead, a keyframe each *gop*.

    *slices*: parts of a picture that stand for themselves.
    """
    coder: Any = av.CodecContext.create("libx264", "w")
    coder.pix_fmt, coder.time_base, coder.framerate = "yuv420p", Fraction(1, fps), Fraction(fps)
    coder.gop_size, coder.max_b_frames, coder.thread_count = gop, 0, 1
    coder.options = {"preset": "ultrafast", "tune": "zerolatency", "crf": "23"}
    coder.options["x264-params"] = f"slices={slices}"
    packets: list[Any] = []
    for number, picture in enumerate(pictures):
        if number == 0:
            coder.height, coder.width = picture.shape[:2]
        frame = av.VideoFrame.from_ndarray(picture, format="bgr24").reformat(format="yuv420p")
        frame.pts = number
        packets += coder.encode(frame)
    packets += coder.encode(None)
    return Film(tuple((packet.pts * 1_000_000 // fps, bytes(packet)) for packet in packets))


def film_from(file: Path) -> Film:
    """Copy the packets of a file with H.264 that has no pictures that look ahead."""
    with av.open(str(file)) as container:
        stream = container.streams.video[0]
        filtered = av.BitStreamFilterContext("h264_mp4toannexb", stream)
        packets = [out for packet in container.demux(stream) for out in filtered.filter(packet)]
        rows: list[Any] = [(packet.pts, packet.time_base, bytes(packet)) for packet in packets if packet.size]
    first = rows[0][0]
    return Film(tuple((int((pts - first) * base * 1_000_000), data) for pts, base, data in rows))


class RtspCamera:
    """The server's process; ends with the ``with`` block, or with this process."""

    def __init__(
        self, *, user: str | None = None, password: str | None = None, loop: bool = True, **films: Film
    ) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="edgepi-rtsp-")
        self._films = 0
        streams = {name: {"file": self._written(film), "loop": loop} for name, film in films.items()}
        settings = {"streams": streams, "user": user, "password": password}
        self._process = subprocess.Popen(
            ["/usr/bin/python3", str(SERVER), json.dumps(settings)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._login = f"{quote(user, '')}:{quote(password or '', '')}@" if user else ""
        self.port: int = self._answer()["port"]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the server."""
        self._process.kill()
        self._process.communicate()
        self._folder.cleanup()

    def url(self, stream: str = "main", *, login: bool = True) -> str:
        """Where a stream is, with user and password if it has any."""
        return f"rtsp://{self._login if login else ''}127.0.0.1:{self.port}/{stream}"

    def hang(self) -> None:
        """Send nothing more, and keep the connections."""
        self._ask("hang", True)

    def resume(self) -> None:
        """Send again, as if there had been no pause."""
        self._ask("hang", False)

    def drop(self) -> None:
        """Close all connections."""
        self._ask("drop", True)

    def leave(self) -> None:
        """Close all connections and take no new ones."""
        self._ask("away", True)

    def come_back(self) -> None:
        """Take connections again, on the same port."""
        self._ask("away", False)

    def jump(self, seconds: float) -> None:
        """Put time stamps forward, or back."""
        self._ask("jump", seconds)

    def tear(self, share: float) -> None:
        """Damage a share of the pictures; 0 is none."""
        self._ask("torn", share)

    def play(self, stream: str, film: Film) -> None:
        """Go on with another film, its first picture now."""
        self._ask("play", {"stream": stream, "file": self._written(film)})

    def status(self) -> dict[str, Any]:
        """Pictures sent by stream, how often somebody began to watch, and connections now."""
        return self._ask("status", True)

    def _written(self, film: Film) -> str:
        self._films += 1
        file = Path(self._folder.name) / f"{self._films}.rows"
        film.write(file)
        return str(file)

    def _ask(self, what: str, value: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({what: value}) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the RTSP server ended: {self._process.communicate()[1]}")
        answer: dict[str, Any] = json.loads(line)
        assert "error" not in answer, answer
        return answer


@pytest.fixture
def rtsp_camera() -> Iterator[Callable[..., RtspCamera]]:
    """Return what starts an `RtspCamera`, which ends with the test."""
    started: list[RtspCamera] = []

    def start(**settings: Any) -> RtspCamera:
        started.append(RtspCamera(**settings))
        return started[-1]

    yield start
    for camera in started:
        camera.close()
