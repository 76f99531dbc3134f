"""The actions of ``edgepi camera``; each is imported when it is called."""

from __future__ import annotations

from edgepi.plugin import Command

__all__ = ["ACTIONS", "command"]

HELP = "the cameras: how they do, what moved, pictures, and how motion is found"
ACTIONS = {
    "status": "show how the cameras do",
    "events": "list what has moved",
    "snapshot": "save a picture of a camera",
    "tune": "show what the detector sees, in a running camera or in a film",
    "zones": "draw a grid over a picture to read off corners of zones",
    "timelapse": "save the film of a day",
}


def command() -> Command:
    """Return ``edgepi camera``."""
    return Command.of_actions("camera", HELP, ACTIONS, "edgepi_camera.commands")
