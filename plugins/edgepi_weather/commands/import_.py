"""``edgepi weather import``: years of WeeWX in records and charts."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from edgepi.errors import EdgePiError, NotFoundError, RequestError
from edgepi.plugin import CommandContext
from edgepi_weather.commands.asking import add_common, instance_of
from edgepi_weather.config import WeatherConfig
from edgepi_weather.importing import importer
from edgepi_weather.importing.gathering import Place
from edgepi_weather.importing.importer import Import, Ledger, Span, span_of
from edgepi_weather.importing.weewx import Archive
from edgepi_weather.records import FILE
from edgepi_weather.records.store import Store

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_common(parser)
    parser.add_argument("file", type=Path, metavar="FILE", help="the SQLite file of WeeWX, often weewx.sdb")
    parser.add_argument("--from", dest="begin", metavar="YYYY-MM-DD", help="the first day; left out: all")
    parser.add_argument("--to", dest="end", metavar="YYYY-MM-DD", help="the last day; left out: all")
    parser.add_argument("--dry-run", action="store_true", help="only count; write nothing")


def run(args: argparse.Namespace, context: CommandContext) -> int:
    """Import it; raises EdgePiError where that cannot be."""
    begin, end = _day(args.begin), _day(args.end)
    instance = instance_of(args, context)
    config = context.configs().get(instance)
    if not isinstance(config, WeatherConfig):
        raise NotFoundError(f"the configuration has no station {instance!r}", hint="name it by --instance")
    with contextlib.closing(Archive.open(args.file, config.quality)) as archive:
        place = _place(config, context)
        span = span_of(archive, place, begin, end, asyncio.run(_now(context)))
        if span is None:
            raise NotFoundError(f"{args.file} has no rows of these days")
        report = _import(args, context, (instance, archive, place, span))
        report["misdated"] = archive.misdated(place.midnight(span.today + timedelta(days=1)))
    _show(report, args, context)
    return 0


def _import(
    args: argparse.Namespace, context: CommandContext, what: tuple[str, Archive, Place, Span]
) -> dict[str, Any]:
    instance, archive, place, span = what
    folder = context.folder_of(instance)
    store = Store(folder / FILE)
    if args.dry_run:
        job = Import(archive, store, instance, place)
        _each_month(job, span, span.begin, context)
        return job.report() | {"from": span.begin, "to": span.end, "dry_run": True}
    folder.mkdir(parents=True, exist_ok=True)
    ledger = Ledger(folder / importer.FILE)
    with context.history() as history:
        job = Import(archive, store, instance, place, history, ledger)
        with _remembered(ledger, f"{args.file.resolve()} {args.begin} {args.end}", span) as begin:
            _each_month(job, span, begin, context)
    return job.report() | {"from": begin, "to": span.end, "dry_run": False}


@contextlib.contextmanager
def _remembered(ledger: Ledger, source: str, span: Span) -> Iterator[date]:
    """Yield the day to go on with: that where an import of the same source was interrupted, or the first."""
    done_to = ledger.done_to if ledger.source == source else None
    ledger.source, ledger.done_to = source, done_to
    yield span.begin if done_to is None else max(span.begin, done_to)
    ledger.done_to = None
    ledger.save()


def _each_month(job: Import, span: Span, begin: date, context: CommandContext) -> None:
    for first, following in Span(begin, span.end, span.today).months():
        context.out.progress(f"importing {first:%B %Y}: {job.rows} rows so far")
        job.month(first, following, span)


def _show(report: dict[str, Any], args: argparse.Namespace, context: CommandContext) -> None:
    if args.json:
        context.out.json(report)
        return
    line, done = context.out.line, "would be imported" if args.dry_run else "imported"
    line(f"{report['rows']} rows from {report['from']} on: {report['days']} days of records {done}")
    if not args.dry_run:
        line(f"{report['values']} values of history written")
    told = (
        ("own_days", "days stay as the station itself recorded them"),
        ("values_recorded", "values are of hours that the node recorded itself"),
        ("values_left_out", "values are not kept: too old for every tier, excluded, or of the running hour"),
        ("not_understood", "rows are not understood: their units or interval cannot be"),
        ("misdated", "rows are of a clock that was wrong: before 1971 or in the future"),
    )
    for key, words in told:
        if report[key]:
            line(f"{report[key]} {words}")
    for key, count in sorted(report["not_believed"].items()):
        line(f"{count} values of {key.replace('_', ' ')} are not believed: they are beyond its limits")


def _place(config: WeatherConfig, context: CommandContext) -> Place:
    site = context.site()
    try:
        zone = ZoneInfo(site.time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        raise EdgePiError(f"the time zone {site.time_zone} is not known here") from None
    return Place(zone, site.elevation_m if config.elevation is None else config.elevation)


def _day(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise RequestError(f"{text[:20]!r} is not a day", hint="write it as 2026-11-27") from None


async def _now(context: CommandContext) -> datetime:
    async with context.clock() as clock:
        return clock.now()
