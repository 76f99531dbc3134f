"""How the node finds a camera in what the kernel tells of its video devices."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from real_bus_rows import Row, exact, refusal

from edgepi.cli.init_video import Camera, cameras
from edgepi.errors import DeviceNotFoundError
from edgepi.hardware.linux_video import find_video
from edgepi.plugin import VideoFeed

__all__ = ["found"]

CLASS = Path("/sys/class/video4linux")


def found() -> Iterator[Row]:
    """Names from sysfs; which devices `edgepi init` offers; what a device is opened as."""
    name = (CLASS / "video0/name").read_text().strip()
    yield exact("what the kernel calls video0", "vivid-000-vid-cap", name)
    yield exact(
        "found: the test camera is on no USB, as codecs are; init offers none", [], cameras(Path("/"))
    )
    yield exact("found: the same, if it were on USB", [Camera("/dev/video0", name)], _on_usb())
    yield exact("what it is opened as", VideoFeed("/dev/video0", "v4l2"), find_video("/dev/video0"))
    words = "there is no '/dev/video9'"
    yield refusal("a device that is not there", DeviceNotFoundError, words, lambda: find_video("/dev/video9"))
    yield refusal(
        "a device that is none of pictures",
        DeviceNotFoundError,
        "is no video device",
        lambda: find_video("/etc/passwd"),
    )


def _on_usb() -> list[Camera]:
    """The kernel's own files about video0, below a USB device."""
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        device, listed = root / "sys/devices/usb1/video4linux/video0", root / "sys/class/video4linux"
        for folder in (device, listed):
            folder.mkdir(parents=True)
        for file in ("name", "index"):
            (device / file).symlink_to(CLASS / "video0" / file)
        (listed / "video0").symlink_to(device)
        return cameras(root)
