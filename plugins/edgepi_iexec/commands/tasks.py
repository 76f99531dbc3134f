"""``edgepi iexec tasks``: the tasks that the journal knows, newest first."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

from edgepi.plugin import CommandContext
from edgepi_iexec.commands.asking import Asked, add_common, moment, span_words

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_common(parser)
    parser.add_argument("--limit", type=_limit, default=50, metavar="N", help="how many at most (50)")


def run(args: argparse.Namespace, context: CommandContext) -> int:
    """Print them."""
    rows = Asked(args, context).tasks(args.limit)
    if args.json:
        context.out.json(rows)
    elif rows:
        context.out.table(("task", "app", "begun", "stage", "energy", "ran", "RLC"), map(_row, rows))
    else:
        context.out.line("no task was taken yet")
    return 0


def _row(row: Mapping[str, Any]) -> tuple[Any, ...]:
    earned = f"{row['earned_rlc']:.4g}" if row["ended_utc"] else ""
    stage = row["words"] if not row["ended_utc"] else (row["outcome"] or row["words"])
    begun = moment(row["created_utc"])
    return (
        row["task"][:12],
        row["app"],
        begun,
        stage,
        f"{row['energy_wh']:.2f} Wh",
        span_words(row["run_s"]),
        earned,
    )


def _limit(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 500:
        raise argparse.ArgumentTypeError("a number from 1 to 500")
    return number
