"""A child watches a file: what it records, shows and says; the file runs ten times as fast as it would."""

from __future__ import annotations

import threading
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from edgepi.clock import SystemClock
from edgepi.errors import RequestError
from edgepi_camera.child.engine import Engine
from edgepi_camera.child.levels import Level
from edgepi_camera.model import CameraSettings, ClipSettings, Sight, SourceSettings
from edgepi_camera.motion.detector import Detector
from edgepi_camera.motion.picture import Picture
from edgepi_camera.source.base import Format
from tests.plugins.camera.driving import counted, driven, scene, write_film

pytestmark = pytest.mark.slow

RATE = 8.0


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_film(tmp_path_factory.mktemp("film") / "walker.mp4", scene())


def source(film: Path, **settings: object) -> SourceSettings:
    return SourceSettings(url=str(film), live=False, **settings)  # type: ignore[arg-type]


def test_motion_becomes_a_clip_that_begins_before_it_and_a_picture(film: Path, tmp_path: Path) -> None:
    folder = tmp_path / "not there yet"
    with driven(source(film), folder, rate=RATE) as camera:
        began, ended = camera.event("began"), camera.event("ended")
    assert began["id"] == ended["id"]
    assert len(began["id"]) == 20
    assert began["clip"] == ended["clip"] == f"{ended['id']}.mp4"
    assert ended["picture"] == f"{ended['id']}.jpg"
    pictures, first_s, claimed_s = counted(folder / ended["clip"])
    assert first_s == 0.0
    assert claimed_s == pytest.approx(ended["clip_s"], abs=0.1)
    assert 4.0 <= ended["clip_s"] <= 7.0  # at least a second before and after 2.4 of motion
    assert pictures == pytest.approx(ended["clip_s"] * 25, abs=2)
    assert ended["motion_s"] == pytest.approx(2.4, abs=0.6)
    assert ended["bytes"] == (folder / ended["clip"]).stat().st_size
    assert np.asarray(cv2.imread(str(folder / ended["picture"]))).shape == (240, 320, 3)


def test_saver_sees_the_beginning_too_though_it_looked_at_keys_only(film: Path, tmp_path: Path) -> None:
    with driven(source(film), tmp_path, level="saver", rate=RATE) as camera:
        ended = camera.event("ended")
    assert ended["clip_s"] >= 4.0
    pictures = [frame.to_ndarray(format="gray") for frame in av.open(str(tmp_path / ended["clip"])).decode()]
    assert (pictures[0][100:150, :] < 200).all()  # nobody is there yet


def test_what_is_private_is_black_wherever_it_could_be_seen(film: Path, tmp_path: Path) -> None:
    right = ((0.5, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 1.0))
    with driven(source(film), tmp_path, rate=RATE, privacy=(right,)) as camera:
        camera.ask("view", on=True, fps=5.0, what="picture")
        camera.ask("view", on=True, fps=5.0, what="detector")
        ended = camera.event("ended")
        stills = [camera.ask("snapshot", data=True).data]
        frames = camera.wait(lambda: [m for m in camera.pushed if m.kind == "push.frame"])
    stills += [frame.data for frame in frames if frame.fields["what"] == "picture"]
    shown = [cv2.imdecode(np.frombuffer(still, np.uint8), cv2.IMREAD_GRAYSCALE) for still in stills]
    shown.append(cv2.imread(str(tmp_path / ended["picture"]), cv2.IMREAD_GRAYSCALE))
    with av.open(str(tmp_path / ended["clip"])) as clip:
        assert clip.streams.video[0].codec_context.name == "h264"
        shown += [frame.to_ndarray(format="gray") for frame in clip.decode(video=0)]
    assert len(shown) > 60
    for picture in shown:
        assert picture is not None
        assert np.max(picture[:, 168:]) < 40
        assert picture[:, :152].mean() > 50


def test_a_long_event_becomes_clips_that_join(film: Path, tmp_path: Path) -> None:
    clip = ClipSettings(before_s=1.0, after_s=1.0, longest_s=2.0)
    with driven(source(film), tmp_path, rate=RATE, clip=clip) as camera:
        first, second = camera.event("ended"), camera.event("ended", 1)
    assert first["reason"] == "longest"
    assert first["id"] < second["id"]
    for ended in (first, second):
        pictures, first_s, _ = counted(tmp_path / ended["clip"])
        assert first_s == 0.0
        assert pictures >= 25


def test_motion_jpeg_is_encoded(tmp_path: Path) -> None:
    film = write_film(tmp_path / "film.avi", scene(), codec="mjpeg", pixels="yuvj422p")
    for level in ("full", "saver"):
        with driven(source(film), tmp_path / level, level=level, rate=RATE) as camera:
            ended = camera.event("ended")
            assert camera.ask("status")["codec"] == "mjpeg"
        pictures, _, claimed_s = counted(tmp_path / level / ended["clip"])
        assert claimed_s is not None
        assert claimed_s >= 4.0
        assert pictures >= 95


def test_raw_pictures_are_pressed_and_encoded(tmp_path: Path) -> None:
    film = write_film(tmp_path / "film.avi", scene(), codec="rawvideo", pixels="yuv420p")
    with driven(source(film), tmp_path, rate=RATE) as camera:
        ended = camera.event("ended")
    assert counted(tmp_path / ended["clip"])[0] >= 95


