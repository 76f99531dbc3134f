"""A worker in a house of doubles that can be cut off at any effect and started again."""

from __future__ import annotations

import asyncio
import inspect
import json
import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from edgepi.budget.leases import Handle, LeaseBook
from edgepi.compute.journal import JobRecord
from edgepi.compute.model import BoxedJob
from edgepi.model import Answer, FinishPhase, Lease, LeaseState, Offer, RunPhase, WaitPhase
from edgepi.plugin import LeaseHandle
from edgepi.testing.boxes import FakeSandbox, Script
from edgepi.testing.clock import ManualClock
from edgepi_iexec.chain.model import Task
from edgepi_iexec.worker.checks import Terms
from edgepi_iexec.worker.parts import Bid, Peers, WorkerParts
from edgepi_iexec.worker.settings import WorkerSettings
from edgepi_iexec.worker.worker import IexecWorker
from edgepi_iexec.worker.worth import Market
from tests.plugins.iexec.fakescheduler import URL, FakeScheduler
from tests.plugins.iexec.worker.pocketchain import OWNER, POOL, WORKER, Ledger, PocketChain

RESULT = {
    "computed.json": json.dumps({"deterministic-output-path": "/iexec_out/result.txt"}).encode(),
    "result.txt": b"3.14159\n",
}
DEMO = Script(run_s=20.0, files=RESULT)


class MemoryJournal:
    """Records as the last `put` left them."""

    def __init__(self) -> None:
        self.records: dict[str, JobRecord] = {}
        self.logs: dict[str, tuple[str, str]] = {}

    async def put(self, record: JobRecord) -> None:
        data = json.loads(json.dumps(record.data))
        self.records[record.job_id] = replace(record, data=data)

    async def get(self, job_id: str) -> JobRecord | None:
        return self.records.get(job_id)

    async def open_jobs(self, backend: str) -> tuple[JobRecord, ...]:
        return tuple(r for r in self.records.values() if r.ended_utc is None and r.backend == backend)

    async def write_logs(self, job_id: str, stdout: str, stderr: str) -> None:
        self.logs[job_id] = (stdout, stderr)


