"""What ``edgepi iexec pool`` runs."""

from __future__ import annotations

import argparse
import asyncio
import logging
from contextlib import AsyncExitStack
from pathlib import Path

from edgepi.errors import WalletError
from edgepi.plugin import CommandContext
from edgepi_iexec.chain.client import ChainClient
from edgepi_iexec.chain.link import Key
from edgepi_iexec.chain.settings import ChainSettings
from edgepi_iexec.commands.program import shared_session
from edgepi_iexec.pool.garbage import keep_clear
from edgepi_iexec.pool.pool import Pool
from edgepi_iexec.pool.settings import PoolSettings
from edgepi_iexec.station import read_key
from edgepi_iexec.wallet.keystore import read_password

__all__ = ["serve"]


async def serve(args: argparse.Namespace, context: CommandContext, folder: Path, told: asyncio.Event) -> None:
    """Run until told to end; raises WalletError when the wallet is not the pool owner's."""
    key = await asyncio.to_thread(_key, args)
    async with AsyncExitStack() as stack:
        clock = await stack.enter_async_context(context.clock())
        session = await stack.enter_async_context(shared_session())
        chain = ChainClient(
            ChainSettings(rpc_urls=(args.rpc,), hub=args.hub.lower(), free_gas=args.free_gas),
            key=key,
            child=context.child(clock),
            session=session,
            clock=clock,
        )
        stack.push_async_callback(chain.close)
        await _check_owner(chain, args.pool.lower())
        settings = PoolSettings(
            pool_address=args.pool.lower(),
            hub=args.hub.lower(),
            rpc_url=args.rpc,
            chain_id=await chain.chain_id(),
            state_dir=folder,
            host=args.host,
            port=args.port,
            public_url=args.public_url,
            sidechain=args.free_gas,
            whitelist=frozenset(each.lower() for each in args.allow) if args.allow else None,
        )
        pool = Pool(settings, chain, clock, logging.getLogger("edgepi.iexec.pool"))
        await pool.start()
        stack.push_async_callback(pool.stop)
        if args.json:
            context.out.json({"pool": args.pool, "scheduler": pool.url, "owner": key.address})
        else:
            context.out.line(f"pool {args.pool}, its scheduler at {pool.url}, owner {key.address}")
        clearing = asyncio.create_task(keep_clear(clock))
        stack.callback(clearing.cancel)
        await told.wait()


def _key(args: argparse.Namespace) -> Key:
    return read_key(args.wallet, read_password(args.password_file) if args.password_file else "")


async def _check_owner(chain: ChainClient, pool: str) -> None:
    """What another wallet signs no worker would believe."""
    owner = (await chain.workerpool(pool)).owner
    if owner != chain.address:
        raise WalletError(
            f"the pool {pool} belongs to {owner}, the wallet is {chain.address}",
            hint="name the wallet of the pool's owner by --wallet",
        )
