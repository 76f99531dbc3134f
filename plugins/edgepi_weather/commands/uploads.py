"""``edgepi weather uploads``: what waits for each network, what was sent last, and what is wrong."""

from __future__ import annotations

import argparse
from datetime import datetime
from typing import Any

from edgepi.plugin import CommandContext
from edgepi_weather.commands.asking import add_common, instance_of
from edgepi_weather.uploads.queue import FILE, Queue

__all__ = ["add_arguments", "run"]

TITLES = {"wunderground": "Weather Underground", "cwop": "CWOP"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_common(parser)


def run(args: argparse.Namespace, context: CommandContext) -> int:
    """Print it; the queue is a file that may be read beside the node."""
    queue = Queue(context.folder_of(instance_of(args, context)) / FILE)
    standings = {name: queue.standing(name) for name in TITLES}
    if args.json:
        context.out.json(standings)
        return 0
    rows: list[tuple[Any, ...]] = [
        (TITLES[name], each.waiting, _shown(each.sent_utc), each.sent, each.dropped, each.error or "")
        for name, each in standings.items()
        if each.queued_utc is not None
    ]
    if not rows:
        context.out.line("nothing was ever queued; `uploads:` in the configuration says where reports go")
        return 0
    context.out.table(("network", "waiting", "last sent (UTC)", "sent", "dropped", "trouble"), rows)
    return 0


def _shown(at: datetime | None) -> str:
    return "never" if at is None else f"{at:%Y-%m-%d %H:%M}"
