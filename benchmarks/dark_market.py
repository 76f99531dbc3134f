"""A market in memory with a real pool: a chain, a steady demand, and workers that are always awake."""

from __future__ import annotations

import asyncio
import contextvars
import hashlib
import json
import logging
import random
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from aiohttp import ClientSession, ClientTimeout
from dark_time import LIFE, LoopClock

from edgepi.compute.model import BoxedJob
from edgepi.model import Answer
from edgepi.testing.boxes import FakeSandbox, Script
from edgepi.testing.doubles import FakeBudget
from edgepi_iexec.chain.model import Event, Receipt
from edgepi_iexec.pool.choosing import wants_workers
from edgepi_iexec.pool.pool import Pool
from edgepi_iexec.pool.settings import PoolSettings
from edgepi_iexec.protocol.models import ReplicateTaskSummary
from edgepi_iexec.worker.parts import Peers, WorkerParts
from edgepi_iexec.worker.peers import network_peers
from edgepi_iexec.worker.settings import WorkerSettings
from edgepi_iexec.worker.worker import IexecWorker
from tests.plugins.iexec.fakechain import KEYS, FakeChain, Ledger
from tests.plugins.iexec.worker.house import HouseTrade, MemoryJournal

__all__ = ["CATEGORIES", "Market", "SlowChain", "job_s"]

CATEGORIES = (("S", 1200), ("M", 3600))
RLC = 10**9
LEFT_TO_THE_NODE_S = 900.0
BLOCK_S = 5.0
POOL_LOG = logging.getLogger("dark.pool")
STEADY_LOG = logging.getLogger("dark.steady")
Note = Callable[[str, str], None]

RESULT = {
    "computed.json": json.dumps({"deterministic-output-path": "/iexec_out/result.txt"}).encode(),
    "result.txt": b"3.14159\n",
}


class SlowChain(FakeChain):
    """One wallet's chain behind a network: answers take a while, and what is sent is mined whoever dies.

    *note* hears of each transaction that is in a block.
    """

    def __init__(self, ledger: Ledger, key: str, dice: random.Random, note: Note | None = None) -> None:
        super().__init__(ledger, key)
        self._dice = dice
        self._note = note

    async def _wait(self, longest_s: float) -> None:
        await asyncio.sleep(self._dice.uniform(0.0, longest_s))

    async def task(self, task_id: str) -> Any:
        """``viewTask``, after a moment."""
        await self._wait(0.2)
        return await super().task(task_id)

    async def events(
        self, name: str, *, from_block: int, to_block: int, topics: Sequence[str] = ()
    ) -> tuple[Event, ...]:
        """Events of these blocks, without looking at all the others."""
        state = self._seen("events")
        first = bisect_left(state.events, from_block, key=lambda event: event.block_number)
        whole = self.faults.lag
        self.faults.lag = _only(state, state.events[first:])
        try:
            return await super().events(name, from_block=from_block, to_block=to_block, topics=topics)
        finally:
            self.faults.lag = whole

    async def _send(self, name: str, *arguments: Any, proof: Sequence[str] = ()) -> Receipt:
        mining = asyncio.get_running_loop().create_task(
            self._mined(name, arguments, proof), context=_nobody()
        )
        receipt: Receipt = await asyncio.shield(mining)
        await self._wait(2.0)
        return receipt

    async def _mined(self, name: str, arguments: tuple[Any, ...], proof: Sequence[str]) -> Receipt:
        await self._wait(BLOCK_S)
        receipt = await super()._send(name, *arguments, proof=proof)
        if self._note is not None:
            self._note(str(arguments[0]), f"tx {name}")
        return receipt


def _nobody() -> contextvars.Context:
    """A context under no life."""
    context = contextvars.copy_context()
    context.run(LIFE.set, None)
    return context


def _only(state: Any, events: list[Event]) -> Any:
    seen = type(state)(block=state.block, block_s=state.block_s)
    seen.events = events
    return seen


def job_s(task_id: str, time_ref_s: float) -> float:
    """How long a task computes: from a fifth to three quarters of what its category allows."""
    share = int(hashlib.sha256(task_id.encode()).hexdigest()[:4], 16) / 0xFFFF
    return time_ref_s * (0.2 + 0.55 * share)


