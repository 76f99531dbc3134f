"""``edgepi camera status``: level, picture, events and storage of every camera."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

from edgepi.errors import RequestError
from edgepi.plugin import CommandContext
from edgepi_camera.commands.asking import add_camera, camera_of, shown_size

__all__ = ["add_arguments", "run"]

HEADERS = ("camera", "level", "picture", "", "pictures/s", "events today", "stored", "free", "looking on")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_camera(parser)


def run(args: argparse.Namespace, context: CommandContext) -> int:
    """Print it; exit code 1 where a camera has no picture that should have one."""
    names = [camera_of(args.name, context)] if args.name else context.instances()
    found = {name: _status(name, context) for name in names}
    if args.json:
        context.out.json(found)
        return _code(found)
    context.out.table(HEADERS, [_row(name, each) for name, each in found.items()])
    for name, each in found.items():
        for said in _sayings(each):
            context.out.line(f"{name}: {said}")
    return _code(found)


def _status(name: str, context: CommandContext) -> Mapping[str, Any]:
    try:
        answer: Mapping[str, Any] = context.node.get(f"plugins/{name}/status")
    except RequestError as error:
        return {"instance": name, "link": "lost", "reason": error.message, "level": "off"}
    return answer


def _row(name: str, status: Mapping[str, Any]) -> tuple[Any, ...]:
    shape = f"{status['width']}x{status['height']}" if status.get("width") else "-"
    codec = f"{status.get('codec') or ''}"
    fps = status.get("fps")
    stored, free = status.get("stored_bytes"), status.get("free_bytes")
    return (
        name,
        status.get("level"),
        shape,
        codec,
        None if fps is None else round(float(fps), 1),
        status.get("events_today"),
        None if stored is None else shown_size(stored),
        None if free is None else shown_size(free),
        status.get("viewers"),
    )


def _sayings(status: Mapping[str, Any]) -> list[str]:
    said = []
    if status.get("label"):
        said.append(f"what it shows is no camera's picture: {status['label']}")
    if status.get("moving"):
        said.append("something moves now")
    if status.get("reason"):
        said.append(str(status["reason"]))
    if status.get("note"):
        said.append(status["note"])
    return said


def _code(found: Mapping[str, Mapping[str, Any]]) -> int:
    return int(any(each.get("link") == "lost" for each in found.values()))
