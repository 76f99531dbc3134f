"""Which camera a command means, what the node says of it, and where files go."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from edgepi.errors import EdgePiError, RequestError
from edgepi.files import atomic_write
from edgepi.plugin import CommandContext, common_arguments

__all__ = [
    "add_camera",
    "add_output",
    "bytes_of",
    "camera_of",
    "check_ending",
    "local",
    "now_of",
    "save",
    "shown_size",
    "zone_of",
]


def add_camera(parser: argparse.ArgumentParser, what: str = "which camera") -> None:
    """Add the name of a camera, and what every command takes."""
    common_arguments(parser)
    parser.add_argument(
        "name", nargs="?", metavar="NAME", help=f"{what}; left out: the only one of the configuration"
    )


def add_output(parser: argparse.ArgumentParser, text: str) -> None:
    """Add where the result goes."""
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help=text)


def camera_of(name: str | None, context: CommandContext) -> str:
    """The camera asked for, or the only one; raises NotFoundError."""
    return context.instance(name, "camera")


def bytes_of(context: CommandContext, path: str, **query: object) -> bytes:
    """A picture or film from the node; raises RequestError where it is none, and as the node refuses."""
    found = context.node.get(path, **query)
    if not isinstance(found, bytes):
        raise RequestError(
            "the node answered with something else than a picture", hint="is it of this version?"
        )
    return found


def save(content: bytes, path: Path) -> None:
    """Write *content* to *path*; raises RequestError where that cannot be."""
    try:
        atomic_write(path, content)
    except OSError as error:
        raise RequestError(
            f"{path} cannot be written: {error.strerror or error}", hint="name another file by -o"
        ) from error


def check_ending(path: Path | None, what: str, *endings: str) -> None:
    """Refuse a name that ends as if something else than *what* were in it; raises RequestError."""
    if path is not None and path.suffix and path.suffix.lower() not in endings:
        raise RequestError(f"{path} would be {what}", hint=f"end its name with {' or '.join(endings)}")


def zone_of(context: CommandContext) -> ZoneInfo:
    """The time zone of the node that runs, or of the configuration; UTC where neither can be told."""
    name = _said(context).get("node", {}).get("time_zone")
    try:
        return ZoneInfo(name or context.site().time_zone)
    except (EdgePiError, KeyError, ValueError):
        return ZoneInfo("UTC")


def now_of(context: CommandContext) -> datetime:
    """The time of the node that runs, which may live in a simulated world, or the machine's own."""
    told = local(_said(context).get("time_utc"), ZoneInfo("UTC"))
    return told if told is not None else asyncio.run(_now(context))


async def _now(context: CommandContext) -> datetime:
    async with context.clock() as clock:
        return clock.now()


def _said(context: CommandContext) -> Mapping[str, Any]:
    try:
        found = context.node.get("status")
    except EdgePiError:
        return {}
    return found if isinstance(found, dict) else {}


def shown_size(count: float) -> str:
    """Bytes for people."""
    for unit, digits in (("B", 0), ("kB", 0), ("MB", 1)):
        if count < 1000:
            return f"{count:.{digits}f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"


def local(value: Any, zone: ZoneInfo) -> datetime | None:
    """A time of the node's answer, in *zone*; None where there is none."""
    if not isinstance(value, str):
        return None
    moment = datetime.fromisoformat(value)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(zone)
