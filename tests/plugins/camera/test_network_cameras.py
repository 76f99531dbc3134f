"""The cameras that other tests watch do what they say: with FFmpeg at the other end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import av
import pytest

from tests.cameras import RtspCamera, film, moving_square
from tests.mjpeg_camera import MjpegCamera

pytestmark = pytest.mark.slow

Start = Callable[..., RtspCamera]


def watch(url: str, count: int, **options: str) -> list[Any]:
    options["analyzeduration"] = "300000"  # microseconds
    with av.open(url, options=options, timeout=(10.0, 10.0)) as container:
        frames: list[Any] = []
        for packet in container.demux(video=0):
            frames += packet.decode()
            if len(frames) >= count:
                break
        return frames


@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_main_and_sub_stream_are_seen_over(transport: str, rtsp_camera: Start) -> None:
    camera = rtsp_camera(main=film(seconds=1), sub=film(seconds=1, fps=5, width=160, height=128))
    sizes = [
        (frame.width, frame.height)
        for name in ("main", "sub")
        for frame in watch(camera.url(name), 3, rtsp_transport=transport)
    ]
    assert set(sizes[:3]) == {(320, 240)}
    assert set(sizes[-3:]) == {(160, 128)}


def test_a_film_that_is_shown_once_ends(rtsp_camera: Start) -> None:
    camera = rtsp_camera(main=film(seconds=1), loop=False)
    assert len(watch(camera.url(), 1000, rtsp_transport="tcp")) in {25, 26}  # the first may come twice


def test_without_user_and_password_nothing_is_seen(rtsp_camera: Start) -> None:
    camera = rtsp_camera(main=film(seconds=1), user="me", password="s/@:t")
    with pytest.raises(av.HTTPUnauthorizedError):
        watch(camera.url(login=False), 1)
    assert watch(camera.url(), 1, rtsp_transport="tcp")


def test_what_left_refuses_and_comes_back_on_the_same_port(rtsp_camera: Start) -> None:
    camera = rtsp_camera(main=film(seconds=1))
    camera.leave()
    with pytest.raises(ConnectionRefusedError):
        watch(camera.url(), 1)
    camera.come_back()
    assert watch(camera.url(), 1, rtsp_transport="tcp")


def test_tricks_reach_who_watches(rtsp_camera: Start) -> None:
    camera = rtsp_camera(main=film(seconds=1))
    with av.open(camera.url(), options={"rtsp_transport": "tcp"}, timeout=(10.0, 2.0)) as container:
        packets = container.demux(video=0)
        began_s = _time_s(packets)
        camera.jump(600.0)
        assert any(_time_s(packets) > began_s + 500 for _ in range(50))
        camera.play("main", film(seconds=1, width=480, height=272))
        assert _until_width(packets, 480)
        camera.hang()
        with pytest.raises(av.ExitError):
            _until_width(packets, -1)


def test_http_camera_shows_hangs_and_goes() -> None:
    with MjpegCamera(fps=50.0) as camera:
        assert watch(camera.url, 3)[0].width == 320
        camera.play([moving_square(1, width=160, height=128)])
        assert watch(camera.url, 3)[0].width == 160
        camera.hang()
        with pytest.raises((av.ExitError, av.InvalidDataError)), av.open(camera.url, timeout=1.0):
            pass
        camera.leave()
        with pytest.raises(ConnectionRefusedError):
            watch(camera.url, 1)
        camera.resume()
        camera.come_back()
        assert watch(camera.url, 1)
    assert camera.opened == 4


def _time_s(packets: Any) -> float:
    packet = next(packet for packet in packets if packet.pts is not None)
    return float(packet.pts * packet.time_base)


def _until_width(packets: Any, width: int) -> bool:
    return any(frame.width == width for _ in range(200) for frame in next(packets).decode())
