"""A child watches a camera on the network that leaves, hangs, tears, jumps and changes its picture."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, cast

import av
import cv2
import numpy as np
import pytest

from edgepi.plugin import Message
from edgepi.runtime.messages import encode, read_message
from edgepi_camera.model import CameraSettings, ClipSettings, SourceSettings
from tests.cameras import Film, Picture, RtspCamera, film_of
from tests.mjpeg_camera import MjpegCamera
from tests.plugins.camera.driving import Driven, counted, driven, scene

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

Start = Callable[..., RtspCamera]
LONG = ClipSettings(before_s=1.0, after_s=30.0)


@pytest.fixture(scope="module")
def walker() -> Film:
    return film_of(scene(after_s=2.4), gop=25)


def shrunk(width: int, height: int) -> Iterator[Picture]:
    for picture in scene(after_s=2.4):
        yield np.asarray(cv2.resize(picture, (width, height)), np.uint8)


def source(url: str, **settings: object) -> SourceSettings:
    return SourceSettings(url=url, timeout_s=2.0, **settings)  # type: ignore[arg-type]


def statuses(camera: Driven) -> list[str]:
    return [str(m.fields["link"]) for m in camera.pushed if m.kind == "push.status"]


def test_a_camera_that_leaves_or_hangs_is_found_again(
    rtsp_camera: Start, walker: Film, tmp_path: Path
) -> None:
    server = rtsp_camera(main=walker, user="me", password="s3cret")
    with driven(source(server.url()), tmp_path) as camera:
        camera.link("running")
        server.leave()
        lost = camera.link("lost")
        server.come_back()
        camera.pushed.clear()
        camera.link("running")
        server.hang()
        hung = camera.link("lost")
        server.resume()
        camera.pushed.clear()
        camera.link("running")
        camera.wait(lambda: (camera.ask("status")["packet_ago_s"] or 9) < 1)
    for status in (lost, hung):
        assert str(status["reason"]).startswith(f"rtsp://***@127.0.0.1:{server.port}/main: ")
        assert "s3cret" not in str(status)


def test_a_wrong_password_is_said(rtsp_camera: Start, walker: Film, tmp_path: Path) -> None:
    server = rtsp_camera(main=walker, user="me", password="s3cret")
    url = server.url().replace("s3cret", "other")
    with driven(source(url), tmp_path) as camera:
        assert "it refuses the user name or password" in camera.link("lost")["reason"]
    with driven(source(server.url(login=False)), tmp_path) as camera:
        assert "it wants a user name and a password" in camera.link("lost")["reason"]


def test_a_clock_that_jumps_and_a_new_size_end_the_clip_and_begin_another(
    rtsp_camera: Start, walker: Film, tmp_path: Path
) -> None:
    server = rtsp_camera(main=walker)
    with driven(source(server.url()), tmp_path, clip=LONG) as camera:
        camera.event("began")
        server.jump(-1800.0)
        jumped = camera.event("ended")
        camera.event("began", 1)
        server.play("main", film_of(shrunk(160, 128), gop=25))
        resized = camera.event("ended", 1)
        camera.wait(lambda: camera.ask("status")["width"] == 160)
        camera.event("began", 2)
        camera.ask("end_event")
        small = camera.event("ended", 2)
    assert jumped["reason"] == "the camera's clock jumped"
    assert resized["reason"] == "the camera changed its picture"
    for ended, width in ((jumped, 320), (resized, 320), (small, 160)):
        pictures, first_s, claimed_s = counted(tmp_path / ended["clip"])
        assert first_s == 0.0
        assert claimed_s == pytest.approx(pictures / 25, abs=0.5)
        with av.open(str(tmp_path / ended["clip"])) as clip:
            assert clip.streams.video[0].width == width


def test_torn_packets_are_survived(rtsp_camera: Start, walker: Film, tmp_path: Path) -> None:
    server = rtsp_camera(main=walker)
    with driven(source(server.url()), tmp_path) as camera:
        camera.link("running")
        server.tear(0.5)
        camera.wait(lambda: camera.ask("status")["note"] == "what the camera sends is torn")
        server.tear(0.0)
        before = camera.ask("status")["pictures"]
        camera.wait(lambda: camera.ask("status")["pictures"] > before + 50)
        ended = camera.event("ended", len(camera.events("ended")))
        assert camera.ask("status")["link"] == "running"
    assert counted(tmp_path / ended["clip"])[0] > 25


def test_keys_that_come_in_parts_are_whole_pictures(rtsp_camera: Start, tmp_path: Path) -> None:
    server = rtsp_camera(main=film_of(scene(after_s=2.4), gop=25, slices=2))
    with driven(source(server.url()), tmp_path) as camera:
        ended = camera.event("ended")
        assert camera.ask("status")["note"] != "what the camera sends is torn"
    pictures, first_s, claimed_s = counted(tmp_path / ended["clip"])
    assert first_s == 0.0
    assert claimed_s is not None
    assert abs(pictures - claimed_s * 25) <= 1


@pytest.mark.parametrize(("level", "private"), [("full", False), ("saver", True)])
def test_the_small_stream_is_looked_at_and_the_large_one_kept(
    rtsp_camera: Start, walker: Film, tmp_path: Path, level: str, private: bool
) -> None:
    small = film_of(shrunk(160, 120), gop=25)
    server = rtsp_camera(main=walker, sub=small)
    privacy = ((((0.0, 0.0), (1.0, 0.0), (1.0, 0.2), (0.0, 0.2)),)) if private else ()
    settings = source(server.url("main"), detect_url=server.url("sub"))
    with driven(settings, tmp_path, level=level, privacy=privacy) as camera:
        camera.ask("view", on=True, fps=5.0, what="picture")
        ended = camera.event("ended")
        still = camera.ask("snapshot", data=True)
        frame = camera.wait(lambda: [m for m in camera.pushed if m.kind == "push.frame"])[-1]
    assert (still.fields["width"], frame.fields["width"]) == (320, 160)
    best = np.asarray(cv2.imread(str(tmp_path / ended["picture"]), cv2.IMREAD_GRAYSCALE))
    assert best.shape == (240, 320)
    with av.open(str(tmp_path / ended["clip"])) as clip:
        pictures = [picture.to_ndarray(format="gray") for picture in clip.decode(video=0)]
    assert len(pictures) > 60
    assert pictures[0].shape == (240, 320)
    assert bool(max(np.max(picture[:40]) for picture in (*pictures, best)) < 50) is private


def test_motion_jpeg_over_http_keeps_its_pace_and_is_found_again(tmp_path: Path) -> None:
    shown = list(scene(fps=10, after_s=2.4))
    with (
        MjpegCamera(shown, fps=10.0) as server,
        driven(source(server.url), tmp_path, level="saver") as camera,
    ):
        ended = camera.event("ended")
        server.hang()
        assert "no answer in time" in camera.link("lost")["reason"]
        server.resume()
        camera.pushed.clear()
        camera.link("running")
    pictures, _, claimed_s = counted(tmp_path / ended["clip"])
    assert claimed_s is not None
    assert 3.0 < claimed_s < 8.0
    assert pictures > 15


def test_for_a_still_the_camera_is_opened_and_closed(
    rtsp_camera: Start, walker: Film, tmp_path: Path
) -> None:
    server = rtsp_camera(main=walker)
    with driven(source(server.url()), tmp_path, level="snapshot") as camera:
        assert server.status()["opened"] == 0
        assert camera.ask("snapshot", data=True).fields["width"] == 320
        assert camera.ask("snapshot", data=True).fields["ago_s"] < 10
        camera.wait(lambda: server.status()["clients"] == 0)
        assert server.status()["opened"] == 1


def test_a_clip_can_be_played_after_the_process_was_killed_in_the_middle_of_it(
    rtsp_camera: Start, walker: Film, tmp_path: Path
) -> None:
    server = rtsp_camera(main=walker)
    fields = CameraSettings(source=source(server.url()), folder=str(tmp_path), clip=LONG).to_fields()
    target = ["-m", "edgepi.runtime.child_main", "edgepi_camera.child.main:handle", str(os.getpid())]
    child = subprocess.Popen([sys.executable, *target], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with child:
        questions, answers = cast("BinaryIO", child.stdin), cast("BinaryIO", child.stdout)
        for kind, what in (("open", {"settings": fields}), ("level", {"level": "full"})):
            questions.write(encode(Message(kind, what)))
        questions.flush()
        while not any(clip.stat().st_size > 60_000 for clip in tmp_path.glob("*.mp4")):
            assert read_message(answers) is not None
            questions.write(encode(Message("status")))
            questions.flush()
        child.send_signal(signal.SIGKILL)
    (clip,) = tmp_path.glob("*.mp4")
    pictures, first_s, _ = counted(clip)
    assert pictures >= 25
    assert first_s == 0.0
