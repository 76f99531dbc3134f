"""Cameras are found among all that calls itself a video device, and used only by who says so."""

from __future__ import annotations

import builtins
from pathlib import Path

import pytest
import yaml

from edgepi.cli import init
from edgepi.cli.checks import camera as check
from edgepi.cli.checks.base import Surroundings
from edgepi.cli.init_video import Camera, cameras
from edgepi.cli.main import main
from edgepi.config import load
from edgepi.errors import ManifestError
from edgepi.plugin import Manifest
from edgepi.runtime.discovery import discover


def plug(root: Path, number: int, name: str, *, index: int = 0, bus: str = "platform/soc/usb1/1-1") -> None:
    """Lay out a video device as the kernel does."""
    device = root / "sys/devices" / bus / "video4linux" / f"video{number}"
    device.mkdir(parents=True)
    (device / "name").write_text(name + "\n")
    (device / "index").write_text(f"{index}\n")
    (root / "sys/class/video4linux").mkdir(parents=True, exist_ok=True)
    (root / f"sys/class/video4linux/video{number}").symlink_to(device)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(init, "buses", lambda _dev: [])
    monkeypatch.setattr(init, "ROOT", tmp_path)
    return tmp_path


def test_usb_cameras_are_told_from_decoders_and_from_their_own_metadata(tmp_path: Path) -> None:
    assert cameras(tmp_path) == []
    plug(tmp_path, 10, "bcm2835-codec-decode", bus="virtual")
    plug(tmp_path, 2, "HD Webcam: evil\n  name", index=0)
    plug(tmp_path, 3, "HD Webcam", index=1)
    assert cameras(tmp_path) == [Camera("/dev/video2", "HD Webcam evil name")]


@pytest.mark.parametrize("receiver", ["unicam-image", "rp1-cfe-csi2_ch0"])
def test_a_pis_own_camera_comes_first_and_once(receiver: str, tmp_path: Path) -> None:
    plug(tmp_path, 0, receiver, bus="platform/axi/1f00110000.csi")
    plug(tmp_path, 1, receiver, bus="platform/axi/1f00110000.csi-1")
    plug(tmp_path, 8, "HD Webcam")
    assert [camera.source for camera in cameras(tmp_path)] == ["picamera", "/dev/video8"]


def test_a_camera_is_offered_as_a_comment_to_who_is_not_asked(here: Path) -> None:
    plug(here, 0, "HD Webcam")
    assert main(["init", "--yes"]) == 0
    text = (here / "edgepi.yaml").read_text()
    assert "# HD Webcam at /dev/video0 was found" in text
    assert "camera" not in [plugin.plugin for plugin in load(here / "edgepi.yaml", discover(), {}).plugins]
    lines = [line[1:] for line in text.splitlines() if line.startswith("#  ") and "video0" in line]
    assert lines == ["    source: /dev/video0"]


@pytest.mark.parametrize(("answer", "watches"), [("yes", True), ("", False)])
def test_who_says_yes_gets_the_camera(
    answer: str, watches: bool, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plug(here, 0, "HD Webcam")
    monkeypatch.setattr(builtins, "input", lambda asked: answer if "camera" in asked else "")
    assert main(["init"]) == 0
    written = yaml.safe_load((here / "edgepi.yaml").read_text())
    assert (written["plugins"].get("camera") == {"source": "/dev/video0"}) is watches
    load(here / "edgepi.yaml", discover(), {})


def test_a_machine_with_nothing_but_a_camera_is_no_simulated_one(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    plug(here, 0, "HD Webcam")
    monkeypatch.setattr(builtins, "input", lambda asked: "yes" if "camera" in asked else "")
    assert main(["init"]) == 0
    said = capsys.readouterr().out
    assert "/dev/video0: HD Webcam" in said
    assert "next: edgepi run" in said
    assert "simulated" not in said
    assert [plugin.plugin for plugin in load(here / "edgepi.yaml", discover(), {}).plugins] == ["camera"]


def test_who_is_not_asked_is_told_how_to_have_the_camera(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plug(here, 0, "HD Webcam")
    assert main(["init", "--yes"]) == 0
    said = capsys.readouterr().out
    assert "the simulated world" in said
    assert "to watch with the camera: edgepi init --watch yes --force" in said
    assert main(["init", "--yes", "--watch", "yes", "--force"]) == 0
    said = capsys.readouterr().out
    assert "next: edgepi run" in said
    assert "simulated" not in said
    assert [plugin.plugin for plugin in load(here / "edgepi.yaml", discover(), {}).plugins] == ["camera"]


def test_a_camera_whose_packages_are_missing_is_told_with_the_way_to_them(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    plug(here, 0, "HD Webcam")
    monkeypatch.setattr(init, "_usable", lambda _registry: [])
    assert main(["init", "--yes"]) == 0
    said = capsys.readouterr().out
    assert (
        "/dev/video0: HD Webcam; what watches with it is not installed: pip install 'edgepi[camera]'" in said
    )


def test_two_cameras_are_two_instances(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plug(here, 0, "HD Webcam")
    plug(here, 2, "Other one")
    monkeypatch.setattr(builtins, "input", lambda asked: "yes" if "camera" in asked else "")
    assert main(["init"]) == 0
    loaded = load(here / "edgepi.yaml", discover(), {}).plugins
    assert [each.instance for each in loaded if each.plugin == "camera"] == ["camera_1", "camera_2"]


def test_no_camera_is_looked_for_in_the_simulated_world(here: Path) -> None:
    plug(here, 0, "HD Webcam")
    assert main(["init", "--yes", "--simulated"]) == 0
    assert "HD Webcam" not in (here / "edgepi.yaml").read_text()


def test_a_manifest_names_the_key_for_a_camera() -> None:
    with pytest.raises(ManifestError, match="video"):
        Manifest.from_table({"name": "x", "title": "x", "summary": "x", "video": 1}, "here")


def examine(root: Path) -> tuple[str, str | None]:
    result = check.check(
        Surroundings(state_dir=root, uid=1000, groups=frozenset(), run=lambda _: (0, ""), root=root)
    )
    return f"{result.status}: {result.sentence}", result.advice


def test_doctor_says_what_a_pis_camera_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert examine(tmp_path)[0].startswith("ok: no camera")
    plug(tmp_path, 0, "unicam-image", bus="platform/soc/fe801000.csi")
    there = {"cv2", "av"}
    monkeypatch.setattr(check, "_there", lambda *names: there.issuperset(names))
    assert examine(tmp_path) == (
        "warn: Raspberry Pi camera (picamera), but EdgePi does not see picamera2",
        "sudo apt install python3-picamera2",
    )
    (tmp_path / "usr/lib/python3/dist-packages/picamera2").mkdir(parents=True)
    assert "include-system-site-packages" in str(examine(tmp_path)[1])
    there |= {"picamera2", "libcamera"}
    assert examine(tmp_path) == ("ok: Raspberry Pi camera (picamera)", None)
    there.clear()
    assert "not installed" in examine(tmp_path)[0]
