"""``edgepi camera timelapse``: the stills of a day, or of several, as a film."""

from __future__ import annotations

import argparse
import asyncio
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from edgepi.errors import EdgePiError, NotFoundError, RequestError
from edgepi.plugin import CommandContext, Message
from edgepi_camera.commands.asking import (
    add_camera,
    add_output,
    bytes_of,
    camera_of,
    check_ending,
    now_of,
    save,
    zone_of,
)
from edgepi_camera.commands.workshop import ask
from edgepi_camera.config import CameraConfig

__all__ = ["add_arguments", "run"]

JOIN_S = 600.0
MOST_DAYS = 366


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_camera(parser)
    parser.add_argument("--day", metavar="YYYY-MM-DD", help="which day; left out: today")
    parser.add_argument("--from", dest="begin", metavar="YYYY-MM-DD", help="several days: the first")
    parser.add_argument("--to", dest="end", metavar="YYYY-MM-DD", help="the last; left out: today")
    add_output(parser, "where it goes; left out: NAME-DAY.mp4")


def run(args: argparse.Namespace, context: CommandContext) -> int:
    """Save it; days without stills are left out, and said."""
    check_ending(args.output, "an MP4", ".mp4", ".m4v")
    name, days = camera_of(args.name, context), _days(args, context)
    films = {day: film for day in days if (film := _film(name, day, context)) is not None}
    if not films:
        wanted = f"of {days[0]}" if len(days) == 1 else f"from {days[0]} to {days[-1]}"
        raise NotFoundError(f"the camera {name!r} has no film {wanted}", hint=_hint(name, context))
    said = f"{days[0]}" if len(days) == 1 else f"{days[0]}-{days[-1]}"
    path = args.output or Path(f"{name}-{said}.mp4")
    _write(list(films.values()), path, context)
    missing = [day.isoformat() for day in days if day not in films]
    if args.json:
        context.out.json({"camera": name, "file": path, "days": list(films), "missing": missing})
        return 0
    left_out = f"; without {', '.join(missing)}, of which there are no stills" if missing else ""
    context.out.line(f"{path}: {len(films)} day{'' if len(films) == 1 else 's'}{left_out}")
    return 0


def _hint(name: str, context: CommandContext) -> str:
    try:
        config = context.configs().get(name)
    except EdgePiError:
        config = None
    if isinstance(config, CameraConfig) and config.timelapse is not None:
        return (
            f"it takes a still each {config.timelapse:g} s while it is on, and two make a film;"
            f" old ones go as `keep` says"
        )
    return "`timelapse: 5min` makes it take stills"


def _days(args: argparse.Namespace, context: CommandContext) -> list[date]:
    if args.day and (args.begin or args.end):
        raise RequestError("either --day, or --from and --to")
    if args.end and not args.begin:
        raise RequestError("--to needs --from")
    today = now_of(context).astimezone(zone_of(context)).date()
    first = _day(args.day or args.begin) or today
    last = (_day(args.end) or today) if args.begin else first
    count = (last - first).days + 1
    if count < 1:
        raise RequestError(f"{first} is after {last}", hint="--from is the first day, --to the last")
    if count > MOST_DAYS:
        raise RequestError(f"{first} to {last} are {count} days", hint=f"{MOST_DAYS} at most make a film")
    return [first + timedelta(days=number) for number in range(count)]


def _day(text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        raise RequestError(f"{text!r} is no day", hint="write it as 2026-11-27") from None


def _film(name: str, day: date, context: CommandContext) -> bytes | None:
    context.out.progress(f"the film of {day}")
    try:
        return bytes_of(context, f"plugins/{name}/timelapse/{day}.mp4")
    except RequestError as error:
        if "stills" in error.message:
            return None
        raise


def _write(films: list[bytes], path: Path, context: CommandContext) -> None:
    if len(films) == 1:
        save(films[0], path)
        return
    with TemporaryDirectory() as folder:
        files = [Path(folder) / f"{number:03d}.mp4" for number in range(len(films))]
        for file, film in zip(files, films, strict=True):
            file.write_bytes(film)
        joined = Path(folder) / "all.mp4"
        message = Message("join", {"files": [str(file) for file in files], "output": str(joined)})
        asyncio.run(ask(message, context, timeout_s=JOIN_S))
        save(joined.read_bytes(), path)
