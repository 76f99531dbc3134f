"""``edgepi doctor``: checks this machine and says what to do."""

from __future__ import annotations

import argparse
import grp
import os
from collections.abc import Iterable, Sequence

from edgepi.cli.checks import CHECKS, Check, Result, Surroundings
from edgepi.cli.checks.base import run as run_command
from edgepi.cli.output import paint, print_json, progress
from edgepi.cli.paths import add_state_argument, state_dir_of

__all__ = ["add_arguments", "examine", "run"]

_COLOURS = {"ok": "green", "warn": "yellow", "fail": "red"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_state_argument(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    """Run every check; 1 if any failed."""
    machine = Surroundings(
        state_dir=state_dir_of(args), uid=os.geteuid(), groups=_own_groups(), run=run_command
    )
    results = examine(CHECKS, machine)
    if args.json:
        print_json({"results": results})
    else:
        _show(results)
    return int(any(result.status == "fail" for result in results))


def examine(checks: Sequence[Check], machine: Surroundings) -> list[Result]:
    """Run *checks*; one that breaks says so and does not keep the others from running."""
    results = []
    for check in checks:
        name = check.__module__.rpartition(".")[2]
        progress(f"checking {name} ...")
        try:
            results.append(check(machine))
        except Exception as error:  # noqa: BLE001 (odd machines are what this is for)
            results.append(Result(name, "warn", f"could not be checked: {error!r}"))
    progress("")
    return results


def _own_groups() -> frozenset[str]:
    names = set()
    for number in {*os.getgroups(), os.getegid()}:
        try:
            names.add(grp.getgrgid(number).gr_name)
        except KeyError:
            continue
    return frozenset(names)


def _show(results: Iterable[Result]) -> None:
    for result in results:
        print(f"{paint(f'{result.status:4}', _COLOURS[result.status])}  {result.name}: {result.sentence}")
        if result.advice:
            print(f"      -> {result.advice}")
