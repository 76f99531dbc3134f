"""The actions of ``edgepi weather``; each is imported when it is called."""

from __future__ import annotations

import argparse
import importlib
from typing import Protocol, cast

from edgepi.plugin import Command, CommandContext

__all__ = ["ACTIONS", "command"]

ACTIONS = {
    "records": "show the extremes, means and sums of a month, and of all time",
    "import": "bring the archive of WeeWX into records and history",
    "uploads": "show how sending to networks stands",
}


class _Action(Protocol):
    def add_arguments(self, parser: argparse.ArgumentParser) -> None: ...
    def run(self, args: argparse.Namespace, context: CommandContext) -> int: ...


def command() -> Command:
    """Return ``edgepi weather``."""
    return Command(
        "weather", "the weather station: its records, years from WeeWX, and uploads", _add_arguments, _run
    )


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    for name, text in ACTIONS.items():
        action = actions.add_parser(name, help=text, description=text[:1].upper() + text[1:] + ".")
        _module(name).add_arguments(action)


def _run(args: argparse.Namespace, context: CommandContext) -> int:
    return _module(args.action).run(args, context)


def _module(name: str) -> _Action:
    # A module cannot be named `import`.
    name = "importing" if name == "import" else name
    return cast("_Action", importlib.import_module(f"edgepi_weather.commands.{name}"))
