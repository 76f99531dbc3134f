"""``edgepi iexec run``: orders an app on the local chain, waits for it and fetches the result."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from edgepi.plugin import CommandContext, common_arguments
from edgepi_iexec.commands.devchain import FOLDER
from edgepi_iexec.commands.program import span

__all__ = ["add_arguments", "run"]

RLC = 10**9


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    common_arguments(parser)
    add = parser.add_argument
    add("app", nargs="?", metavar="APP", help="address of an app, or an image; left out: the demo's app")
    add("--args", dest="app_args", metavar="TEXT", help="what the app is called with")
    add("--input-file", action="append", default=[], metavar="URL", help="a file that the app reads")
    add("--dataset", metavar="ADDRESS", help="a dataset that the app reads")
    add("--checksum", metavar="SHA256", help="of an image: its digest, which the worker then insists on")
    add(
        "--category",
        type=int,
        default=0,
        metavar="N",
        help="class of time; `status` of a chain lists them (0)",
    )
    add(
        "--trust",
        type=int,
        default=1,
        metavar="N",
        help="how sure the result must be: 3 asks two workers (1)",
    )
    add("--price", type=float, default=0.2, metavar="RLC", help="what the pool is paid (0.2)")
    add("--tasks", type=int, default=1, metavar="N", help="how many tasks at once (1)")
    add("--no-wait", action="store_true", help="only order")
    add("--patience", type=span, default=3600.0, metavar="SPAN", help="how long to wait (1h)")
    add("--out", type=Path, metavar="DIRECTORY", help="where results go; left out: shown in short")
    add("--dir", type=Path, metavar="DIRECTORY", help="where `edgepi iexec devchain` keeps its chain")
    add("--cache", type=Path, metavar="DIRECTORY", help="where what was fetched is kept")


def run(args: argparse.Namespace, context: CommandContext) -> int:
    """Order, wait, fetch; 1 if a task failed."""
    from edgepi_iexec.commands.ordering import Order, Ordering

    folder = args.dir or context.state_dir / FOLDER
    ordering = Ordering(folder, args.cache or folder / "cache", progress=context.out.progress)
    order = Order(
        app=args.app,
        args=args.app_args,
        input_files=tuple(args.input_file),
        dataset=args.dataset,
        checksum=args.checksum,
        category=args.category,
        trust=args.trust,
        price_nrlc=round(args.price * RLC),
        volume=args.tasks,
    )
    placed = ordering.place(order)
    if args.no_wait:
        found = [{"task": task, "status": "ordered"} for task in placed.task_ids]
    else:
        found = [ordering.result(task, args.patience, args.out) for task in placed.task_ids]
    if args.json:
        context.out.json({"deal": placed.deal_id, "tasks": found})
    else:
        _show(context, placed.deal_id, found)
    return int(any(each["status"] not in {"completed", "ordered"} for each in found))


def _show(context: CommandContext, deal_id: str, found: list[dict[str, Any]]) -> None:
    out = context.out
    out.progress("")
    out.line(f"deal {deal_id}")
    for each in found:
        out.line(f"task {each['task']}: {each['status']}")
        for name in ("error", "callback", "link", "folder"):
            if each.get(name):
                out.line(f"  {name}: {each[name]}")
        for name, text in each.get("files", {}).items():
            out.line(f"  {name}: {text}")
