"""The Pi camera's source, held to a double of picamera2 whose signatures are the real ones."""

from __future__ import annotations

import inspect
import json
import sys
from pathlib import Path

import numpy as np
import pytest

from edgepi.clock import SystemClock
from edgepi_camera.model import SourceSettings
from edgepi_camera.source.base import SourceError, Unit
from edgepi_camera.source.open import make_source
from edgepi_camera.source.picamera import PicameraSource
from edgepi_camera.source.picamera_ready import Surroundings, why_not
from tests.plugins.camera import picamera_double
from tests.plugins.camera.picamera_double import Bench, modules

SIGNATURES = Path(picamera_double.__file__).with_name("picamera2_signatures.json")
SIZE = {"width": 640, "height": 368}


@pytest.fixture(params=[False, True], ids=["hardware", "software"])
def bench(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Bench:
    bench = Bench()
    bench.software = request.param
    for name, module in modules(bench).items():
        monkeypatch.setitem(sys.modules, name, module)
    return bench


def opened(url: str = "picamera", **settings: object) -> PicameraSource:
    source = PicameraSource(SourceSettings(url=url, timeout_s=0.05, **{**SIZE, **settings}))  # type: ignore[arg-type]
    source.open()
    return source


def read(source: PicameraSource, bench: Bench, count: int) -> list[Unit]:
    bench.made[-1].shoot(count)
    return [source.read() for _ in range(count)]


@pytest.mark.parametrize("name", sorted(json.loads(SIGNATURES.read_text())))
def test_the_double_takes_what_the_real_one_takes(name: str) -> None:
    owner, method = name.split(".")
    real = json.loads(SIGNATURES.read_text())[name]
    assert list(inspect.signature(getattr(getattr(picamera_double, owner), method)).parameters) == real


def test_address_picamera_means_this_source() -> None:
    assert isinstance(make_source(SourceSettings(url="picamera:1"), SystemClock()), PicameraSource)


def test_packets_decode_and_carry_the_planes_of_their_own_moment(bench: Bench) -> None:
    source = opened()
    assert (source.format.codec, source.format.width, source.format.height) == ("h264", 640, 368)
    units = read(source, bench, 10)
    decoder = source.decoder()
    frames = [frame for unit in units for frame in decoder.decode(unit.packet)]
    assert len(frames) >= 9
    for unit, frame in zip(units, frames, strict=False):
        assert unit.picture is not None
        assert unit.picture.luma.shape == (184, 320)
        bright = [np.flatnonzero((rows > 190).any(axis=0))[0] for rows in _lumas(unit, frame)]
        assert abs(bright[0] * 2 - bright[1]) <= 4


def _lumas(unit: Unit, frame: object) -> tuple[np.ndarray, np.ndarray]:
    assert unit.picture is not None
    whole = frame.to_ndarray(format="gray")  # type: ignore[attr-defined]
    return unit.picture.luma[92:125], whole[190:240]


def test_padding_of_rows_is_in_no_plane(bench: Bench) -> None:
    source = opened(width=500, height=300)
    assert bench.made[0].config["lores"]["stride"] == 320
    source = opened(width=300, height=200)  # lores as wide: 300 of 320 bytes a row
    picture = read(source, bench, 1)[0].picture
    assert picture is not None
    assert picture.u is not None
    assert picture.v is not None
    assert picture.luma.shape == (200, 300)
    assert picture.u.shape == picture.v.shape == (100, 150)
    assert np.max(picture.luma) < 255
    assert float(np.median(picture.v)) > float(np.median(picture.u)) + 30  # red


def test_a_keyframe_comes_each_two_seconds_at_any_rate(bench: Bench) -> None:
    source = opened(fps=25, width=160, height=96)
    keys = [unit.pts_s for unit in read(source, bench, 120) if unit.key]
    source.lower(2.0)
    slow = [unit.pts_s for unit in read(source, bench, 20) if unit.key]
    for times in (keys, slow):
        assert len(times) >= 2
        assert max(np.diff(np.array(times, float))) <= 2.6
    assert all(unit.parameters for unit in read(source, bench, 10) if unit.key)


def test_lower_slows_the_sensor_and_none_lets_it_run_again(bench: Bench) -> None:
    source = opened(fps=20)
    camera = bench.made[0]
    assert camera.controls["FrameDurationLimits"] == (50_000, 50_000)
    source.lower(2.0)
    assert camera.controls["FrameDurationLimits"] == (500_000, 500_000)
    source.lower(0.01)
    assert camera.controls["FrameDurationLimits"] == (10_000_000, 10_000_000)  # as slow as it can
    source.lower(None)
    assert camera.controls["FrameDurationLimits"] == (50_000, 50_000)


@pytest.mark.parametrize(
    ("rotate", "options", "flips", "turned"),
    [
        (0, {}, (False, False), 0),
        (180, {}, (True, True), 180),
        (180, {"hflip": "yes"}, (False, True), 180),
        (90, {"vflip": "true"}, (False, True), 0),
    ],
)
def test_half_a_turn_and_flips_are_the_sensors_work(
    bench: Bench, rotate: int, options: dict[str, str], flips: tuple[bool, bool], turned: int
) -> None:
    source = opened(rotate=rotate, options=options)
    transform = bench.made[0].config["transform"]
    assert (transform.hflip, transform.vflip) == flips
    assert source.format.turned == turned


def test_controls_are_passed_on_as_numbers_or_names(bench: Bench) -> None:
    opened(options={"AfMode": "Continuous", "ExposureValue": "-0.5", "bitrate": "2000000"})
    assert bench.made[0].controls["AfMode"] == 2
    assert bench.made[0].controls["ExposureValue"] == -0.5
    assert bench.made[0].encoder.bitrate == 2_000_000


def test_an_unknown_control_is_refused_and_the_camera_let_go(bench: Bench) -> None:
    with pytest.raises(SourceError, match=r"no control 'AfMod'.*did you mean AfMode"):
        opened(options={"AfMod": "Auto"})
    assert bench.made[0].closed


def test_an_address_without_a_number_is_refused() -> None:
    with pytest.raises(SourceError, match="names no camera"):
        opened("picamera:left")


def test_missing_and_busy_cameras_are_told_in_plain_words(bench: Bench) -> None:
    with pytest.raises(SourceError, match="there is no camera number 1"):
        opened("picamera:1")
    bench.busy = True
    with pytest.raises(SourceError, match="another program uses the camera"):
        opened()


def test_a_camera_that_falls_silent_is_an_error(bench: Bench) -> None:
    source = opened()
    read(source, bench, 3)
    with pytest.raises(SourceError, match="sends no pictures any more"):
        source.read()
    source.close()
    source.close()
    assert bench.made[0].closed


def test_a_reader_that_sleeps_finds_a_keyframe_and_bounded_memory(bench: Bench) -> None:
    source = opened(width=160, height=96)
    bench.made[0].shoot(200)
    waiting = list(source._queue._units)
    assert len(waiting) <= 150
    packets = [unit for unit in waiting if unit.packet is not None]
    assert packets[0].key


def test_what_is_missing_is_said_with_what_to_do(tmp_path: Path) -> None:
    here = Surroundings(tmp_path / "venv", tmp_path / "system", (".cpython-311-x.so", ".so"))
    error = ModuleNotFoundError("no picamera2")
    assert why_not(error, here)[1] == "sudo apt install python3-picamera2"
    (here.system / "picamera2").mkdir(parents=True)
    (here.system / "libcamera").mkdir()
    built = here.system / "libcamera" / "_libcamera.cpython-313-x.so"
    built.touch()
    assert (
        "does not see"
        not in why_not(error, Surroundings(here.prefix, here.system, (".cpython-311-x.so",)))[0]
    )
    assert (
        "another version of Python"
        in why_not(error, Surroundings(here.prefix, here.system, (".cpython-311-x.so",)))[0]
    )
    here.prefix.mkdir()
    (here.prefix / "pyvenv.cfg").write_text("include-system-site-packages = false\n")
    message, hint = why_not(error, here)
    assert "does not see the system's packages" in message
    assert str(here.prefix / "pyvenv.cfg") in hint
    (here.prefix / "pyvenv.cfg").write_text("include-system-site-packages = true\n")
    assert "cannot be loaded" in why_not(error, here)[0]
    assert "numpy do not fit" in why_not(ValueError("numpy.dtype size changed"), here)[0]
