"""``edgepi camera tune``: what the detector sees, live or in a film."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from edgepi.errors import NotFoundError, RequestError
from edgepi.plugin import CommandContext, common_arguments
from edgepi_camera.address import other_kind
from edgepi_camera.commands import tune_film, tune_live
from edgepi_camera.commands.asking import add_output, camera_of

__all__ = ["add_arguments", "run"]

MARKS = ("/", ".")
RUNNING = "to watch a camera: name it as `source` in the configuration, then `edgepi camera tune NAME`"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    common_arguments(parser)
    parser.add_argument(
        "what",
        nargs="?",
        metavar="NAME|FILE",
        help="a running camera, or a film or folder of pictures; left out: the only camera",
    )
    parser.add_argument(
        "--camera", metavar="NAME", help="for a film: try it with the settings of this camera"
    )
    parser.add_argument("--sensitivity", type=_sensitivity, metavar="1..100", help="for a film: try this one")
    parser.add_argument(
        "--smallest",
        type=_number(100, "percent"),
        metavar="PERCENT",
        help="for a film: the least size, in percent of the picture",
    )
    parser.add_argument(
        "--shortest",
        type=_number(60, "seconds"),
        metavar="SECONDS",
        help="for a film: the least time it must move",
    )
    parser.add_argument("--no-zones", action="store_true", help="for a film: without the camera's zones")
    parser.add_argument("--each-second", action="store_true", help="for a film: a line for each second, too")
    parser.add_argument(
        "--for",
        dest="for_s",
        type=float,
        metavar="SECONDS",
        help="for a camera: so long; left out: until Ctrl-C",
    )
    add_output(
        parser,
        "a film: its copy with the detector's eyes (.mp4) or a sheet of its events (.png); "
        "a camera: what the detector sees now (.jpg)",
    )


def run(args: argparse.Namespace, context: CommandContext) -> int:
    """Show it; raises NotFoundError for what is neither camera nor file."""
    what = args.what
    if what is not None and what not in context.instances():
        path = Path(what)
        if (kind := other_kind(path)) is not None:
            raise RequestError(f"{what} is {kind}, neither a film nor a folder of pictures", hint=RUNNING)
        if path.exists():
            return tune_film.run(path, args, context)
        if "://" in what:
            raise RequestError("an address is watched as a camera of the node", hint=RUNNING)
        if what.startswith(MARKS) or any(mark in what for mark in MARKS):
            raise NotFoundError(f"there is no file {what}")
        raise NotFoundError(
            f"{what[:40]!r} is neither a camera nor a file", hint=f"there is {', '.join(context.instances())}"
        )
    if args.camera or args.sensitivity or args.smallest or args.shortest or args.no_zones or args.each_second:
        raise RequestError(
            "a running camera is watched as it is configured",
            hint="to try other settings, name a film: any clip of an event is one",
        )
    return tune_live.run(camera_of(what, context), args, context)


def _number(most: float, unit: str) -> Callable[[str], float]:
    """Read a number from 0 to *most*, as the configuration takes it."""

    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = -1.0
        if not 0 <= value <= most:
            raise argparse.ArgumentTypeError(f"it goes from 0 to {most:g} {unit}")
        return value

    return read


def _sensitivity(text: str) -> int:
    value = int(text)
    if not 1 <= value <= 100:
        raise argparse.ArgumentTypeError("it goes from 1 to 100")
    return value
