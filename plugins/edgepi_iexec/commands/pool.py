"""``edgepi iexec pool``: the scheduler of a workerpool."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from edgepi.plugin import CommandContext, common_arguments
from edgepi_iexec.commands.program import run_until_told

__all__ = ["add_arguments", "run"]

FOLDER = "pool"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    common_arguments(parser)
    add = parser.add_argument
    add(
        "--pool",
        metavar="ADDRESS",
        required=True,
        help="the workerpool's contract, whose owner the wallet is",
    )
    add("--rpc", metavar="URL", required=True, help="the chain's node, also for workers")
    add("--hub", metavar="ADDRESS", required=True, help="the hub's contract")
    add("--wallet", type=Path, metavar="FILE", required=True, help="the owner's wallet")
    add("--password-file", type=Path, metavar="FILE", help="what opens the wallet; left out: no password")
    add("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
    add("--port", type=int, default=13000, help="port to listen on; 0: any (13000)")
    add("--public-url", metavar="URL", help="where workers reach this scheduler, if it is behind a proxy")
    add("--dir", type=Path, metavar="DIRECTORY", help="where tasks and results are kept")
    add("--free-gas", action="store_true", help="the chain asks nothing for transactions")
    add(
        "--allow",
        action="append",
        metavar="ADDRESS",
        help="let this worker in, and only those that are named; left out: everybody",
    )


def run(args: argparse.Namespace, context: CommandContext) -> int:
    """Run it until told to end; what it knew is there at the next start."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    logging.getLogger("aiohttp.access").setLevel(logging.WARNING)
    from edgepi_iexec.commands.pool_service import serve

    folder = args.dir or context.state_dir / FOLDER
    return run_until_told(lambda told: serve(args, context, folder, told))
