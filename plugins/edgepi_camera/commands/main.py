"""The actions of ``edgepi camera``; each is imported when it is called."""

from __future__ import annotations

import argparse
import importlib
from typing import Protocol, cast

from edgepi.plugin import Command, CommandContext

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


class _Action(Protocol):
    def add_arguments(self, parser: argparse.ArgumentParser) -> None: ...
    def run(self, args: argparse.Namespace, context: CommandContext) -> int: ...


def command() -> Command:
    """Return ``edgepi camera``."""
    return Command("camera", HELP, _add_arguments, _run)


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    for name, text in ACTIONS.items():
        action = actions.add_parser(name, help=text, description=text[:1].upper() + text[1:] + ".")
        _module(name).add_arguments(action)


def _run(args: argparse.Namespace, context: CommandContext) -> int:
    return _module(args.action).run(args, context)


def _module(name: str) -> _Action:
    return cast("_Action", importlib.import_module(f"edgepi_camera.commands.{name}"))
