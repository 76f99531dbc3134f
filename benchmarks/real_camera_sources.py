"""The plugin's source on a kernel's device, without a process of its own: formats, sizes, times."""

from __future__ import annotations

import time
from collections.abc import Iterator
from statistics import median

import cv2
import numpy as np
from real_bus_rows import Row, about, exact, refusal
from real_camera_vivid import formats

from edgepi_camera.child.pictures import bgr_of
from edgepi_camera.model import SourceSettings
from edgepi_camera.source.base import Format, SourceError
from edgepi_camera.source.stream import StreamSource

__all__ = ["sources"]

DEVICE, NO_CAMERA = "/dev/video0", "/dev/video2"
# As FFmpeg calls them; the test camera offers these of what FFmpeg reads.
PLAIN = "yuv420p"
FORMATS = ("yuyv422", "uyvy422", "yuv422p", "nv12", "rgb24", "bgr24", "bgr0", "rgb565le", "gray")
PICTURES = 6
NEAR = 6.0


def sources() -> Iterator[Row]:
    """Each format that both sides know; what the kernel grants instead of what was asked for; times."""
    offered = formats(DEVICE)
    yield exact("formats: MJPEG and H.264, which the test camera has not", [], [
        name for name in offered if name in {"MJPG", "JPEG", "H264", "HEVC"}
    ])  # fmt: skip
    form, plain, _ = _read()
    yield exact(
        "formats: raw then, pressed by us; as asked, 320x180, 10 a second",
        Format("mjpeg", 320, 180, 10.0),
        form,
    )
    spread = float(plain.std())
    yield Row("picture: not black or plain (standard deviation)", "> 20", f"{spread:.0f}", spread > 20)
    for name in FORMATS:
        yield _same(name, plain)
    for width, height in ((640, 360), (1280, 720)):
        form, _, _ = _read(width=width, height=height)
        yield exact(f"size: {width}x{height}", (width, height), (form.width, form.height))
    form, picture, _ = _read(width=333, height=222)
    yield exact(
        "size: 333x222, which it has not; what the kernel grants is told",
        picture.shape[1::-1],
        (form.width, form.height),
    )
    form, _, _ = _read(fps=17.0)
    yield exact("rate: 17 a second, which it has not; the kernel grants", 25.0, form.fps)
    _, _, times = _read(pictures=30)
    steps = np.diff(times)
    yield exact("times: only rise", True, bool((steps > 0).all()))
    yield about("times: step at 10 a second, median, s", 0.1, float(median(steps)), 0.04)
    oldest_s = max(_ages_of_a_slow_reader())
    yield Row(
        "a reader that takes 3 of 10 pictures a second: age of the oldest that it is given, s",
        "<= 1.6",
        f"{oldest_s:.2f}",
        oldest_s <= 1.6,
    )
    yield refusal(
        "a device that shows pictures and takes none", SourceError, "no camera", lambda: _read(NO_CAMERA)
    )
    yield refusal("a device that is not there", SourceError, "it is not there", lambda: _read("/dev/video9"))


def _read(
    device: str = DEVICE,
    *,
    width: int = 320,
    height: int = 180,
    fps: float = 10.0,
    form: str = "",
    pictures: int = PICTURES,
) -> tuple[Format, np.ndarray, list[float]]:
    options = {"input_format": form} if form else {}
    source = StreamSource(
        SourceSettings(url=device, format="v4l2", width=width, height=height, fps=fps, options=options)
    )
    source.open()
    try:
        units = [unit for unit in (source.read() for _ in range(pictures)) if unit is not None]
    finally:
        source.close()
    # What was read outlives the device, whose memory is the kernel's.
    picture = units[-1].picture
    assert picture is not None
    return source.format, bgr_of(picture), [unit.pts_s or 0.0 for unit in units]


def _ages_of_a_slow_reader() -> Iterator[float]:
    source = StreamSource(SourceSettings(url=DEVICE, format="v4l2", width=320, height=180, fps=10.0))
    source.open()
    for _ in range(30):
        if (unit := source.read()) is not None and unit.pts_s is not None:
            yield time.monotonic() - unit.pts_s  # the kernel's stamps are of the same clock
        time.sleep(0.3)
    source.close()


def _same(name: str, plain: np.ndarray) -> Row:
    try:
        _, picture, _ = _read(form=name)
    except SourceError as error:
        return Row(f"format {name}: the picture of {PLAIN}", "the same", error.message, ok=False)
    if name == "gray":
        plain = cv2.cvtColor(plain, cv2.COLOR_BGR2GRAY)
        picture = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    # The upper left corner has moving text in it.
    off = float(np.abs(plain[60:].astype(float) - picture[60:]).mean())
    return about(f"format {name}: off the picture of {PLAIN}, of 255", 0.0, off, NEAR)
