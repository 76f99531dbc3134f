"""``edgepi power``: what the power board says, a wake to arm, and the way down."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any, Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from edgepi.cli.client import NodeClient
from edgepi.cli.output import paint, print_json
from edgepi.cli.paths import (
    add_config_argument,
    add_state_argument,
    config_of,
    node_dir_of,
    state_dir_of,
)
from edgepi.errors import EdgePiError, NodeNotRunningError, RequestError

__all__ = ["add_arguments", "parse_time", "run"]

Data = Mapping[str, Any]


class _Client(Protocol):
    def get(self, path: str) -> Any: ...
    def post(self, path: str, body: object = None) -> Any: ...


CLOCKS_AGREE_S = 2.0

_AHEAD = re.compile(r"\+(?=.)(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?:in)?)?", re.ASCII)
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})", re.ASCII)
_TIMES = "07:30, 2025-12-01T07:30 (both in the node's time zone), or +3h30m"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    common = argparse.ArgumentParser(add_help=False)
    add_state_argument(common)
    add_config_argument(common)
    common.add_argument("--world", type=Path, metavar="SOCKET", help="without a node: the simulated world")
    common.add_argument("--json", action="store_true", help="print JSON")
    commands = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    commands.add_parser("status", parents=[common], help="show what the board says and holds")
    log = commands.add_parser("log", parents=[common], help="show the latest wakes and sleeps, and why")
    log.add_argument("-n", type=int, default=20, metavar="N", help="how many at most (20)")
    wake = commands.add_parser("wake-at", parents=[common], help="arm a wake for the next sleep")
    wake.add_argument("time", metavar="TIME", help=_TIMES)
    off = commands.add_parser("off", parents=[common], help="switch the node off in order")
    off.add_argument("--until", metavar="TIME", help=f"wake then: {_TIMES}; else as the node would itself")
    off.add_argument("-y", "--yes", action="store_true", help="do not ask")


def run(args: argparse.Namespace) -> int:
    """Ask the running node, or the board itself; 1 if it does not work or the person said no."""
    if args.action == "log":
        return _log(args)
    action = {"status": _status, "wake-at": _wake_at, "off": _off}[args.action]
    try:
        return action(NodeClient(node_dir_of(args)), args)
    except NodeNotRunningError as error:
        try:
            config_of(args)
        except EdgePiError:
            raise error from None
    from edgepi.cli.power_alone import alone

    with alone(args, state_dir_of(args)) as client:
        return action(client, args)


def _status(client: _Client, args: argparse.Namespace) -> int:
    status = client.get("power/status")
    if args.json:
        print_json(status)
    else:
        for name, text in _facts(status):
            print(f"{paint(f'{name:10}', 'dim')} {text}")
    board = status.get("board")
    return 0 if board and board["working"] else 1


def _log(args: argparse.Namespace) -> int:
    """Ask the running node, or read what it left."""
    zone: tzinfo = UTC
    limit = max(1, min(args.n, 200))
    try:
        client = NodeClient(node_dir_of(args))
        events = client.get("power/log", limit=limit)
        zone = _zone(client.get("status")["node"].get("time_zone", "UTC"))
    except NodeNotRunningError:
        from edgepi.budget.powerlog import read_log

        events = read_log(node_dir_of(args, rests=True))[:limit]
    if args.json:
        print_json(events)
    elif not events:
        print("nothing is noted yet: the node notes each wake and sleep from its next one on")
    else:
        for event in reversed(events):
            print(_event_line(event, zone))
    return 0


def _event_line(event: Data, zone: tzinfo) -> str:
    kind, planned = event["event"], event["planned"] or event["event"] == "lost"
    when = _when(event["time_utc"], zone) if event["time_utc"] else "time not known"
    held = f"; the board held a wake at {_when(event['wake_utc'], zone)}" if event["wake_utc"] else ""
    said = "" if planned else paint(" (not planned)", "yellow")
    colour = {"on": "green", "lost": "red"}.get(kind, "bold")
    return f"{paint(f'{when:22}', 'dim')} {paint(f'{kind:4}', colour)} {event['reason']}{held}{said}"


def _when(text: str, zone: tzinfo) -> str:
    return f"{datetime.fromisoformat(text).astimezone(zone):%Y-%m-%d %H:%M %Z}"


def _wake_at(client: _Client, args: argparse.Namespace) -> int:
    wake = _time_of(client, args.time)
    held = client.post("power/wake-at", {"wake_utc": wake.isoformat()})
    if args.json:
        print_json(held)
    else:
        print(f"the board holds: {', '.join(held['triggers'])}")
    return 0


def _off(client: _Client, args: argparse.Namespace) -> int:
    wake = _time_of(client, args.until) if args.until else None
    if not args.yes and not _confirmed(client, wake):
        print("nothing was done")
        return 1
    body = {"wake_utc": wake.isoformat()} if wake else {}
    answer = client.post("power/off", body)
    if args.json:
        print_json(answer)
    else:
        print(answer["sentence"])
    return 0


def _confirmed(client: _Client, wake: datetime | None) -> bool:
    """Ask on a terminal; without one the answer is no, and the error says how to say yes."""
    if not sys.stdin.isatty():
        raise RequestError("this would cut the node's power", hint="add --yes to do it without being asked")
    node = client.get("status")["node"]
    until = f" until {wake.astimezone(_zone(node.get('time_zone', 'UTC'))):%Y-%m-%d %H:%M %Z}" if wake else ""
    answer = input(f"switch {node['name']} off{until}? Its power will be cut. [y/N] ")
    return answer.strip().lower() in {"y", "yes"}


def _time_of(client: _Client, text: str) -> datetime:
    """Read a time as the node understands it: by its clock, which may be a simulated one."""
    status = client.get("status")
    now = datetime.fromisoformat(status["time_utc"])
    return parse_time(text, now, _zone(status["node"].get("time_zone", "UTC")))


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


def parse_time(text: str, now: datetime, zone: tzinfo) -> datetime:
    """Read a time of day, a date with time, or a span from now; in UTC.

    Raises:
        RequestError: it is none of these.
    """
    text = text.strip()
    if (span := _AHEAD.fullmatch(text)) and any(span.groups()):
        days, hours, minutes = (int(part or 0) for part in span.groups())
        try:
            return now + timedelta(days=days, hours=hours, minutes=minutes)
        except OverflowError:
            raise RequestError(f"{text!r} is too far ahead") from None
    if clock := _CLOCK.fullmatch(text):
        return _next(int(clock[1]), int(clock[2]), now, zone, text)
    try:
        when = datetime.fromisoformat(text)
        return (when if when.tzinfo else when.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise _not_a_time(text) from None


def _next(hour: int, minute: int, now: datetime, zone: tzinfo, text: str) -> datetime:
    local = now.astimezone(zone)
    try:
        when = local.replace(hour=hour, minute=minute, second=0, microsecond=0)
    except ValueError:
        raise _not_a_time(text) from None
    # A day is added on the wall, so that 07:30 stays 07:30 when summer time begins.
    return (when if when > local else when + timedelta(days=1)).astimezone(UTC)


def _not_a_time(text: str) -> RequestError:
    return RequestError(f"{text!r} is no time", hint=f"write it like {_TIMES}")


def _facts(status: Data) -> Iterator[tuple[str, str]]:
    board = status.get("board")
    if board:
        yield from _board_facts(board)
    else:
        yield "board", paint("none works", "yellow")
    yield from _supply_facts(status.get("supply") or {}, status.get("soc") or {})
    if guard := status.get("guard"):
        force = guard["in_force"]
        said = "" if force == "none" else paint(f" (the {force} guard is in force)", "red")
        yield "guards", f"run {guard['run_v']:.2f} V, commit {guard['commit_v']:.2f} V{said}"
    armed, standing = ((board or {}).get(key) for key in ("armed", "standing"))
    if standing and not armed:
        yield "stands by", ", ".join(standing["triggers"]) or paint("nothing", "red")
        for doubt in standing["doubts"]:
            yield "doubt", paint(doubt, "yellow")
    if armed:
        yield "armed", ", ".join(armed["triggers"]) or paint("nothing", "red")
        for doubt in armed["doubts"]:
            yield "doubt", paint(doubt, "yellow")
    if sentence := status.get("node_sentence"):
        yield "latest", sentence


def _board_facts(board: Data) -> Iterator[tuple[str, str]]:
    state = paint("works", "green") if board["working"] else paint(board["failure"] or "silent", "red")
    yield "board", f"{board.get('identity') or board['name']}: {state}"
    if reason := board.get("last_reason"):
        yield "woken by", reason["text"]
    for sentence in board.get("health", ()):
        yield "look after", paint(sentence, "yellow")
    if (off_s := board.get("clock_off_s")) is not None:
        yield "clock", _clock_words(off_s)


def _supply_facts(supply: Data, soc: Data) -> Iterator[tuple[str, str]]:
    yield "battery", _measured(supply, soc)
    for name, prefix in (("input", "input"), ("node", "output")):
        if flows := _flows(supply, prefix):
            yield name, flows
    if (celsius := supply.get("temperature_c")) is not None:
        yield "warmth", f"{celsius:.1f} °C at the board"


def _clock_words(off_s: float) -> str:
    if abs(off_s) <= CLOCKS_AGREE_S:
        return "agrees with the node's"
    return paint(f"{abs(off_s):.0f} s {'ahead of' if off_s > 0 else 'behind'} the node's", "yellow")


def _flows(supply: Data, prefix: str) -> str:
    held = ((supply.get(f"{prefix}_{unit.lower()}"), unit) for unit in ("V", "A", "W"))
    return ", ".join(f"{value:.2f} {unit}" for value, unit in held if value is not None)


def _measured(supply: Data, soc: Data) -> str:
    parts = []
    if soc:
        parts.append(f"{soc['percent']:.0f} % (give or take {soc['uncertainty_percent']:.0f})")
    if (volts := supply.get("battery_v")) is not None:
        parts.append(f"{volts:.2f} V")
    return ", ".join(parts) or "not measured"
