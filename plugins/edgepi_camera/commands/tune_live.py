"""Prints each second what the detector of a running camera sees."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Mapping
from typing import Any

from edgepi.errors import RequestError
from edgepi.plugin import CommandContext
from edgepi_camera.commands.asking import bytes_of, check_ending, save

__all__ = ["run"]

PACE_S = 1.0


def run(name: str, args: argparse.Namespace, context: CommandContext) -> int:
    """Print lines until the time is over or somebody presses Ctrl-C."""
    check_ending(args.output, "a JPEG", ".jpg", ".jpeg")
    if args.output is not None:
        save(bytes_of(context, f"plugins/{name}/snapshot.jpg", what="detector"), args.output)
        if args.for_s is None:
            context.out.line(f"written: {args.output}")
            return 0
    if args.json and args.for_s is None:
        raise RequestError("JSON is printed when the time is over", hint="say how long by --for")
    rows = asyncio.run(_watch(name, args, context))
    if args.json:
        context.out.json(rows)
    return 0


async def _watch(name: str, args: argparse.Namespace, context: CommandContext) -> list[Mapping[str, Any]]:
    rows: list[Mapping[str, Any]] = []
    async with context.clock() as clock:
        end_s = None if args.for_s is None else clock.monotonic() + args.for_s
        while True:
            row = await asyncio.to_thread(context.node.get, f"plugins/{name}/detector")
            rows = [*rows, row] if args.json else []
            if not args.json:
                context.out.line(line_of(row))
            if end_s is not None and clock.monotonic() + PACE_S >= end_s:
                return rows
            await clock.sleep(PACE_S)


def line_of(row: Mapping[str, Any]) -> str:
    """One second as a line."""
    if row.get("changed") is None:
        return f"no picture is looked at (level {row.get('level', 'off')})"
    boxes = row.get("boxes") or []
    parts = [f"changed {100 * row['changed']:6.2f} %", f"{_bar(row['changed'])}"]
    if row.get("moving"):
        parts.append(f"MOTION score {row.get('score', 0):.2f}")
    parts += [_box(box) for box in boxes[:3]]
    if len(boxes) > 3:
        parts.append(f"and {len(boxes) - 3} more")
    if row.get("note"):
        parts.append(f"({row['note']})")
    return "  ".join(parts)


def _bar(share: float) -> str:
    return ("#" * min(20, round(200 * share))).ljust(20, ".")


def _box(box: Mapping[str, Any]) -> str:
    zones = f" in {', '.join(box['zones'])}" if box.get("zones") else ""
    return f"[{box['x']:.2f} {box['y']:.2f} {box['width']:.2f}x{box['height']:.2f}]{zones}"
