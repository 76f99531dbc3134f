"""Runs the detector over a film and shows what it finds."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from edgepi.errors import EdgePiError, NotFoundError
from edgepi.plugin import CommandContext, Message
from edgepi_camera.commands.asking import camera_of
from edgepi_camera.commands.workshop import ask
from edgepi_camera.config import CameraConfig
from edgepi_camera.model import CameraSettings, MotionSettings, SourceSettings
from edgepi_camera.settings import settings_of

__all__ = ["run", "settings_for"]

LONGEST_S = 6 * 3600.0


def run(path: Path, args: argparse.Namespace, context: CommandContext) -> int:
    """Print a table of the events that the detector finds."""
    output = None if args.output is None else str(args.output)
    if args.output is not None and not args.output.parent.is_dir():
        raise NotFoundError(f"there is no folder {args.output.parent}")
    settings = settings_for(path, args, context)
    message = Message("tune", {"settings": settings.to_fields(), "output": output})

    def told(push: Message) -> None:
        context.out.progress(_progress(path, push.fields))

    answer = asyncio.run(ask(message, context, timeout_s=LONGEST_S, on_push=told))
    context.out.progress("")
    if args.json:
        context.out.json({**answer.fields, "sensitivity": settings.motion.sensitivity, "output": output})
        return 0
    _show(path, settings.motion, answer.fields, args, context)
    return 0


def settings_for(path: Path, args: argparse.Namespace, context: CommandContext) -> CameraSettings:
    """The camera's settings, if there is one, with what the arguments change."""
    settings = _configured(args.camera, context)
    source = SourceSettings(
        url=str(path.absolute()), live=False, rotate=settings.source.rotate if args.camera else 0
    )
    motion = settings.motion
    if args.sensitivity is not None:
        motion = replace(motion, sensitivity=args.sensitivity)
    if args.smallest is not None:
        motion = replace(motion, smallest=args.smallest / 100.0)
    if args.shortest is not None:
        motion = replace(motion, shortest_s=args.shortest)
    if args.no_zones:
        motion = replace(motion, zones=(), ignore=())
    return replace(settings, source=source, motion=motion)


def _configured(name: str | None, context: CommandContext) -> CameraSettings:
    plain = CameraSettings(source=SourceSettings(url=""))
    if name is not None:
        config = context.configs().get(camera_of(name, context))
    else:
        try:
            configs = list(context.configs().values())
        except EdgePiError:
            return plain
        config = configs[0] if len(configs) == 1 else None
    return settings_of(config, Path(), None) if isinstance(config, CameraConfig) else plain


def _progress(path: Path, told: Mapping[str, Any]) -> str:
    length_s = told.get("length_s")
    done = f", {100 * told['at_s'] / length_s:.0f} %" if length_s else ""
    return f"{path.name}: {clock_of(told['at_s'])}{done}"


def clock_of(seconds: float) -> str:
    """A place in a film."""
    tenths = round(seconds * 10)
    return f"{tenths // 600}:{tenths // 10 % 60:02d}.{tenths % 10}"


def _show(
    path: Path,
    motion: MotionSettings,
    found: Mapping[str, Any],
    args: argparse.Namespace,
    context: CommandContext,
) -> None:
    line, table = context.out.line, context.out.table
    if args.each_second:
        table(
            ("at", "changed", "boxes", "moving", "score", "set aside"), list(map(_second, found["seconds"]))
        )
        line()
    if found["events"]:
        table(
            ("", "start", "end", "score", "best at", "zones"),
            list(map(_event, range(1, 10**6), found["events"])),
        )
    line(_summary(path, motion, found))
    if args.output is not None and (found["events"] or args.output.suffix == ".mp4"):
        line(f"written: {args.output}")


def _summary(path: Path, motion: MotionSettings, found: Mapping[str, Any]) -> str:
    count = len(found["events"])
    zones = f", zones {', '.join(zone.name for zone in motion.zones)}" if motion.zones else ""
    return (
        f"{count or 'no'} event{'' if count == 1 else 's'} in {clock_of(found['length_s'])} of {path.name}"
        f" ({found['width']}x{found['height']}) at sensitivity {motion.sensitivity}{zones};"
        f" {found['moving_percent']:g} % of its pictures show motion, {found['ms_per_picture']:g} ms each"
    )


def _event(number: int, event: Mapping[str, Any]) -> tuple[Any, ...]:
    places = (clock_of(event[key]) for key in ("start_s", "end_s"))
    return (number, *places, f"{event['score']:.2f}", clock_of(event["best_s"]), ", ".join(event["zones"]))


def _second(second: Mapping[str, Any]) -> tuple[Any, ...]:
    moving = f"{second['moving']} of {second['pictures']}" if second["moving"] else ""
    changed = f"{second['changed_percent']:.2f} %"
    return (
        clock_of(second["at_s"])[:-2],
        changed,
        second["boxes"] or "",
        moving,
        f"{second['score']:.2f}" if second["score"] else "",
        ", ".join(second["notes"]),
    )
