"""``edgepi weather records``: a month day by day, and its extremes beside those of all time."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from typing import Any

from edgepi.errors import NodeNotRunningError, NotFoundError
from edgepi.plugin import CommandContext
from edgepi_weather.commands.asking import add_common, instance_of
from edgepi_weather.records import FILE
from edgepi_weather.records.report import report
from edgepi_weather.records.routes import checked_month
from edgepi_weather.records.store import Store

__all__ = ["add_arguments", "run"]

# What a day's line shows: heading, quantity, figure.
COLUMNS = (
    ("min °C", "temperature", "min"),
    ("mean", "temperature", "mean"),
    ("max", "temperature", "max"),
    ("rain mm", "rain", "sum"),
    ("gust m/s", "wind_gust", "max"),
    ("humidity %", "humidity", "mean"),
    ("hPa", "pressure_sea_level", "mean"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_common(parser)
    parser.add_argument("--month", metavar="YYYY-MM", help="which month; left out: the latest")


def run(args: argparse.Namespace, context: CommandContext) -> int:
    """Print them; raises NotFoundError where none are kept."""
    found = _found(args, context)
    if args.json:
        context.out.json(found)
        return 0
    _show_days(found, context)
    context.out.line()
    _show_extremes(found, context)
    return 0


def _found(args: argparse.Namespace, context: CommandContext) -> dict[str, Any]:
    instance, month = instance_of(args, context), checked_month(args.month)
    try:
        found: dict[str, Any] = context.node.get(f"plugins/{instance}/records", month=month or "")
    except NodeNotRunningError:
        found = report(Store(context.folder_of(instance) / FILE), month)
    if not found["months"]:
        raise NotFoundError(
            f"the station {instance!r} has no records yet", hint="a running node writes them every 5 minutes"
        )
    if not found["days"]:
        raise NotFoundError(
            f"there are no records of {found['month']}", hint=f"there are of {', '.join(found['months'])}"
        )
    return found


def _show_days(found: Mapping[str, Any], context: CommandContext) -> None:
    columns = [each for each in COLUMNS if each[1] in found["total"]]
    lines = [(day["day"], day["values"]) for day in found["days"]] + [(found["month"], found["total"])]
    rows = [(name, *(_figure(values, key, figure) for _, key, figure in columns)) for name, values in lines]
    context.out.table(("day", *(heading for heading, _, _ in columns)), rows)
    if any(values.get("rain", {}).get("gaps") for _, values in lines):
        context.out.line("* at times nobody counted: it may have rained more")


def _show_extremes(found: Mapping[str, Any], context: CommandContext) -> None:
    headings = ("", found["month"], "at", "of all time", "at")
    context.out.table(headings, list(_extremes(found)))


def _extremes(found: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    for key, ever in found["all_time"].items():
        quantity = found["quantities"][key]
        for figure, word in (("min", "least"), ("max", "most")):
            if figure in ever:
                cells = (found["total"].get(key, {}), ever)
                shown = [text for values in cells for text in _extreme(values, figure, quantity["unit"])]
                yield (f"{quantity['name']}, {word}", *shown)


def _extreme(values: Mapping[str, Any], figure: str, unit: str) -> tuple[str, str]:
    if values.get(figure) is None:
        return "", ""
    return f"{values[figure]:.1f} {unit}", values[f"{figure}_at"][:16].replace("T", " ")


def _figure(values: Mapping[str, Any], key: str, figure: str) -> str:
    value = values.get(key, {}).get(figure)
    if value is None:
        return ""
    return f"{value:.1f}{'*' if key == 'rain' and values[key].get('gaps') else ''}"
