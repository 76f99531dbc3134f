"""The video devices of the kernel, as V4L2 names them."""

from __future__ import annotations

import stat
from pathlib import Path

from edgepi.errors import DeviceNotFoundError
from edgepi.plugin import VideoFeed

__all__ = ["find_video"]


def find_video(device: str, root: Path = Path("/")) -> VideoFeed:
    """Return the feed of a device below /dev, or of a link to one; blocks; raises DeviceNotFoundError."""
    path = root / device.lstrip("/")
    try:
        there = stat.S_ISCHR(path.stat().st_mode)
    except (OSError, ValueError):
        raise DeviceNotFoundError(f"there is no {device!r}", hint=_hint(root)) from None
    if not there:
        raise DeviceNotFoundError(f"{device} is no video device", hint=_hint(root))
    return VideoFeed(url=str(path), format="v4l2")


def _hint(root: Path) -> str:
    found = sorted(f"/dev/{path.name}" for path in root.glob("dev/video*"))
    if found:
        return f"there are {', '.join(found[:12])}; `v4l2-ctl --list-devices` tells which is a camera"
    return "look whether the camera is plugged in; one on the ribbon cable of a Raspberry Pi is `picamera`"
