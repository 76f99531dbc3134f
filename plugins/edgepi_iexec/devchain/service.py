"""A local chain that lives: follows the clock, is kept on the disk, comes back when its node dies."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from logging import Logger
from pathlib import Path
from typing import Any

from edgepi.clock import Clock
from edgepi.errors import ChainError, EdgePiError
from edgepi_iexec.devchain.chain import Program
from edgepi_iexec.devchain.deployment import Deployment
from edgepi_iexec.devchain.follow import Follower
from edgepi_iexec.devchain.local import LocalChain, Settings
from edgepi_iexec.devchain.market import Market, Placed

__all__ = ["Demand", "DevChain"]

# Real seconds between two looks at whether there is something new to keep.
KEEP_S = 5.0
RETRY_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """A requester that wants the same app computed again and again, each time with another seed.

    Without *every_s* the app is there, and nobody orders it by itself.
    *args* is what the app is called with; ``{seed}`` in it becomes the moment of the deal in seconds.
    *price_nrlc* pays more for a Wh than it is worth to the demo's node in winter, to keep itself up,
    also while the node has seen few of these tasks and reckons with more than they take.
    """

    image: str
    checksum: str
    every_s: float | None = 600.0
    args: str = "2000000 {seed}"
    category: int = 0
    trust: int = 1
    price_nrlc: int = 200_000_000

    def params(self, seed: int) -> Mapping[str, Any]:
        """Return the parameters of one deal."""
        told = self.args.replace("{seed}", str(seed))
        return {"iexec_args": told, "iexec_result_storage_provider": "ipfs"}


class DevChain:
    """Runs a `LocalChain` in the event loop; *folder* keeps it, *cache* keeps what was fetched.

    Its address stays the same while it lives, also when its node had to be started again.
    """

    def __init__(
        self,
        *,
        folder: Path,
        cache: Path,
        clock: Clock,
        log: Logger,
        settings: Settings | None = None,
        demand: Demand | None = None,
        program: Program | None = None,
        say: Callable[[str], None] = lambda _: None,
        block_s: float = 60.0,
    ) -> None:
        self._clock = clock
        self._log = log
        self._demand = demand
        self._block_s = block_s
        self._local = LocalChain(folder, cache, settings or Settings(), say=say, program=program)
        self._tasks: list[asyncio.Task[None]] = []
        self._kept = ""

    @property
    def deployment(self) -> Deployment:
        """Addresses, accounts and the URL; raises ChainError before `start`."""
        return self._local.deployment

    @property
    def begun(self) -> bool:
        """Whether `start` began the chain anew: what others know of an earlier one is void."""
        return self._local.begun

    @property
    def file(self) -> Path:
        """Where the deployment is written down for other processes: `Deployment.load` reads it."""
        return self._local.file

    @property
    def market(self) -> Market:
        """What accounts can do; its methods block: call them in a thread."""
        return self._local.market

    async def start(self) -> Deployment:
        """Continue or begin the chain, and live; raises ChainError or MarketError."""
        now_s = int(self._clock.now().timestamp())
        await asyncio.to_thread(self._local.start, now_s)
        self._spawn(self._live())
        if self._demand is not None:
            app = await asyncio.to_thread(self.market.create_app, self._demand.image, self._demand.checksum)
            await asyncio.to_thread(self._local.record, app=app)
            if self._demand.every_s is not None:
                self._spawn(self._want(self._demand, self._demand.every_s))
        return self.deployment

    async def stop(self) -> None:
        """Keep the chain and end its node."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        await asyncio.to_thread(self._local.stop)

    async def place(self, demand: Demand) -> Placed:
        """Place one deal for a demand now, with the app registered and the requester in money."""
        return await asyncio.to_thread(self._place, demand, int(self._clock.now().timestamp()))

    async def announce(self, scheduler_url: str) -> Deployment:
        """Write down where the pool's scheduler answers, for workers that read the chain's file."""
        return await asyncio.to_thread(self._local.record, scheduler_url=scheduler_url)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.append(asyncio.create_task(work))

    async def _live(self) -> None:
        """Follow and keep; when the node is gone start it again where it was kept last."""
        while True:
            follower = Follower(lambda: self._local.rpc, self._clock, block_s=self._block_s)
            try:
                async with asyncio.TaskGroup() as both:
                    both.create_task(follower.run())
                    both.create_task(self._keep())
            except* (EdgePiError, OSError) as failed:
                self._log.warning("%s; starting it again", failed.exceptions[0])
            await self._revive()

    async def _keep(self) -> None:
        while True:
            begin_s = self._clock.monotonic()
            await asyncio.to_thread(self._keep_news)
            took_s = self._clock.monotonic() - begin_s  # a long history takes longer, and is kept less often
            await self._clock.sleep(max(KEEP_S * max(1.0, self._clock.rate), 20 * took_s))

    def _keep_news(self) -> None:
        root = str(self._local.rpc.latest()["stateRoot"])
        if root != self._kept:  # empty blocks change nothing and are not worth a write
            self._local.process.save()
            self._kept = root

    async def _revive(self) -> None:
        while True:
            with contextlib.suppress(ChainError):
                await asyncio.to_thread(self._local.revive)
                return
            await self._clock.sleep(RETRY_S)

    async def _want(self, demand: Demand, every_s: float) -> None:
        while True:
            try:
                placed = await self.place(demand)
                self._log.info("deal %s waits for a worker", placed.deal_id)
            except EdgePiError as error:
                self._log.warning("no deal was placed: %s", error)
            await self._clock.sleep(every_s)

    def _place(self, demand: Demand, seed: int) -> Placed:
        market = self.market
        app = market.create_app(demand.image, demand.checksum)
        for role in ("requester", "pool"):
            address = market.deployment.account(role).address
            if market.hub.call("viewAccount", address)[0] < demand.price_nrlc:
                market.fund(address, eth=0)
        return market.place(
            app,
            category=demand.category,
            trust=demand.trust,
            pool_price=demand.price_nrlc,
            params=demand.params(seed),
        )
