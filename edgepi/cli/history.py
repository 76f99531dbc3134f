"""``edgepi history``: what an entity was over time, as a chart, a table, CSV or JSON."""

from __future__ import annotations

import argparse
import csv
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from edgepi.cli.client import NodeClient
from edgepi.cli.output import print_json, print_table
from edgepi.cli.paths import add_state_argument, node_dir_of
from edgepi.cli.sparkline import Line, sparkline
from edgepi.errors import NodeNotRunningError, RecorderError, RequestError
from edgepi.model import Value
from edgepi.recorder.archive import HISTORY_FILE, Archive
from edgepi.recorder.samples import from_ms, to_ms
from edgepi.recorder.tiers import choose_tier

__all__ = ["Series", "add_arguments", "moment", "run"]

_UNITS = {"s": 1, "sec": 1, "m": 60, "min": 60, "h": 3600, "d": 86400, "w": 604800}
_SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]+)")
_WIDTH = 60
_TABLE_ROWS = 12


@dataclass(frozen=True, slots=True)
class Series:
    """What is shown: (time, value or mean, least, most) each; a value of None is a gap."""

    entity_id: str
    unit: str | None
    start_utc: datetime
    end_utc: datetime
    points: Sequence[tuple[datetime, Value | None, float | None, float | None]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("entity", nargs="?", metavar="ENTITY", help="such as weather.temperature")
    parser.add_argument("--list", action="store_true", help="list what has a history")
    parser.add_argument("--since", default="6h", metavar="TIME", help="30min, 6h, 7d, or a date (default 6h)")
    parser.add_argument("--until", metavar="TIME", help="the same; now if left out")
    parser.add_argument("--tier", default="auto", choices=["auto", "raw", "5min", "hour"], help="how fine")
    shape = parser.add_mutually_exclusive_group()
    shape.add_argument("--csv", action="store_true", help="print CSV")
    shape.add_argument("--json", action="store_true", help="print JSON")
    add_state_argument(parser)


def run(args: argparse.Namespace) -> int:
    """Ask the running node, or read its database when none runs."""
    directory = node_dir_of(args, rests=True)
    if args.list:
        return _list(directory, as_json=args.json)
    if not args.entity:
        raise RequestError("which entity?", hint="`edgepi history --list` shows them")
    try:
        series = _from_node(directory, args)
    except NodeNotRunningError:
        series = _from_file(directory, args)
    if not series.points:
        raise _nothing(directory, series)
    show = _show_csv if args.csv else _show_json if args.json else _show_chart
    show(series)
    return 0


def moment(text: str, now: datetime) -> datetime:
    """Return the time that *text* means: a span back from *now*, or a date as ISO 8601 (local if no zone).

    Raises:
        RequestError: it is neither.
    """
    match = _SPAN.fullmatch(text.strip().lower())
    if match and match[2] in _UNITS:
        try:
            return now - timedelta(seconds=float(match[1]) * _UNITS[match[2]])
        except OverflowError:
            return datetime.fromtimestamp(0, UTC)
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise RequestError(
            f"{text!r} is neither a span nor a time", hint="such as 30min, 6h, 7d or 2025-06-01T12:00"
        ) from error


def _list(directory: Path, *, as_json: bool) -> int:
    names = _read(directory, Archive.entities)
    if as_json:
        print_json(names)
    else:
        print(*names or ["nothing was recorded yet"], sep="\n")
    return 0


def _read(directory: Path, question: Callable[[Archive], Any]) -> Any:
    archive = Archive.open(directory / HISTORY_FILE)
    try:
        return question(archive)
    finally:
        archive.close()


def _from_node(directory: Path, args: argparse.Namespace) -> Series:
    """Times are relative to the node's own clock, which need not be this machine's."""
    client = NodeClient(directory)
    now = datetime.fromisoformat(client.get("status")["time_utc"])
    start, end = _range(args, now)
    query = {"start": start.isoformat(), "end": end.isoformat(), "tier": args.tier}
    (data,) = client.get("history", entity=args.entity, **query)
    times = [datetime.fromtimestamp(time_s, UTC) for time_s in data["times_s"]]
    points = list(zip(times, data["values"], data["minimums"], data["maximums"], strict=True))
    return Series(args.entity, data["unit"], start, end, points)


def _from_file(directory: Path, args: argparse.Namespace) -> Series:
    """Without a node, spans are counted back from the latest reading."""

    def question(archive: Archive) -> Series:
        start, end = _range(args, from_ms(archive.newest_ms() or 0))
        start_ms, end_ms = to_ms(start), to_ms(end)
        tier = choose_tier(end_ms - start_ms) if args.tier == "auto" else args.tier
        samples = archive.history(args.entity, start_ms, end_ms, tier)
        points = [(s.time_utc, s.value if s.mean is None else s.mean, s.min, s.max) for s in samples]
        return Series(args.entity, None, start, end, points)

    series: Series = _read(directory, question)
    return series


def _range(args: argparse.Namespace, now: datetime) -> tuple[datetime, datetime]:
    end = moment(args.until, now) if args.until else now
    start = moment(args.since, now)
    if start >= end:
        raise RequestError("--since must lie before --until")
    return start, end


def _nothing(directory: Path, series: Series) -> RecorderError:
    try:
        names: list[str] = _read(directory, Archive.entities)
    except RecorderError:
        names = []
    if not names or series.entity_id in names:
        return RecorderError(
            f"nothing was recorded of {series.entity_id} from {_local(series.start_utc)}"
            f" to {_local(series.end_utc)}",
            hint="ask for a longer time with --since",
        )
    close = get_close_matches(series.entity_id, names, n=1)
    hint = f"did you mean {close[0]}?" if close else "`edgepi history --list` shows what has a history"
    return RecorderError(f"nothing was ever recorded of {series.entity_id}", hint=hint)


def _show_json(series: Series) -> None:
    names = ("time_utc", "value", "min", "max")
    samples = [dict(zip(names, point, strict=True)) for point in series.points]
    print_json({"entity_id": series.entity_id, "unit": series.unit, "samples": samples})


def _show_csv(series: Series) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(("time_utc", "value", "min", "max"))
    writer.writerows((time.isoformat(), *rest) for time, *rest in series.points)


def _show_chart(series: Series) -> None:
    unit = f" {series.unit}" if series.unit else ""
    print(f"{series.entity_id}, {_local(series.start_utc)} to {_local(series.end_utc)}")
    line = Line.of([(p[0].timestamp(), p[1]) for p in series.points])
    if line is None:
        changes = [p for p, last in zip(series.points, [None, *series.points], strict=False) if _new(p, last)]
        print_table(("time", "value"), [(_local(p[0]), p[1]) for p in changes[-_TABLE_ROWS:]])
        return
    span_s = (series.start_utc.timestamp(), series.end_utc.timestamp())
    print(f"{sparkline(line.means(*span_s, _WIDTH))}  {line.least:g} to {line.most:g}{unit}")
    headers = ("from", "mean", "min", "max")
    print_table(headers, [(_local(from_s), *rest) for from_s, *rest in _intervals(series)])


def _new(point: tuple[Any, ...], last: tuple[Any, ...] | None) -> bool:
    return last is None or point[1] != last[1]


def _intervals(series: Series) -> list[tuple[datetime, float | None, float | None, float | None]]:
    step = (series.end_utc - series.start_utc) / _TABLE_ROWS
    rows: list[tuple[datetime, float | None, float | None, float | None]] = []
    for number in range(_TABLE_ROWS):
        start = series.start_utc + number * step
        inside = [
            p
            for p in series.points
            if start <= p[0] < start + step or (p[0] == series.end_utc and number == _TABLE_ROWS - 1)
        ]
        numbers = [(float(v), low, high) for _, v, low, high in inside if isinstance(v, int | float)]
        if not numbers:
            rows.append((start, None, None, None))
            continue
        mean = sum(v for v, _, _ in numbers) / len(numbers)
        least = min(v if low is None else low for v, low, _ in numbers)
        most = max(v if high is None else high for v, _, high in numbers)
        rows.append((start, mean, least, most))
    return rows


def _local(time: datetime) -> str:
    return time.astimezone().strftime("%Y-%m-%d %H:%M:%S")
