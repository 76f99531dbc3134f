"""``edgepi wittypi schedule``: when a ``.wpi`` file has the node on."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import takewhile
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from edgepi.errors import NodeNotRunningError
from edgepi.plugin import Command, CommandContext, common_arguments
from edgepi_wittypi.schedule.grammar import Schedule
from edgepi_wittypi.schedule.keeping import read_schedule
from edgepi_wittypi.schedule.windows import Window, utc, windows

__all__ = ["command"]

MOST, MOST_DAYS = 1000, 3660
MOST_LINES_5, MOST_ACTIONS_5 = 128, 4096


def command() -> Command:
    """Return ``edgepi wittypi``."""
    return Command("wittypi", "schedules in the vendor's form (.wpi)", add_arguments, run)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the one action and its arguments."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    text = "show when a .wpi file has the node on"
    action = actions.add_parser("schedule", help=text, description=f"{text[:1].upper()}{text[1:]}.")
    common_arguments(action)
    action.add_argument("file", type=Path, metavar="FILE.wpi", help="the schedule")
    action.add_argument("--days", type=_days, default=7, metavar="N", help="look so many days ahead (7)")


def run(args: argparse.Namespace, context: CommandContext) -> int:
    """Print the windows; raises ScheduleError, with line and column, for a file that is wrong."""
    schedule = read_schedule(args.file)
    now, zone = _here(context)
    local = now.astimezone(zone).replace(tzinfo=None)
    until = local + timedelta(days=args.days)
    found = list(_most(takewhile(lambda window: window.begin < until, windows(schedule, local))))
    if args.json:
        context.out.json(
            {
                "file": str(args.file),
                "begin": schedule.begin.isoformat(),
                "end": schedule.end.isoformat(),
                "time_zone": str(zone),
                "windows": [_plain(window, zone) for window in found],
                "notes": _notes(schedule, args.file),
            }
        )
        return 0
    _show(context, schedule, found, local)
    for note in _notes(schedule, args.file):
        context.out.line(note)
    return 0


def _show(context: CommandContext, schedule: Schedule, found: list[Window], local: datetime) -> None:
    out = context.out
    out.line(f"from {schedule.begin:%Y-%m-%d %H:%M:%S} to {schedule.end:%Y-%m-%d %H:%M:%S}, local time")
    if not found:
        over = local >= schedule.end
        out.line("it is over" if over else "the node is not on in this time")
        return
    out.line()
    out.table(("on from", "until", "for", ""), (_row(window, local) for window in found))


def _row(window: Window, local: datetime) -> tuple[str, ...]:
    said = ["now"] if window.begin <= local < window.end else []
    if not window.wakes:
        said.append("started by others (WAIT)")
    if not window.ends:
        said.append("ended by others (WAIT)")
    begin, end = f"{window.begin:%a %Y-%m-%d %H:%M:%S}", f"{window.end:%a %H:%M:%S}"
    return begin, end, _span(window.end - window.begin), ", ".join(said)


def _span(length: timedelta) -> str:
    minutes, seconds = divmod(int(length.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    parts = ((hours, "h"), (minutes, "min"), (seconds, "s"))
    return " ".join(f"{number} {unit}" for number, unit in parts if number)


def _plain(window: Window, zone: tzinfo) -> dict[str, object]:
    return {
        "begin_utc": utc(window.begin, zone),
        "end_utc": utc(window.end, zone),
        "wakes": window.wakes,
        "ends": window.ends,
    }


def _notes(schedule: Schedule, file: Path) -> list[str]:
    """Say what a Witty Pi 5 would not take, if the file were given to the board itself."""
    notes = []
    if any(state.wait for state in schedule.states):
        notes.append("the firmware of a Witty Pi 5 does not know WAIT")
    if len(file.read_text(encoding="utf-8").splitlines()) > MOST_LINES_5:
        notes.append(f"the firmware of a Witty Pi 5 takes {MOST_LINES_5} lines at most")
    turns = -(-(schedule.end - schedule.begin) // schedule.cycle)
    if turns * len(schedule.states) > MOST_ACTIONS_5:
        notes.append(f"the firmware of a Witty Pi 5 takes {MOST_ACTIONS_5} actions at most")
    return [f"note: {note}; EdgePi does" for note in notes]


def _most(found: Iterator[Window]) -> Iterator[Window]:
    for number, window in enumerate(found):
        if number >= MOST:
            return
        yield window


def _days(text: str) -> int:
    days = int(text) if text.isascii() and text.isdigit() else 0
    if not 1 <= days <= MOST_DAYS:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of days from 1 to {MOST_DAYS}")
    return days


def _here(context: CommandContext) -> tuple[datetime, tzinfo]:
    """Time and zone of the node that runs, else of this machine."""
    try:
        status = context.node.get("status")
        return datetime.fromisoformat(status["time_utc"]), ZoneInfo(status["node"]["time_zone"])
    except (NodeNotRunningError, ZoneInfoNotFoundError, ValueError, KeyError):
        now = asyncio.run(_now(context))
        return now, now.astimezone().tzinfo or UTC


async def _now(context: CommandContext) -> datetime:
    async with context.clock() as clock:
        return clock.now()