def test_at_snapshot_level_nothing_is_read_between_stills(film: Path, tmp_path: Path) -> None:
    with driven(source(film), tmp_path, level="snapshot") as camera:
        assert camera.ask("status")["pictures"] == 0
        still = camera.ask("snapshot", data=True, width=160)
        picture = cv2.imdecode(np.frombuffer(still.data, np.uint8), cv2.IMREAD_COLOR)
        assert np.asarray(picture).shape == (120, 160, 3)
        assert camera.ask("level", level="off") == {"level": "off", "held": True}
        assert camera.ask("status")["link"] == "closed"
        assert not camera.events("began")


def test_an_event_in_progress_is_finished_on_disk_when_asked(film: Path, tmp_path: Path) -> None:
    with driven(source(film), tmp_path, rate=RATE) as camera:
        camera.event("began")
        camera.ask("end_event")
        ended = camera.events("ended")[0]
        assert counted(tmp_path / ended["clip"])[2] is not None


def test_without_room_for_clips_events_go_on(film: Path, tmp_path: Path) -> None:
    folder = tmp_path / "file"
    folder.write_text("in the way of the folder")
    with driven(source(film), folder, rate=RATE) as camera:
        ended = camera.event("ended")
    assert ended["clip"] is None
    assert "no clip can be written" in ended["reason"]


def test_nothing_is_written_while_the_node_forbids_it(film: Path, tmp_path: Path) -> None:
    folder = tmp_path / "clips"
    with driven(source(film), folder, rate=RATE) as camera:
        camera.ask("record", on=False)
        ended = camera.event("ended")
    assert (ended["clip"], ended["picture"]) == (None, None)
    assert not folder.exists()


def test_a_fault_of_our_own_is_said_and_the_camera_tried_again(
    film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    see, faults = Detector.see, iter([ZeroDivisionError("odd")])

    def seen(detector: Detector, picture: Picture, time_s: float) -> Sight:
        for fault in faults:
            raise fault
        return see(detector, picture, time_s)

    monkeypatch.setattr(Detector, "see", seen)
    with driven(source(film), tmp_path, rate=RATE) as camera:
        assert "ZeroDivisionError" in camera.link("lost")["reason"]
        camera.event("began")


def test_a_camera_that_has_sent_nothing_yet_is_said_to_have_and_one_that_hangs_holds_up_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edgepi_camera.child.engine.ANSWER_S", 0.2)
    hangs = threading.Event()

    class Hanging:
        format = Format("h264", 320, 240)

        def read(self) -> None:
            hangs.wait(30.0)

        def open(self) -> None: ...
        def close(self) -> None: ...
        def decoder(self) -> None: ...
        def lower(self, _: float | None) -> None: ...

    settings = CameraSettings(source=source(tmp_path), folder=str(tmp_path))
    engine = Engine(settings, SystemClock(), lambda _: None, make=lambda *_: Hanging())
    try:
        engine.wish(Level.FULL)
        assert engine.wait(lambda: engine.levels.held is Level.FULL, 10.0)
        with pytest.raises(RequestError, match="no picture yet"):
            engine.still()
        with pytest.raises(TimeoutError, match="hangs"):
            engine.drawn(None)
    finally:
        hangs.set()
        engine.close()


def test_a_clip_that_is_encoded_has_its_event_though_the_size_changed_just_before(tmp_path: Path) -> None:
    album = tmp_path / "album"
    album.mkdir()
    for number, picture in enumerate(scene(still_s=6.0, moving_s=2.4, after_s=3.0, fps=10)):
        shown = cv2.resize(picture, (240, 160)) if number < 20 else picture
        cv2.imwrite(str(album / f"{number:04}.jpg"), shown)
    settings = SourceSettings(url=str(album), live=False, fps=10.0)
    clip = ClipSettings(before_s=10.0, after_s=1.0)
    with driven(settings, tmp_path / "clips", rate=4.0, clip=clip) as camera:
        ended = camera.event("ended")
    assert ended["reason"] == ""
    assert ended["clip_s"] > 5.0
    with av.open(str(tmp_path / "clips" / ended["clip"])) as container:
        assert {(frame.width, frame.height) for frame in container.decode(video=0)} == {(320, 240)}


@pytest.mark.parametrize("grainy", [True, False])
def test_the_detector_gets_the_pictures_between_its_looks_where_they_are_grainy(
    film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, grainy: bool
) -> None:
    looked, gathered = list[float](), list[float]()
    see = Detector.see

    def seen(detector: Detector, picture: Picture, time_s: float) -> Sight:
        looked.append(time_s)
        return see(detector, picture, time_s)

    monkeypatch.setattr(Detector, "see", seen)
    monkeypatch.setattr(Detector, "gather", lambda _self, _picture, time_s: gathered.append(time_s))
    monkeypatch.setattr(Detector, "gathers", grainy)
    with driven(source(film), tmp_path, rate=RATE) as camera:
        camera.event("ended")
    assert len(looked) > 10
    if not grainy:
        assert not gathered
        return
    steps = np.diff(sorted(looked + gathered))
    assert len(gathered) > len(looked)
    assert np.max(steps) == pytest.approx(0.04, abs=0.005), "each picture is one or the other"
    assert np.min(steps) > 0.03
