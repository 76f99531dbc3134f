"""``edgepi camera events``: what has moved, newest first."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from edgepi.errors import RequestError
from edgepi.plugin import CommandContext
from edgepi.plugin.fields import FieldError, TimeSpan
from edgepi_camera.commands.asking import add_camera, camera_of, local, now_of, shown_size, zone_of

__all__ = ["add_arguments", "run"]

PAGE = 100
LIMIT = 20
HEADERS = ("began", "length", "score", "zones", "seen", "size", "", "id")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_camera(parser)
    parser.add_argument(
        "--since",
        metavar="WHEN",
        help="only younger ones: a span such as 2h or 3d, a day, or a day with time",
    )
    parser.add_argument(
        "--limit", type=int, metavar="N", help=f"so many at most; left out: {LIMIT}, with --since all"
    )


def run(args: argparse.Namespace, context: CommandContext) -> int:
    """Print them."""
    name, zone = camera_of(args.name, context), zone_of(context)
    since = None if args.since is None else since_of(args.since, zone, now_of(context))
    limit = args.limit if args.limit is not None else (LIMIT if since is None else None)
    found = _events(name, since, limit, context)
    if args.json:
        context.out.json(found)
        return 0
    if not found:
        context.out.line(
            "nothing has moved" + (f" since {since.astimezone(zone):%Y-%m-%d %H:%M}" if since else " yet")
        )
        return 0
    context.out.table(HEADERS, [_row(event, zone) for event in found])
    return 0


def since_of(text: str, zone: ZoneInfo, now: datetime) -> datetime:
    """The moment that *text* means: a span before *now*, or a day or time in *zone*; raises RequestError."""
    try:
        span_s = TimeSpan()(text)
        if span_s is not None and not text.isdigit():
            return now - timedelta(seconds=span_s)
    except FieldError:
        pass
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise RequestError(
            f"{text[:30]!r} is no time", hint="write 2h, 3d, 2026-11-27 or 2026-11-27T18:30"
        ) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)


def _events(
    name: str, since: datetime | None, limit: int | None, context: CommandContext
) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = []
    before = None
    while limit is None or len(found) < limit:
        wanted = PAGE if limit is None else min(PAGE, limit - len(found))
        page = context.node.get(f"plugins/{name}/events", before=before, limit=wanted)
        young = [each for each in page["events"] if since is None or _began(each) >= since]
        found += young
        if not page["more"] or not page["events"] or len(young) < len(page["events"]):
            break
        before = page["events"][-1]["id"]
    return found


def _began(event: Mapping[str, Any]) -> datetime:
    moment = local(event["began_utc"], ZoneInfo("UTC"))
    assert moment is not None
    return moment


def _row(event: Mapping[str, Any], zone: ZoneInfo) -> tuple[Any, ...]:
    began, length_s = local(event["began_utc"], zone), event.get("clip_s")
    return (
        f"{began:%Y-%m-%d %H:%M:%S}",
        "now" if event.get("ended_utc") is None else None if length_s is None else f"{length_s:.0f} s",
        f"{event['score']:.2f}",
        ", ".join(event["zones"]),
        ", ".join(event["labels"]),
        shown_size(event["bytes"]) if event["bytes"] else "",
        "kept" if event["kept"] else "",
        event["id"],
    )