class HouseBudget:
    """The real book of leases, and a governor that says what the test wants."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.leases = LeaseBook(lambda _: None, clock.now)
        self.grants = True
        self.grants_tasks = True
        self.commits = True
        self.offered: list[Offer] = []

    @property
    def points_per_rlc(self) -> float:
        return 10.0

    async def would_grant(self, offer: Offer) -> Answer:
        return Answer(yes=self.grants, sentence="")

    async def offer(self, offer: Offer) -> LeaseHandle:
        self.offered.append(offer)
        lease = self.leases.offer(offer)
        if lease.state is LeaseState.OFFERED:
            yes = self.grants if offer.standing else self.grants_tasks
            state = LeaseState.GRANTED if yes else LeaseState.REFUSED
            self.leases.step(offer.offer_id, state, "" if yes else "the night is long")
        return Handle(self, self.leases.get(offer.offer_id))

    async def commit(self, offer_id: str) -> Answer:
        self.leases.step(offer_id, LeaseState.COMMIT_ASKED)
        state = LeaseState.COMMITTED if self.commits else LeaseState.GIVEN_BACK
        self.leases.step(offer_id, state)
        return Answer(
            yes=self.commits, sentence="the finish is safe" if self.commits else "the dark comes first"
        )

    def nudge(self) -> None:
        """Decide nothing."""

    def reboot(self) -> None:
        open_leases = self.leases.open
        self.leases = LeaseBook(lambda _: None, self.clock.now)
        self.leases.restore(open_leases)

    def of(self, task_id: str) -> Lease:
        return self.leases.get(f"iexec {task_id}")


class HouseTrade:
    """Takes what the test does not forbid."""

    def __init__(self) -> None:
        self.forbidden: str | None = None
        self.learned: list[JobRecord] = []

    def standing(self) -> Offer:
        run = RunPhase(energy_wh=3.0, duration_s=3600.0)
        return Offer(offer_id="iexec", consumer="iexec", title="", value_points=1.0, run=run, standing=True)

    def refusal(self, terms: Terms, task: Task) -> str | None:
        return self.forbidden

    def offer(self, terms: Terms, task: Task, now_utc: datetime) -> Bid:
        assert task.contribution_deadline_utc is not None
        assert task.final_deadline_utc is not None
        offer = Offer(
            offer_id=f"iexec {task.task_id}",
            consumer="iexec",
            title="demo",
            value_points=1.0 / 3.0,
            run=RunPhase(energy_wh=0.1, duration_s=terms.category.time_ref_s, pausable=True),
            wait=WaitPhase(until_utc=task.contribution_deadline_utc + timedelta(microseconds=1)),
            finish=FinishPhase(energy_wh=0.01, duration_s=60.0, deadline_utc=task.final_deadline_utc),
        )
        return Bid(offer, 990.0)

    def note(self, market: Market) -> None:
        self.market = market

    def learn(self, terms: Terms | None, record: JobRecord) -> None:
        self.learned.append(record)


EFFECTS = frozenset(
    {
        "put",
        "update",
        "contribute",
        "reveal",
        "contribute_and_finalize",
        "run",
        "pull",
        "remove",
        "upload",
        "commit",
        "started",
        "finished",
        "give_back",
        "offer",
    }
)


@dataclass
class Mortality:
    """Counts effects, and ends the life before the one that is named: so after the one before it."""

    cut: int | None = None
    count: int = 0
    dead: bool = False
    effects: list[str] = field(default_factory=list)

    async def enter(self, name: str) -> None:
        if name in EFFECTS and not self.dead:
            self.count += 1
            self.effects.append(name)
            self.dead = self.count == self.cut
        await self.leave()

    async def leave(self) -> None:
        if self.dead:
            await asyncio.Event().wait()


class Mortal:
    """Passes everything on until the life ends; then nothing ever returns."""

    def __init__(self, inner: Any, life: Mortality) -> None:
        self.__dict__.update(inner=inner, life=life)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.inner, name)
        if not inspect.iscoroutinefunction(found):
            return found

        async def call(*args: Any, **named: Any) -> Any:
            await self.life.enter(name)
            result = await found(*args, **named)
            await self.life.leave()
            mortal = name in {"offer", "run", "find"} and result is not None
            return Mortal(result, self.life) if mortal else result

        return call


@dataclass
class House:
    """Everything around the worker, which outlives it."""

    clock: ManualClock
    folder: Path
    settings: dict[str, Any] = field(default_factory=dict)
    script: Script = DEMO
    life: Mortality = field(default_factory=Mortality)
    worker: IexecWorker | None = None

    def __post_init__(self) -> None:
        self.ledger = Ledger(self.clock)
        self.chain = PocketChain(self.ledger, WORKER)
        self.scheduler = FakeScheduler(PocketChain(self.ledger, OWNER), POOL)
        self.sandbox = FakeSandbox(self.clock, self._scripted)
        self.journal = MemoryJournal()
        self.budget = HouseBudget(self.clock)
        self.trade = HouseTrade()
        self.ready = Answer(yes=True, sentence="")
        self.hubs: list[str] = []

    def _scripted(self, job: BoxedJob) -> Script:
        return self.script

    def parts(self) -> WorkerParts:
        life = self.life

        async def connect_chain(named: Any) -> Any:
            self.hubs.append(named.iexec_hub_contract_address)
            return Mortal(self.chain, life)

        async def ready() -> Answer:
            return self.ready

        async def no_http() -> Any:
            raise AssertionError("these doubles need no network")

        def peers(notify: Any, found: Any) -> Peers:
            made = self.scheduler.peers(lambda said: None if life.dead else notify(said), found)
            return Peers(
                scheduler=Mortal(made.scheduler, life),
                hearing=Mortal(made.hearing, life),
                store=Mortal(made.store, life),
            )

        return WorkerParts(
            settings=WorkerSettings(**{"pool": POOL, "scheduler": URL, **self.settings}),
            connect_chain=connect_chain,
            boxes=lambda: Mortal(self.sandbox, life),
            ready=ready,
            journal=Mortal(self.journal, life),
            http=no_http,
            budget=Mortal(self.budget, life),
            clock=self.clock,
            log=logging.getLogger("edgepi.plugins.iexec"),
            folder=self.folder,
            energy=lambda: {"X-EdgePi-Surplus": "0.5"},
            peers=peers,
        )

    async def up(self) -> IexecWorker:
        self.worker = IexecWorker(self.parts(), self.trade)
        await self.worker.start()
        return self.worker

    async def pass_time(self, seconds: float, step_s: float = 5.0) -> None:
        """Let time pass; the pool looks at the chain each half minute."""
        for step in range(max(1, round(seconds / step_s))):
            await self.clock.advance(step_s)
            if step % 6 == 5:
                await self.scheduler.detect()
                await self.clock.advance(0.0)

    async def live_until(self, done: Any, limit_s: float = 1500.0) -> None:
        passed = 0.0
        while not done() and not self.life.dead:
            assert passed < limit_s, f"not done after {limit_s:g} s: {self.story()}"
            await self.pass_time(5.0)
            passed += 5.0

    async def die(self, *, power: bool) -> None:
        """End the worker as SIGKILL does, or with *power* as the dark does: containers go as well."""
        self.life.dead = True
        worker, self.worker = self.worker, None
        if worker is not None:
            tasks = [worker._main, *worker._running.values()]
            if worker._asking is not None:
                tasks += worker._asking._errands
            for task in tasks:
                if task is not None:
                    for _ in range(20):  # whatever cleans up meets doubles that never answer
                        task.cancel()
                        await asyncio.sleep(0)
                        if task.done():
                            break
        self.life = Mortality()
        self.budget.reboot()
        if power:
            self.sandbox.cut_power()

    async def down(self) -> None:
        if self.worker is not None:
            stop = asyncio.ensure_future(self.worker.stop())
            for _ in range(60):
                await self.clock.advance(1.0)
                if stop.done():
                    break
            await stop

    def story(self) -> str:
        records = {r.stage: r.outcome for r in self.journal.records.values()}
        return f"{records} {self.scheduler.statuses} {self.ledger.sent}"

    def over(self, task_id: str) -> bool:
        record = self.journal.records.get(task_id)
        return record is not None and record.ended_utc is not None

    def headers(self) -> Mapping[str, str]:
        return self.scheduler.headers[-1]


async def closed(house: House) -> None:
    with suppress(asyncio.CancelledError):
        await house.down()
