"""``edgepi iexec devchain``: a local chain with the real contracts, a pool, an app and a requester."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from edgepi.plugin import CommandContext, common_arguments
from edgepi_iexec.commands.program import run_until_told, span

__all__ = ["FOLDER", "add_arguments", "run"]

FOLDER = "devchain"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    common_arguments(parser)
    parser.add_argument("--dir", type=Path, metavar="DIRECTORY", help="where the chain is kept")
    parser.add_argument("--cache", type=Path, metavar="DIRECTORY", help="where what was fetched is kept")
    parser.add_argument("--port", type=int, default=8545, help="of the chain's node; 0: any (8545)")
    parser.add_argument(
        "--pool-port", type=int, default=13000, help="of the pool's scheduler; 0: any (13000)"
    )
    parser.add_argument("--native", action="store_true", help="keep the escrow in the chain's own coin")
    parser.add_argument(
        "--demand", type=span, metavar="SPAN", help="order the demo's app each so often, such as 20min"
    )


def run(args: argparse.Namespace, context: CommandContext) -> int:
    """Run it until told to end; everything is kept for the next time."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    logging.getLogger("aiohttp.access").setLevel(logging.WARNING)
    folder = (args.dir or context.state_dir / FOLDER).absolute()
    from edgepi_iexec.commands.devchain_service import serve

    return run_until_told(lambda told: serve(args, context, folder, told))
