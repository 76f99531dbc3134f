"""``edgepi camera snapshot``: the picture of a running camera, as JPEG."""

from __future__ import annotations

import argparse
from pathlib import Path

from edgepi.plugin import CommandContext
from edgepi_camera.commands.asking import add_camera, add_output, bytes_of, camera_of, check_ending, save

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_camera(parser)
    add_output(parser, "where it goes; left out: NAME.jpg")
    parser.add_argument("--width", type=int, metavar="PIXELS", help="no wider than this")


def run(args: argparse.Namespace, context: CommandContext) -> int:
    """Save it."""
    check_ending(args.output, "a JPEG", ".jpg", ".jpeg")
    name = camera_of(args.name, context)
    path = args.output or Path(f"{name}.jpg")
    content = bytes_of(context, f"plugins/{name}/snapshot.jpg", width=args.width)
    save(content, path)
    if args.json:
        context.out.json({"camera": name, "file": path, "bytes": len(content)})
    else:
        context.out.line(f"{path}: {len(content) / 1000:.0f} kB")
    return 0
