"""``edgepi init``: finds chips, asks a few questions, writes a commented ``edgepi.yaml``."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edgepi.cli.init_chips import Chip, buses, machine_parts, scan
from edgepi.cli.init_questions import QUESTIONS, Question, ask, choice, defaults
from edgepi.cli.init_text import config_text
from edgepi.cli.init_video import cameras, offered_cameras
from edgepi.cli.output import print_json
from edgepi.cli.paths import CONFIG_NAME
from edgepi.config import load
from edgepi.errors import BusError, EdgePiError, RequirementMissingError
from edgepi.hardware.linux_bus import LinuxBus
from edgepi.plugin import Manifest
from edgepi.runtime.discovery import discover
from edgepi.runtime.loading import check_requirements
from edgepi.runtime.registry import PluginRegistry

__all__ = ["add_arguments", "run"]

ROOT = Path("/")
WATCH = Question("watch", "Watch with this camera (yes, no)", choice("yes", "no"))
WORLD_PLUGINS = ("weather", "wittypi")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "-c", "--config", type=Path, default=Path(CONFIG_NAME), metavar="FILE", help="file to write"
    )
    parser.add_argument("--force", action="store_true", help="write over a file that is there")
    parser.add_argument("-y", "--yes", action="store_true", help="ask nothing, take defaults")
    parser.add_argument(
        "--simulated", action="store_true", help="for the simulated world: do not look for chips"
    )
    parser.add_argument("--bus", type=int, action="append", metavar="N", help="look on this I2C bus only")
    for question in QUESTIONS:
        parser.add_argument(f"--{question.key}", type=question.parse, metavar="VALUE", help=question.text)
    parser.add_argument(
        "--watch", type=WATCH.parse, metavar="VALUE", help="Watch with the cameras found (yes, no)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON; asks nothing")


def run(args: argparse.Namespace) -> int:
    """Write the configuration and check it."""
    if args.config.exists() and not args.force:
        raise EdgePiError(f"{args.config} is there already", hint="add --force to write over it")
    say = _quiet if args.json else print
    registry = discover()
    manifests = [record.manifest for record in registry.records() if record.manifest]
    chips = [] if args.simulated else _find(manifests, args.bus, say)
    seen = [] if args.simulated else _seen(registry, say)
    answers = _answers(args, say)
    taken = seen if seen and _agreed(args) else []
    simulated = args.simulated or not (chips or taken or buses(Path("/dev")))
    if simulated and not args.simulated:
        say("Without chip or camera to use, the file fits the simulated world (`edgepi sim`).")
    chips = [*(_world(manifests) if simulated else chips), *taken]
    args.config.parent.mkdir(parents=True, exist_ok=True)
    args.config.write_text(config_text(answers, chips, [] if taken else seen), encoding="utf-8")
    return _finish(args, registry, chips, simulated=simulated, offered=bool(seen) and not taken)


def _usable(registry: PluginRegistry) -> list[Manifest]:
    """Plugins whose packages are there: a file that names another would not be valid."""
    usable = []
    for record in registry.records():
        try:
            check_requirements(record)
        except RequirementMissingError:
            continue
        if record.manifest:
            usable.append(record.manifest)
    return usable


def _seen(registry: PluginRegistry, say: Any) -> list[Chip]:
    """Name the cameras of this machine, and return those that can be had."""
    offered = offered_cameras(_usable(registry), ROOT)
    lacks = "" if offered else "; what watches with it is not installed: pip install 'edgepi[camera]'"
    for camera in cameras(ROOT):
        say(f"{camera.source}: {camera.label}{lacks}")
    return offered


def _agreed(args: argparse.Namespace) -> bool:
    """Ask whether to watch with the cameras found; nobody who is not asked wants to be filmed."""
    answer = args.watch
    if answer is None and not (args.yes or args.json):
        answer = ask(WATCH, "no", input, print)
    return bool(answer == "yes")


def _quiet(_text: str) -> None:
    pass


def _find(manifests: list[Manifest], only: list[int] | None, say: Any) -> list[Chip]:
    numbers = only or buses(Path("/dev"))
    if not numbers:
        say("This machine has no I2C bus. On a Pi, `sudo raspi-config nonint do_i2c 0` switches it on.")
    chips: list[Chip] = []
    for number in numbers:
        chips += _on_bus(manifests, number, say)
    for part in machine_parts(manifests, chips, ROOT):
        say(f"this machine: {part.title}")
        chips.append(part)
    return chips


def _on_bus(manifests: list[Manifest], number: int, say: Any) -> list[Chip]:
    bus = LinuxBus(number)
    try:
        found = list(scan(manifests, bus, number))
    except BusError as error:
        say(f"I2C bus {number}: {error}")
        return []
    finally:
        bus.close()
    for chip in found:
        say(f"I2C bus {number}: {chip.title} at 0x{chip.address:02x}")
    return found


def _world(manifests: list[Manifest]) -> list[Chip]:
    """Return what the simulated world has on its bus; the drivers find the addresses themselves."""
    titles = {manifest.name: manifest.title for manifest in manifests}
    return [Chip(name, titles[name], 1, None) for name in WORLD_PLUGINS if name in titles]


def _answers(args: argparse.Namespace, say: Any) -> Mapping[str, Any]:
    answers = defaults(ROOT)
    silent = args.yes or args.json
    for question in QUESTIONS:
        given = getattr(args, question.key.replace("-", "_"))
        if given is not None:
            answers[question.key] = given
        elif not silent:
            answers[question.key] = ask(question, answers[question.key], input, say)
    return answers


def _finish(
    args: argparse.Namespace, registry: PluginRegistry, chips: list[Chip], *, simulated: bool, offered: bool
) -> int:
    load(args.config, registry, os.environ)
    if args.json:
        print_json({"file": args.config, "simulated": simulated, "chips": chips})
        return 0
    print(f"wrote {args.config}; it is valid")
    for line in _next_steps(args.config, simulated=simulated, offered=offered):
        print(line)
    return 0


def _next_steps(config: Path, *, simulated: bool, offered: bool) -> list[str]:
    option = "" if config == Path(CONFIG_NAME) else f" --config {config}"
    camera = [f"to watch with the camera: edgepi init --watch yes --force{option}"] if offered else []
    if simulated:
        return [f"next: edgepi sim{option}", *camera]
    return [f"next: edgepi run{option}", "then: sudo edgepi service install", *camera]
