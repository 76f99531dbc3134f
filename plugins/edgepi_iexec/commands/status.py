"""``edgepi iexec status``: what the worker does, why, and what it earned."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

from edgepi.plugin import CommandContext
from edgepi_iexec.commands.asking import Asked, add_common, span_words

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_common(parser)


def run(args: argparse.Namespace, context: CommandContext) -> int:
    """Print it; 0 whether or not anything runs."""
    asked = Asked(args, context)
    status = asked.status()
    if args.json:
        context.out.json({"running": asked.running, **status})
        return 0
    _show(context, asked, status)
    return 0


def _show(context: CommandContext, asked: Asked, status: Mapping[str, Any]) -> None:
    out = context.out
    if not asked.running:
        out.line("no node runs; this is what its journal tells")
    out.line(f"{asked.instance}: {str(status['state']).replace('_', ' ')}")
    if asked.running and status["sentence"]:
        out.line(f"  {status['sentence']}")
    per_wh = status["earned_per_wh"]
    rate = "" if per_wh is None else f", {per_wh:.4g} {status['unit']}/Wh"
    paid = f"{status['paid']} {'job' if status['paid'] == 1 else 'jobs'} paid"
    out.line(f"  {paid}, {status['earned']:.4g} {status['unit']} for {status['energy_wh']:.2f} Wh{rate}")
    for fact in status["facts"]:
        out.line(f"  {fact['name'].lower()}: {fact['value']}")
    if status["jobs"]:
        out.line()
        out.table(
            ("task", "app", "stage", "done", "energy", "ran", status["unit"]), map(_row, status["jobs"])
        )


def _row(job: Mapping[str, Any]) -> tuple[Any, ...]:
    progress = job["progress"]
    money = job["earned"] if job["earned"] is not None else job["expected"]
    return (
        job["job_id"][:12],
        job["title"],
        job["stage"] if job["state"] != "paused" else f"{job['stage']}, paused",
        "" if progress is None else f"{progress * 100:.0f} %",
        f"{job['energy_wh']:.2f} Wh",
        span_words(job["run_s"]),
        "" if money is None else f"{money:.4g}{'' if job['earned'] is not None else ' expected'}",
    )
