"""A camera that is plugged in can be used."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

from edgepi.cli.checks.base import Result, Surroundings
from edgepi.cli.init_video import PI_CAMERA, cameras

__all__ = ["check"]

NAME = "camera"


def check(machine: Surroundings) -> Result:
    """Look for cameras and for what they need; that the user may open them is a matter of groups."""
    found = cameras(machine.root)
    if not found:
        return Result(NAME, "ok", "no camera is plugged into this machine; one in the network needs no more")
    told = ", ".join(f"{camera.label} ({camera.source})" for camera in found)
    if not _there("cv2", "av"):
        return Result(
            NAME, "ok", f"{told}; the packages for it are not installed", "pip install 'edgepi[camera]'"
        )
    if found[0].source == PI_CAMERA and not _there("picamera2", "libcamera"):
        return Result(NAME, "warn", f"{told}, but EdgePi does not see picamera2", _advice(machine.root))
    return Result(NAME, "ok", told)


def _advice(root: Path) -> str:
    if not (root / "usr/lib/python3/dist-packages/picamera2").is_dir():
        return "sudo apt install python3-picamera2"
    return f"write `include-system-site-packages = true` into {Path(sys.prefix) / 'pyvenv.cfg'}"


def _there(*names: str) -> bool:
    return all(importlib.util.find_spec(name) is not None for name in names)
