"""``edgepi iexec deposit``: moves RLC from the wallet into the contracts' account, as stake."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from edgepi.errors import WalletError
from edgepi.plugin import CommandContext
from edgepi_iexec.commands.moving import move
from edgepi_iexec.commands.purse import amount, chain_arguments

if TYPE_CHECKING:
    from edgepi_iexec.chain.client import ChainClient
    from edgepi_iexec.chain.model import Receipt

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    chain_arguments(parser)
    parser.add_argument("amount", type=amount, metavar="RLC", help="how much")


def run(args: argparse.Namespace, context: CommandContext) -> int:
    """Deposit; raises ChainError, and WalletError where nobody but the scheduler says to whom."""
    return move(args, context, _deposit)


async def _deposit(chain: ChainClient, nrlc: int, doubt: str | None) -> Receipt:
    if doubt is not None:
        raise WalletError(f"nothing is deposited: {doubt}", hint="or name it this once: --hub")
    return await chain.deposit(nrlc)
