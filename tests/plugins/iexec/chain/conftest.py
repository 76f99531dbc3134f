from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any

import aiohttp
import pytest

from edgepi.clock import SystemClock
from edgepi.runtime.child import Child
from edgepi_iexec.chain.client import ChainClient
from edgepi_iexec.chain.link import Key
from edgepi_iexec.chain.settings import ChainSettings
from edgepi_iexec.devchain.accounts import Account
from edgepi_iexec.devchain.local import LocalChain
from edgepi_iexec.wallet.keystore import import_key
from tests.plugins.iexec.chain.stage import FakeStage, RealStage, Stage

Connect = Callable[..., ChainClient]


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    clock, made = SystemClock(), []
    session = aiohttp.ClientSession()

    async def shared() -> aiohttp.ClientSession:
        return session

    def make(chain: LocalChain, account: Account, *, password: str = "pass", **changes: Any) -> ChainClient:
        there = chain.deployment
        values: dict[str, Any] = {"rpc_urls": (there.rpc_url,), "hub": there.hub, "free_gas": True}
        client = ChainClient(
            ChainSettings(**values | changes),
            key=Key(import_key(account.private_key, "pass"), password),
            child=partial(Child, clock=clock, log=logging.getLogger("test")),
            session=shared,
            clock=clock,
        )
        made.append(client)
        return client

    yield make
    await asyncio.gather(*(client.close() for client in made))
    await session.close()


@pytest.fixture(
    params=[
        pytest.param("double", id="double"),
        pytest.param("contracts", id="contracts", marks=[pytest.mark.slow, pytest.mark.timeout(180)]),
    ]
)
def stage(request: pytest.FixtureRequest, connect: Connect) -> Stage:
    """Return a chain to play on: the double, then the real contracts."""
    if request.param == "double":
        return FakeStage(request.getfixturevalue("manual_clock"))
    chain: LocalChain = request.getfixturevalue("devchain")
    return RealStage(chain, partial(connect, chain))
