"""Finds the cameras that are plugged into this machine, without opening any."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from edgepi.cli.init_chips import Chip
from edgepi.plugin import Manifest

__all__ = ["PI_CAMERA", "Camera", "cameras", "offered_cameras"]

PI_CAMERA = "picamera"
# The receivers of a Pi's ribbon cable, which are there once a sensor answers: up to Pi 4, and Pi 5.
RECEIVERS = ("unicam", "rp1-cfe")


@dataclass(frozen=True, slots=True)
class Camera:
    """A camera: where it is, as a configuration says it, and what it calls itself."""

    source: str
    label: str


def cameras(root: Path) -> list[Camera]:
    """List USB cameras, and the Pi's own first; decoders and scalers are video devices too, and left out."""
    numbered = sorted(
        (int(match[1]), entry)
        for entry in (root / "sys/class/video4linux").glob("video*")
        if (match := re.fullmatch(r"video(\d+)", entry.name))
    )
    found, own = [], []
    for number, entry in numbered:
        name = _text(entry / "name")
        if name.startswith(RECEIVERS):
            own = [Camera(PI_CAMERA, "Raspberry Pi camera")]
        elif _text(entry / "index") == "0" and any(part.startswith("usb") for part in entry.resolve().parts):
            # Devices name themselves, and the name is written into a file.
            label = " ".join(re.findall(r"[\w.()+-]+", name))[:60] or "USB camera"
            found.append(Camera(f"/dev/video{number}", label))
    return own + found


def offered_cameras(manifests: Iterable[Manifest], root: Path) -> list[Chip]:
    """Cameras as what the plugin for them takes; none without such a plugin."""
    plugin = next((manifest for manifest in manifests if manifest.video), None)
    if plugin is None or plugin.video is None:
        return []
    return [
        Chip(plugin.name, camera.label, 1, None, plugin.video, value=camera.source)
        for camera in cameras(root)
    ]


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
