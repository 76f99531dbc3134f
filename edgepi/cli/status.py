"""``edgepi status``: how the node is, in a few lines."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from edgepi.cli.client import NodeClient
from edgepi.cli.output import paint, print_json, print_table
from edgepi.cli.paths import add_state_argument, node_dir_of

__all__ = ["add_arguments", "run"]

Data = Mapping[str, Any]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_state_argument(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    """Print the status; 1 if something is not well."""
    client = NodeClient(node_dir_of(args))
    health, status = client.get("health"), client.get("status")
    decisions = client.get("decisions", limit=5)
    if args.json:
        print_json({"health": health, "status": status, "decisions": decisions})
    else:
        _print(health, status, decisions)
    return 0 if health["healthy"] else 1


def _print(health: Data, status: Data, decisions: Sequence[Data]) -> None:
    for name, text in _facts(health, status):
        print(f"{paint(f'{name:9}', 'dim')} {text}")
    duties = status["energy"].get("duties") or []
    if duties:
        print()
        print_table(("consumer", "level", "adds"), [(d["consumer"], d["level"], _power(d)) for d in duties])
    if decisions:
        print()
    for decision in decisions:
        print(f"{paint(decision['time_utc'][:16].replace('T', ' '), 'dim')} {_said(decision)}")


def _said(decision: Data) -> str:
    """The sentence, with its subject before it where it does not name it itself."""
    subject, sentence = decision["subject"], str(decision["sentence"])
    named = subject == "node" or subject.lower() in sentence.lower()
    return sentence if named else f"{subject} {sentence}"


def _power(duty: Data) -> str:
    power_w = duty["power_w"]
    shown = f"{power_w * 1000:.1f} mW" if 0 < power_w < 0.01 else f"{power_w:.2f} W"
    return f"{shown} learned" if duty.get("learned") else shown


def _facts(health: Data, status: Data) -> Iterator[tuple[str, str]]:
    energy, clock = status["energy"], status["clock"]
    world = f", simulated world at {clock['rate']:g}x" if status["simulated"] else ""
    yield "node", f"{status['node']['name']}, EdgePi {status['version']}{world}"
    trust = "" if clock["trusted"] else " (not yet set)"
    yield "time", f"{status['time_utc'][:19].replace('T', ' ')} UTC{trust}"
    ill = [name for name, well in health["checks"].items() if not well]
    yield "health", paint("not well: " + ", ".join(ill), "red") if ill else paint("well", "green")
    yield "battery", _battery(energy)
    yield "power", f"sun {_number(energy.get('harvest_w'), 'W')}, load {_number(energy.get('load_w'), 'W')}"
    guard = (energy.get("guard") or {}).get("in_force", "none")
    if guard != "none":
        yield "guard", paint(f"the {guard} guard is in force", "yellow")
    if trouble := energy.get("governor_trouble"):
        yield "governor", paint(f"by {energy.get('governor')} for now: the chosen one {trouble}", "yellow")
    if wake := ((energy.get("board") or {}).get("armed") or {}).get("wake_utc"):
        yield "next wake", f"{wake[:16].replace('T', ' ')} UTC"
    for note in status["notes"]:
        yield "note", note


def _battery(energy: Data) -> str:
    soc, supply = energy.get("soc") or {}, energy.get("supply") or {}
    percent, volts = soc.get("percent"), supply.get("battery_v")
    return f"{_number(percent, '%', 0)}, {_number(volts, 'V', 2)}, {_number(soc.get('stored_wh'), 'Wh')}"


def _number(value: float | None, unit: str, digits: int = 1) -> str:
    return f"? {unit}" if value is None else f"{value:.{digits}f} {unit}"
