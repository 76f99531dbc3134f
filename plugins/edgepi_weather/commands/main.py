"""The actions of ``edgepi weather``; each is imported when it is called."""

from __future__ import annotations

from edgepi.plugin import Command

__all__ = ["ACTIONS", "command"]

HELP = "the weather station: its records, years from WeeWX, and uploads"
ACTIONS = {
    "records": "show the extremes, means and sums of a month, and of all time",
    "import": "bring the archive of WeeWX into records and history",
    "uploads": "show how sending to networks stands",
}


def command() -> Command:
    """Return ``edgepi weather``."""
    return Command.of_actions("weather", HELP, ACTIONS, "edgepi_weather.commands")
