"""``edgepi iexec withdraw``: moves RLC that no task has locked back into the wallet."""

from __future__ import annotations

import argparse

from edgepi.plugin import CommandContext
from edgepi_iexec.commands.moving import move
from edgepi_iexec.commands.purse import amount, chain_arguments

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    chain_arguments(parser)
    parser.add_argument("amount", type=amount, metavar="RLC", help="how much")


def run(args: argparse.Namespace, context: CommandContext) -> int:
    """Withdraw; raises WalletError, ChainError."""
    return move(args, context, lambda chain, nrlc, _: chain.withdraw(nrlc))
