"""Money into the contracts' account and out of it."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from edgepi.plugin import CommandContext
from edgepi_iexec.commands.purse import RLC, Place, doubt_of_hub, find_place, old_password, open_chain

if TYPE_CHECKING:
    from edgepi_iexec.chain.client import ChainClient
    from edgepi_iexec.chain.model import Receipt

__all__ = ["move"]

Act = Callable[["ChainClient", int, str | None], Awaitable["Receipt"]]
"""What is done with how many nRLC, and what speaks against the hub."""


def move(args: argparse.Namespace, context: CommandContext, act: Act) -> int:
    """Do it and say what is where then."""
    place = find_place(args, context)
    password = old_password(args, place)
    context.out.progress("waiting for the chain")
    told = asyncio.run(_move(args, context, place, password, act))
    context.out.progress("")
    if args.json:
        context.out.json(told)
    else:
        context.out.line(f"transaction {told['transaction']} in block {told['block']}")
        context.out.line(f"stake {told['stake_rlc']:g} RLC, wallet {told['wallet_rlc']:g} RLC")
    return 0


async def _move(
    args: argparse.Namespace, context: CommandContext, place: Place, password: str, act: Act
) -> dict[str, Any]:
    async with open_chain(args, context, place, password) as chain:
        receipt = await act(chain, args.amount, await doubt_of_hub(args, place.config, chain))
        account = await chain.account(chain.address)
        return {
            "address": chain.address,
            "transaction": receipt.tx_hash,
            "block": receipt.block_number,
            "stake_rlc": account.stake_nrlc / RLC,
            "wallet_rlc": await chain.rlc_balance(chain.address) / RLC,
        }
