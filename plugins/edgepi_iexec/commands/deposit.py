"""``edgepi iexec deposit``: moves RLC from the wallet into the contracts' account, as stake."""

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
    """Deposit; raises WalletError, ChainError."""
    return move(args, context, lambda chain, nrlc: chain.deposit(nrlc))
