"""``edgepi iexec task ID``: everything that is known of one task."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from typing import Any

from edgepi.plugin import CommandContext
from edgepi_iexec.commands.asking import Asked, add_common, moment, span_words

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_common(parser)
    parser.add_argument("task", metavar="ID", help="the task's id, or the beginning of it")


def run(args: argparse.Namespace, context: CommandContext) -> int:
    """Print it; raises NotFoundError for a task that is not known."""
    task = Asked(args, context).task(args.task)
    if args.json:
        context.out.json(task)
        return 0
    for line in _lines(task):
        context.out.line(line)
    return 0


def _lines(task: Mapping[str, Any]) -> Iterator[str]:
    yield f"task {task['task']}"
    for name, value in _facts(task):
        if value:
            yield f"  {name}: {value}"
    yield "stages:"
    for each in task["stages"]:
        yield f"  {moment(each['time_utc'])}  {each['stage']}"
    for name, text in (task["logs"] or {}).items():
        if text.strip():
            yield f"{name}:"
            yield from (f"  {line}" for line in text.rstrip().split("\n"))


def _facts(task: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "app", task["app"]
    yield "deal", task["deal"] or ""
    yield "stage", task["words"]
    yield "outcome", task["outcome"] or ""
    yield "why", task["sentence"]
    yield "cause", task["cause"] or ""
    yield "ran", f"{span_words(task['run_s'])}, {task['energy_wh']:.3f} Wh"
    yield "earned", _money(task)
    yield "result", task["result"] or ""


def _money(task: Mapping[str, Any]) -> str:
    if task["ended_utc"] is None:
        expected = task["expected_rlc"]
        return "" if expected is None else f"{expected:.4g} RLC expected"
    rate = task["earned_rlc_per_wh"]
    return f"{task['earned_rlc']:.4g} RLC" + ("" if rate is None else f", {rate:.4g} RLC/Wh")
