"""Films of all kinds: each of their pictures comes as it was and at its time, or it is said why not."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from edgepi.clock import SystemClock
from edgepi.errors import RequestError
from edgepi_camera.child.pictures import bgr_of
from edgepi_camera.model import CameraSettings, SourceSettings
from edgepi_camera.source.base import Format
from edgepi_camera.source.open import make_source
from edgepi_camera.tuning.film import pictures_of
from edgepi_camera.tuning.run import tune
from tests.cameras import Picture

FPS = 10
OPTIONS = {
    "libx264": {"preset": "ultrafast", "bf": "0"},
    "libx265": {"preset": "ultrafast", "bf": "0", "x265-params": "pools=none:log-level=0"},
    "libvpx-vp9": {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0"},
}
LOSSLESS = [
    *(("ffv1.mkv", pixels) for pixels in ("yuv420p", "yuv422p", "yuv444p", "gray", "bgr0", "bgra")),
    *(("ffv1.mkv", pixels) for pixels in ("yuv420p10le", "gray16le", "gbrp10le")),
    *(("ffvhuff.avi", pixels) for pixels in ("yuv420p", "yuv422p", "yuv444p", "rgb24", "bgra")),
    *(("ffvhuff.avi", pixels) for pixels in ("gray", "yuv420p10le", "gbrp")),
    *(("huffyuv.avi", pixels) for pixels in ("yuv422p", "rgb24", "bgra")),
    *(("utvideo.avi", pixels) for pixels in ("yuv420p", "yuv422p", "yuv444p", "gbrp")),
    *(("rawvideo.avi", pixels) for pixels in ("yuv420p", "yuv422p", "gray", "bgr24", "bgra")),
    *(("rawvideo.nut", pixels) for pixels in ("rgb24", "yuv420p10le", "gbrp")),
    ("qtrle.mov", "rgb24"),
    ("png.avi", "rgb24"),
    ("magicyuv.avi", "yuv420p"),
]
LOSSY = [
    ("libx264.mp4", "yuv420p"),
    ("libx264.ts", "yuv444p"),
    ("libx264.flv", "yuv420p"),
    ("libx265.mp4", "yuv420p10le"),
    *(("mjpeg.avi", pixels) for pixels in ("yuvj420p", "yuvj422p", "yuvj444p")),
    ("mpeg4.avi", "yuv420p"),
    ("msmpeg4.avi", "yuv420p"),
    ("wmv2.asf", "yuv420p"),
    ("libvpx-vp9.webm", "yuv420p"),
]


def wall(number: int, width: int = 320, height: int = 240) -> Picture:
    """Four colours, none alike however it is turned, and a bar that tells which picture it is."""
    picture = np.full((height, width, 3), 90, np.uint8)
    picture[: height // 2, : width // 2] = (40, 60, 200)
    picture[height // 2 :, width // 2 :] = (180, 120, 50)
    picture[height // 2 + 20 : height // 2 + 60, 10 : 30 + 8 * (number % 32)] = 230
    return picture


def write(
    path: Path,
    pixels: str = "yuv420p",
    *,
    times: Sequence[float] | None = None,
    size: tuple[int, int] = (320, 240),
    count: int = 6,
    options: dict[str, str] | None = None,
) -> Path:
    """Film `wall` with the codec that *path* is named after, or H.264."""
    codec = path.stem if path.stem in av.codecs_available else "libx264"
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=FPS)
        (stream.width, stream.height), stream.pix_fmt = size, pixels
        stream.options = OPTIONS.get(codec, {}) | (options or {})
        stream.codec_context.thread_count = 1
        if times is not None:
            stream.codec_context.time_base = Fraction(1, 1000)
        for number in range(count):
            frame = av.VideoFrame.from_ndarray(wall(number, *size), format="bgr24").reformat(format=pixels)
            if times is None:
                frame.pts, frame.time_base = number, Fraction(1, FPS)
            else:
                frame.pts, frame.time_base = round(times[number] * 1000), Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def seen(path: Path) -> tuple[list[Picture], list[float]]:
    settings = CameraSettings(source=SourceSettings(url=str(path), live=False))
    found = [(bgr_of(picture), at_s) for picture, at_s in pictures_of(settings)]
    return [picture for picture, _ in found], [at_s for _, at_s in found]


def form(path: Path) -> Format:
    made = make_source(SourceSettings(url=str(path), live=False), SystemClock())
    made.open()
    try:
        return made.format
    finally:
        made.close()


def alike(shown: Picture, number: int, size: tuple[int, int], *, grey: bool) -> bool:
    wanted = wall(number, *size)[: shown.shape[0], : shown.shape[1]]
    if grey:
        wanted = np.repeat(np.asarray(cv2.cvtColor(wanted, cv2.COLOR_BGR2GRAY), np.uint8)[..., None], 3, 2)
    return bool(np.mean(cv2.absdiff(shown, wanted)) < 6)


@pytest.mark.parametrize("size", [(320, 240), (321, 241)], ids=["even", "odd"])
@pytest.mark.parametrize(("name", "pixels"), [*LOSSLESS, *LOSSY])
def test_each_picture_is_seen_as_it_was_at_its_time(
    name: str, pixels: str, size: tuple[int, int], tmp_path: Path
) -> None:
    try:
        path = write(tmp_path / name, pixels, size=size)
    except (av.error.FFmpegError, ValueError):
        assert size == (321, 241)  # this encoder takes none of odd size
        return
    pictures, times = seen(path)
    assert times == pytest.approx([number / FPS for number in range(6)], abs=0.002)
    grey = pixels.startswith("gray")
    for number, picture in enumerate(pictures):
        assert picture.shape[:2] == (240, 320)
        assert alike(picture, number, size, grey=grey)


@pytest.mark.parametrize(
    ("name", "pixels", "copied"),
    [
        ("libx264.mp4", "yuv420p", True),
        ("libx264.mkv", "yuvj420p", True),
        ("libx264.mp4", "yuv420p10le", False),
        ("libx264.mp4", "yuv422p", False),
        ("libx264.mkv", "yuv444p", False),
        ("libx265.mp4", "yuv420p", True),
        ("libx265.mp4", "yuv420p10le", True),
        ("libx265.mp4", "yuv444p", False),
        ("ffv1.mkv", "yuv420p", False),
        ("mpeg4.mp4", "yuv420p", False),
        ("libvpx-vp9.webm", "yuv420p", False),
        ("libsvtav1.mp4", "yuv420p", False),
        ("mjpeg.avi", "yuvj420p", False),
    ],
)
def test_only_what_browsers_play_is_copied(name: str, pixels: str, copied: bool, tmp_path: Path) -> None:
    assert form(write(tmp_path / name, pixels, count=2)).copied is copied


@pytest.mark.parametrize("name", ["film.mp4", "film.mkv", "film.mov", "ffv1.mkv", "libvpx-vp9.webm"])
def test_pictures_at_odd_times_keep_them_to_the_last(name: str, tmp_path: Path) -> None:
    times = [0.0, 0.1, 0.8, 0.84, 1.14, 1.44, 2.9, 2.94, 3.0, 4.0]
    b_frames = {"bf": "2"} if name.startswith("film") else {}
    path = write(tmp_path / name, times=times, count=len(times), options=b_frames)
    assert seen(path)[1] == pytest.approx(times, abs=0.002)


def test_packets_are_placed_though_the_first_do_not_say_when_they_are_decoded(tmp_path: Path) -> None:
    times = [0.0, 1.2, 2.4, 3.6, 4.8, 6.0]
    path = write(tmp_path / "film.mkv", times=times, options={"bf": "2"})
    made = make_source(SourceSettings(url=str(path), live=False), SystemClock())
    made.open()
    units = [made.read() for _ in times]
    made.close()
    placed = [unit.dts_s for unit in units if unit is not None and unit.dts_s is not None]
    assert len(placed) == len(times)
    assert placed == sorted(placed)
    assert all(unit.dts_s <= unit.pts_s for unit in units if unit and unit.dts_s and unit.pts_s)


@pytest.mark.parametrize("name", ["libx264.avi", "libx264.h264", "libx265.hevc", "mpeg4.avi"])
def test_where_no_times_are_written_pictures_come_in_order_at_the_films_rate(
    name: str, tmp_path: Path
) -> None:
    path = write(tmp_path / name, count=12, options={"bf": "2"})
    pictures, times = seen(path)
    assert times == pytest.approx([number / FPS for number in range(12)], abs=0.002)
    assert all(alike(picture, number, (320, 240), grey=False) for number, picture in enumerate(pictures))
    assert not form(path).copied  # players would show them in the order in which they are stored


@pytest.mark.parametrize("count", [1, 2, 5])
@pytest.mark.parametrize("name", ["film.mp4", "film.avi", "ffv1.mkv", "libvpx-vp9.webm"])
def test_the_shortest_films_are_seen_whole(name: str, count: int, tmp_path: Path) -> None:
    bf = {"bf": "2"} if name.startswith("film") else {}
    assert len(seen(write(tmp_path / name, count=count, options=bf))[0]) == count


def cut_short(path: Path) -> None:
    write(path)
    path.write_bytes(path.read_bytes()[:-1500])


def sound(path: Path) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=48000)
        frame = av.AudioFrame.from_ndarray(np.zeros((2, 1024), np.float32), format="fltp", layout="stereo")
        frame.sample_rate, frame.pts = 48000, 0
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda path: path.write_bytes(b""), "it is empty"),
        (
            lambda path: path.write_text("only words\n" * 99),
            "it is no film, or its beginning or end is missing",
        ),
        (cut_short, "it is no film, or its beginning or end is missing"),
        (sound, "there are no pictures in it"),
        (lambda path: path.mkdir(), "no pictures are in it"),
    ],
    ids=["empty", "text", "cut", "sound", "folder"],
)
def test_what_is_no_film_is_told_with_a_hint(make: Any, said: str, tmp_path: Path) -> None:
    make(tmp_path / "film.mp4")
    settings = CameraSettings(source=SourceSettings(url=str(tmp_path / "film.mp4"), live=False))
    with pytest.raises(RequestError, match=said) as caught:
        tune(settings, None, lambda _: None)
    assert caught.value.hint


def test_a_film_whose_packets_nothing_describes_is_told_and_harms_nothing(tmp_path: Path) -> None:
    path = write(tmp_path / "rawvideo.mov", "yuv420p")  # a mixture that its container has no name for
    with pytest.raises(RequestError, match=r"in a form that cannot be decoded \(rawvideo\)"):
        seen(path)


@pytest.mark.parametrize("kind", ["ts", "mkv"])
def test_a_film_that_begins_torn_is_seen_from_where_it_is_whole(kind: str, tmp_path: Path) -> None:
    path = write(tmp_path / f"film.{kind}", count=30, options={"g": "10", "x264-params": "scenecut=0"})
    content = bytearray(path.read_bytes())
    with av.open(str(path)) as container:
        second = [bytes(packet) for packet in container.demux(video=0)][1]
    begin = content.find(second[-60:])
    content[begin : begin + 60] = bytes(60)
    path.write_bytes(content)
    pictures, _ = seen(path)
    assert len(pictures) >= 20
    assert alike(pictures[-1], 29, (320, 240), grey=False)
