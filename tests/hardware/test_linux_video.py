"""Video devices of a real machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgepi.errors import DeviceNotFoundError
from edgepi.hardware import open_hardware
from edgepi.hardware.linux_video import find_video
from edgepi.plugin import VideoFeed


async def test_a_device_is_opened_by_its_name() -> None:
    async with open_hardware(None, allow_halt=False) as machine:
        assert await machine.video("/dev/null") == VideoFeed("/dev/null", "v4l2", "")


def test_a_link_to_a_device_is_one(tmp_path: Path) -> None:
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev/garden").symlink_to("/dev/null")
    assert find_video("/dev/garden", tmp_path).url == str(tmp_path / "dev/garden")


@pytest.mark.parametrize("device", ["/dev/video0", "/dev/vid\0eo"])
def test_a_device_that_is_not_there_is_said_with_what_to_do(tmp_path: Path, device: str) -> None:
    with pytest.raises(DeviceNotFoundError, match="there is no") as missing:
        find_video(device, tmp_path)
    assert "plugged in" in str(missing.value.hint)


def test_those_that_are_there_are_named(tmp_path: Path) -> None:
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev/video2").write_text("a file, not a device")
    with pytest.raises(DeviceNotFoundError, match="/dev/video2"):
        find_video("/dev/video0", tmp_path)
    with pytest.raises(DeviceNotFoundError, match="no video device"):
        find_video("/dev/video2", tmp_path)
