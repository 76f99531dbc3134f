"""One chain to play a scenario on: the double or the real contracts, so that both can be held to the same."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

from edgepi.testing.clock import ManualClock
from edgepi_iexec.chain.interface import Chain
from edgepi_iexec.chain.model import ZERO_ADDRESS, Receipt
from edgepi_iexec.devchain.accounts import Account
from edgepi_iexec.devchain.local import LocalChain
from edgepi_iexec.protocol.authorization import authorization_hash
from edgepi_iexec.protocol.ids import result_hash, result_seal
from tests.plugins.iexec.fakechain import Ledger, ledger_wallets

__all__ = ["DIGEST", "OTHER", "FakeStage", "RealStage", "Stage", "contribute", "opened"]

DIGEST = "0x" + "33" * 32
OTHER = "0x" + "44" * 32


class Stage(Protocol):
    pool: str
    owner: Chain
    requester: str

    def worker(self, number: int) -> Chain:
        """The wallet of a worker."""

    async def place(self, **values: Any) -> tuple[str, tuple[str, ...]]:
        """Place a deal; its id and its tasks'."""

    async def pass_time(self, seconds: int) -> None:
        """Let time pass on the chain."""


class FakeStage:
    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self._ledger = Ledger(clock)
        owner, requester, *self._workers = ledger_wallets(self._ledger, 8)
        self.owner: Chain = owner
        self.requester = requester.address
        self.pool = self._ledger.create_pool(owner=owner.address)
        self._app = self._ledger.create_app("demo:1", owner=self.requester)

    def worker(self, number: int) -> Chain:
        return self._workers[number]

    async def place(self, **values: Any) -> tuple[str, tuple[str, ...]]:
        placed = self._ledger.place(self._app, pool=self.pool, requester=self.requester, **values)
        return placed.deal_id, placed.task_ids

    async def pass_time(self, seconds: int) -> None:
        await self._clock.advance(seconds)


class RealStage:
    def __init__(self, chain: LocalChain, connect: Callable[[Account], Chain]) -> None:
        self._chain = chain
        self._connect = connect
        self._workers: dict[int, Chain] = {}
        self.owner: Chain = connect(chain.deployment.account("pool"))
        self.requester = chain.deployment.account("requester").address
        self.pool = chain.deployment.pool

    def worker(self, number: int) -> Chain:
        if number not in self._workers:
            self._workers[number] = self._connect(self._chain.deployment.workers[number])
        return self._workers[number]

    async def place(self, **values: Any) -> tuple[str, tuple[str, ...]]:
        market = self._chain.market
        app = await asyncio.to_thread(market.create_app, "demo:1", "0x" + "11" * 32)
        placed = await asyncio.to_thread(partial(market.place, app, **values))
        return placed.deal_id, placed.task_ids

    async def pass_time(self, seconds: int) -> None:
        await asyncio.to_thread(self._chain.pass_time, seconds)


async def opened(stage: Stage, **values: Any) -> str:
    """Place a deal of one task, and initialise it."""
    deal_id, (task_id, *_) = await stage.place(**values)
    await stage.owner.initialize(deal_id, 0)
    return task_id


async def contribute(stage: Stage, worker: Chain, task_id: str, digest: str = DIGEST) -> Receipt:
    """Contribute with the pool's authorisation."""
    return await worker.contribute(
        task_id,
        result_hash(task_id, digest),
        result_seal(worker.address, task_id, digest),
        ZERO_ADDRESS,
        await stage.owner.sign_personal(authorization_hash(worker.address, task_id)),
    )
