"""Workers as a node makes them, and pools: of what fits into JSON, for the test's process or another."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from aiohttp import ClientSession

from edgepi.clock import SystemClock
from edgepi.runtime.child import Child
from edgepi.testing.doubles import build_context
from edgepi_iexec.backend import IexecBackend
from edgepi_iexec.chain.client import ChainClient
from edgepi_iexec.chain.link import Key
from edgepi_iexec.chain.settings import ChainSettings
from edgepi_iexec.config import IexecConfig
from edgepi_iexec.devchain.accounts import Account
from edgepi_iexec.pool.pool import Pool
from edgepi_iexec.pool.settings import PoolSettings

__all__ = ["Spec", "backend_of", "pool_of", "quick_keystore"]


@dataclass(frozen=True, kw_only=True)
class Spec:
    """A worker or pool; *config* is its settings, *die_at* names a point of a process's life to end it at."""

    folder: str
    address: str
    private_key: str
    config: dict[str, Any] = field(default_factory=dict)
    kind: str = "worker"
    die_at: str = ""
    lies: bool = False

    @property
    def path(self) -> Path:
        return Path(self.folder)


def quick_keystore(account: Account, password: str = "") -> str:
    """A wallet's file whose password costs no time."""
    from eth_keyfile.keyfile import create_keyfile_json

    key = bytes.fromhex(account.private_key[2:])
    made = create_keyfile_json(key, password.encode(), kdf="pbkdf2", iterations=1)
    return json.dumps({**made, "address": account.address[2:]})


@asynccontextmanager
async def backend_of(spec: Spec) -> AsyncIterator[IexecBackend]:
    """Give a worker's backend, not started yet; it is stopped at the end."""
    wallet = spec.path / "wallet.json"
    if not await asyncio.to_thread(wallet.exists):
        account = Account("worker", spec.address, spec.private_key)
        await asyncio.to_thread(spec.path.mkdir, parents=True, exist_ok=True)
        await asyncio.to_thread(wallet.write_text, await asyncio.to_thread(quick_keystore, account))
    session = ClientSession()

    async def shared() -> ClientSession:
        return session

    config = IexecConfig(wallet=wallet, password="", **spec.config)
    context = build_context(
        config=config,
        clock=SystemClock(),
        state_dir=spec.path,
        plugin="iexec",
        instance="iexec",
        http_client=shared,
    )
    backend = IexecBackend(context)
    try:
        yield backend
    finally:
        await backend.stop()
        await session.close()


@asynccontextmanager
async def pool_of(spec: Spec) -> AsyncIterator[Pool]:
    """Give a pool that is started; it is stopped at the end."""
    clock, told = SystemClock(), dict(spec.config)
    keystore = await asyncio.to_thread(quick_keystore, Account("pool", spec.address, spec.private_key))
    session = ClientSession()

    async def shared() -> ClientSession:
        return session

    chain = ChainClient(
        ChainSettings(rpc_urls=(told["rpc_url"],), hub=told["hub"], native=told.pop("native"), free_gas=True),
        key=Key(keystore, ""),
        child=partial(Child, clock=clock, log=logging.getLogger("test")),
        session=shared,
        clock=clock,
    )
    settings = PoolSettings(state_dir=spec.path, **told)
    pool = Pool(settings, chain, clock, logging.getLogger("edgepi.iexec.pool"))
    try:
        await pool.start()
        yield pool
    finally:
        await pool.stop()
        await chain.close()
        await session.close()
