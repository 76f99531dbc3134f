"""``edgepi camera zones``: a picture with a grid, from which corners of zones are read off."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from edgepi.errors import EdgePiError, NodeNotRunningError, NotFoundError
from edgepi.plugin import CommandContext, Message
from edgepi_camera.commands.asking import add_camera, add_output, bytes_of, camera_of, check_ending, save
from edgepi_camera.commands.workshop import ask
from edgepi_camera.config import CameraConfig

__all__ = ["add_arguments", "run"]

TIMEOUT_S = 60.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_camera(parser)
    parser.add_argument(
        "--picture",
        type=Path,
        metavar="FILE",
        help="draw over this picture or film, not over the camera's own",
    )
    add_output(parser, "where the PNG goes; left out: NAME-zones.png")


def run(args: argparse.Namespace, context: CommandContext) -> int:
    """Draw it, and print the zones that there are."""
    check_ending(args.output, "a PNG", ".png")
    name = camera_of(args.name, context)
    areas = _areas(name, context)
    path = args.output or Path(f"{name}-zones.png")
    fields = {"areas": areas}
    if args.picture is not None:
        if not args.picture.is_file():
            raise NotFoundError(f"there is no file {args.picture}")
        message = Message("grid", fields | {"file": str(args.picture.absolute())})
    else:
        message = Message("grid", fields, _picture(name, context))
    answer = asyncio.run(ask(message, context, timeout_s=TIMEOUT_S))
    save(answer.data, path)
    if args.json:
        context.out.json({"camera": name, "file": path, "areas": areas})
        return 0
    for area in areas:
        corners = ", ".join(f"[{x:g}, {y:g}]" for x, y in area["polygon"])
        context.out.line(f"{area['kind']} {area['name']}: [{corners}]".replace(" :", ":"))
    context.out.line(f"{path}: each line of the grid is a tenth; a corner is [x, y], from the upper left")
    return 0


def _picture(name: str, context: CommandContext) -> bytes:
    try:
        return bytes_of(context, f"plugins/{name}/snapshot.jpg")
    except NodeNotRunningError as error:
        error.hint = "start the node, or name a picture by --picture"
        raise


def _areas(name: str, context: CommandContext) -> list[dict[str, Any]]:
    try:
        config = context.configs().get(name)
    except EdgePiError:
        config = None
    if not isinstance(config, CameraConfig):
        return _told(name, context)
    zones = [_area("zone", zone.name, zone.polygon) for zone in config.zones]
    ignored = [_area("ignore", "", polygon) for polygon in config.ignore]
    return zones + ignored + [_area("privacy", "", polygon) for polygon in config.privacy]


def _told(name: str, context: CommandContext) -> list[dict[str, Any]]:
    """The zones that the running node has, for a configuration that is not at hand."""
    try:
        zones = context.node.get(f"plugins/{name}/status")["zones"]
    except EdgePiError:
        return []
    return [_area("zone", zone, corners) for zone, corners in zones.items()]


def _area(kind: str, name: str, polygon: Iterable[Iterable[float]]) -> dict[str, Any]:
    return {"kind": kind, "name": name, "polygon": [list(corner) for corner in polygon]}