@dataclass
class Market:
    """Everything but the node; *orders* are the ids of all tasks that were ever wanted."""

    loop: asyncio.AbstractEventLoop
    clock: LoopClock
    origin: datetime
    folder: Path
    seed: int
    at_once: bool = False
    every_s: float = 1500.0
    categories: int = len(CATEGORIES)
    pool: Pool | None = None
    port: int = 0
    orders: list[str] = field(default_factory=list)
    sessions: list[ClientSession] = field(default_factory=list)
    workers: list[IexecWorker] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.dice = random.Random(f"market {self.seed}")
        self.ledger = Ledger(self.clock, categories=CATEGORIES, block_s=BLOCK_S)
        self.owner = SlowChain(self.ledger, KEYS[0], self.dice)
        self.node_key, *self.steady_keys = KEYS[1:4]
        for each in (self.owner, *(FakeChain(self.ledger, key) for key in KEYS[1:4])):
            self.ledger.fund(each.address, stake_nrlc=10**6 * RLC)
        self.requester = "0x" + "99" * 20
        self.ledger.fund(self.requester, stake_nrlc=10**8 * RLC)
        self.address = self.ledger.create_pool(owner=self.owner.address)
        self.app = self.ledger.create_app("registry.test/demo:1", owner=self.requester)
        self.hub = "0x" + "aa" * 20

    async def open(self) -> None:
        """Start the pool and those who are always there."""
        await self._open_pool()
        for number, key in enumerate(self.steady_keys):
            (self.folder / f"steady-{number}").mkdir()
            worker = IexecWorker(self._steady(number, key), HouseTrade())
            self.workers.append(worker)
            await worker.start()

    async def _open_pool(self) -> None:
        self.pool = Pool(self._settings(), self.owner, self.clock, POOL_LOG)
        await self.pool.start()
        self.port = int(self.pool.url.rpartition(":")[2])

    async def restarts(self) -> None:
        """Stop the pool once a day or so, and start it again some minutes later, for ever."""
        while True:
            await asyncio.sleep(self.dice.expovariate(1.0 / 86_400.0))
            assert self.pool is not None
            pool, self.pool = self.pool, None
            await pool.stop()
            await asyncio.sleep(self.dice.uniform(30.0, 300.0))
            await self._open_pool()

    def _settings(self) -> PoolSettings:
        return PoolSettings(
            pool_address=self.address,
            hub=self.hub,
            rpc_url="http://127.0.0.1:1",
            chain_id=self.ledger.chain_id,
            state_dir=self.folder / "pool",
            port=self.port,
            sidechain=True,
            block_time_s=BLOCK_S,
            contribute_and_finalize=self.at_once,
            ask_s=60.0,
            ping_s=60.0,
            lost_after_s=600.0,
            heartbeat_s=300.0,
            poll_s=20.0,
            check_s=120.0,
            remind_s=300.0,
            unreported_s=120.0,
            upload_wait_s=600.0,
            start_block=0,
        )

    def session(self) -> ClientSession:
        """An HTTP client of its own."""
        session = ClientSession(timeout=ClientTimeout(total=120.0))
        self.sessions.append(session)
        return session

    def worker_settings(self, name: str, *, tasks: int = 1) -> WorkerSettings:
        """What any worker of this pool is told."""
        return WorkerSettings(
            pool=self.address,
            scheduler=f"http://127.0.0.1:{self.port}",
            name=name,
            max_tasks=tasks,
            allow_private_urls=True,
            ping_every_s=60.0,
            watch_every_s=300.0,
        )

    def script(self, job: BoxedJob) -> Script:
        """How a job goes wherever it runs."""
        return Script(run_s=job_s(job.job_id, job.limits.time_s), files=RESULT)

    def _steady(self, number: int, key: str) -> WorkerParts:
        session = self.session()
        chain = SlowChain(self.ledger, key, self.dice)
        sandbox = FakeSandbox(self.clock, self.script)

        async def shared() -> ClientSession:
            return session

        async def connect(_: Any) -> SlowChain:
            return chain

        parts = WorkerParts(
            settings=replace(self.worker_settings(f"steady-{number}", tasks=4), ping_every_s=240.0),
            connect_chain=connect,
            boxes=lambda: sandbox,
            ready=yes,
            journal=MemoryJournal(),
            http=shared,
            budget=FakeBudget(),
            clock=self.clock,
            log=STEADY_LOG,
            folder=self.folder / f"steady-{number}",
            energy=lambda: {"X-EdgePi-Surplus": "0.1"},
            peers=lambda notify, found: self._reluctant(network_peers(parts)(notify, found)),
        )
        return parts

    def _reluctant(self, peers: Peers) -> Peers:
        """Ask only for what has waited for a while: the node comes first."""
        client = peers.scheduler
        available = client.available

        async def ask(block: int, energy: Mapping[str, str]) -> ReplicateTaskSummary | None:
            return await available(block, energy) if self._waits() else None

        client.available = ask  # type: ignore[method-assign]
        return peers

    def _waits(self) -> bool:
        if self.pool is None:
            return True
        book, now = self.pool.book, self.clock.now()
        since = now - timedelta(seconds=LEFT_TO_THE_NODE_S)
        return any(
            task.stages[0].at_utc < since and wants_workers(task, book.replicates(task.task_id), now, now)
            for task in book.tasks.values()
        )

    async def demand(self) -> None:
        """Order a task now and then, for ever."""
        while True:
            await asyncio.sleep(self.dice.expovariate(1.0 / self.every_s))
            self.order()

    def order(self) -> None:
        """Order one; nobody's score grows, so that with trust 3 two must agree."""
        self.ledger.state.scores.clear()
        placed = self.ledger.place(
            self.app,
            pool=self.address,
            requester=self.requester,
            category=self.dice.randrange(self.categories),
            trust=self.dice.choice((1, 3)),
            params=json.dumps({"iexec_result_storage_provider": "ipfs"}),
            pool_price=self.dice.choice((4, 8, 16)) * RLC // 4,
        )
        self.orders += placed.task_ids

    async def close(self) -> None:
        """End it."""
        for worker in self.workers:
            await worker.stop()
        if self.pool is not None:
            await self.pool.stop()
        for session in self.sessions:
            await session.close()


async def yes() -> Answer:
    """Containers can be run."""
    return Answer(yes=True, sentence="containers can be run")
