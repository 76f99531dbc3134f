"""What ``edgepi iexec devchain`` runs: the chain, the demo's app, the pool, each on top of the one before."""

from __future__ import annotations

import argparse
import asyncio
import logging
import shutil
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

from edgepi.clock import Clock
from edgepi.plugin import CommandContext
from edgepi_iexec.chain.client import ChainClient
from edgepi_iexec.chain.link import Key
from edgepi_iexec.chain.settings import ChainSettings
from edgepi_iexec.commands.program import shared_session
from edgepi_iexec.devchain.demo.app import DemoApp
from edgepi_iexec.devchain.deployment import Category, Deployment
from edgepi_iexec.devchain.local import Settings
from edgepi_iexec.devchain.service import DevChain
from edgepi_iexec.pool.pool import Pool
from edgepi_iexec.pool.settings import PoolSettings
from edgepi_iexec.station import DEVCHAIN_WALLET
from edgepi_iexec.wallet.keystore import import_key, save

__all__ = ["serve"]

# In a world that runs at 60x an app's ten real seconds are ten minutes: tasks must have hours.
WORLD_CATEGORIES = tuple(
    Category(name, time_s)
    for name, time_s in (("XS", 3600), ("S", 7200), ("M", 14400), ("L", 43200), ("XL", 86400))
)
BLOCK_S, WORLD_BLOCK_S = 60.0, 300.0
POLL_S, ASK_S = 1.0, 1.0  # real seconds
PASSWORD = ""  # of wallets whose keys everybody knows


async def serve(args: argparse.Namespace, context: CommandContext, folder: Path, told: asyncio.Event) -> None:
    """Run until told to end."""
    log = logging.getLogger("edgepi.iexec.devchain")
    async with AsyncExitStack() as stack:
        clock = await stack.enter_async_context(context.clock())
        chain = await _chain(args, context, folder, clock, stack)
        pool = await _pool(args, context, chain, clock, stack)
        deployment = await chain.announce(pool.url)
        await asyncio.to_thread(_write_wallet, folder, deployment)
        if args.json:
            context.out.json({"file": chain.file, "scheduler": pool.url, "deployment": deployment})
        else:
            for line in _told(chain, deployment):
                context.out.line(line)
        await told.wait()
        log.info("the chain rests; the next start goes on from here")


async def _chain(
    args: argparse.Namespace, context: CommandContext, folder: Path, clock: Clock, stack: AsyncExitStack
) -> DevChain:
    log = logging.getLogger("edgepi.iexec.devchain")
    cache = (args.cache or folder / "cache").absolute()
    app = DemoApp(cache)
    await asyncio.to_thread(cache.mkdir, parents=True, exist_ok=True)
    demand = await app.start(every_s=args.demand)
    stack.push_async_callback(app.stop)
    in_world = bool(context.environ.get("EDGEPI_WORLD"))
    chain = DevChain(
        folder=folder,
        cache=cache,
        clock=clock,
        log=log,
        settings=_settings(args, in_world=in_world),
        demand=demand,
        say=log.info,
        block_s=WORLD_BLOCK_S if in_world else BLOCK_S,
    )
    await chain.start()
    stack.push_async_callback(chain.stop)
    return chain


def _settings(args: argparse.Namespace, *, in_world: bool) -> Settings:
    settings = Settings(native=args.native, port=args.port)
    return replace(settings, categories=WORLD_CATEGORIES) if in_world else settings


async def _pool(
    args: argparse.Namespace, context: CommandContext, chain: DevChain, clock: Clock, stack: AsyncExitStack
) -> Pool:
    there = chain.deployment
    session = await stack.enter_async_context(shared_session())
    owner = there.account("pool")
    keystore = await asyncio.to_thread(import_key, owner.private_key, PASSWORD)
    client = ChainClient(
        ChainSettings(rpc_urls=(there.rpc_url,), hub=there.hub, native=there.native, free_gas=True),
        key=Key(keystore, PASSWORD),
        child=context.child(clock),
        session=session,
        clock=clock,
    )
    stack.push_async_callback(client.close)
    state = chain.file.parent / "pool"
    if chain.begun:
        await asyncio.to_thread(shutil.rmtree, state, ignore_errors=True)
    settings = PoolSettings(
        pool_address=there.pool,
        hub=there.hub,
        rpc_url=there.rpc_url,
        chain_id=there.chain_id,
        state_dir=state,
        port=args.pool_port,
        sidechain=True,
        poll_s=POLL_S * max(1.0, clock.rate),
        ask_s=ASK_S * max(1.0, clock.rate),
    )
    pool = Pool(settings, client, clock, logging.getLogger("edgepi.iexec.pool"))
    await pool.start()
    stack.push_async_callback(pool.stop)
    return pool


def _write_wallet(folder: Path, deployment: Deployment) -> None:
    """Write the wallet of a worker with stake beside the chain, for nodes that name its file."""
    path = folder / DEVCHAIN_WALLET
    if not path.exists():
        save(path, import_key(deployment.workers[0].private_key, PASSWORD))


def _told(chain: DevChain, deployment: Deployment) -> list[str]:
    return [
        f"chain {deployment.chain_id} at {deployment.rpc_url}, contracts at {deployment.hub}",
        f"pool {deployment.pool}, its scheduler at {deployment.scheduler_url}",
        f"app {deployment.app}: order it with `edgepi iexec run {deployment.app}`",
        "a worker for it, in edgepi.yaml:",
        "    plugins:",
        "      iexec:",
        f"        devchain: {chain.file}",
    ]
