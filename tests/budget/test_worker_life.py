"""The whole life of a job that comes under a standing offer: nights, sleeps, reboots, deadlines."""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from edgepi.config.settings import BatterySettings, EnergySettings
from edgepi.energy import Battery, Governor
from edgepi.energy.priced import PricedGovernor
from edgepi.energy.settings import EngineSettings
from edgepi.model import FinishPhase, LeaseState, Offer, RunPhase, WaitPhase
from edgepi.plugin import LeaseHandle
from edgepi.testing.power import FakeDuty
from tests.budget.conftest import NOON, Bench

STEP_S = 120.0
IDLE_W, JOB_W, BOOT_WH = 2.4, 3.0, 0.06
RUN, FINISH_S, WAIT_H, DEADLINE_H = RunPhase(energy_wh=3.0, duration_s=3600.0), 300.0, 4.0, 6.0


def by_price() -> Governor:
    return PricedGovernor(EngineSettings(first_sweeps=4, levels=30), numpy=False)


@dataclass
class Worker:
    """Holds a standing offer; under it makes a real one while there is work, and sees it through."""

    works: bool = True
    done: list[str] = field(default_factory=list)
    late: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    count: int = 0
    job: Offer | None = None
    handle: LeaseHandle | None = None
    standing: LeaseHandle | None = None

    def reboot(self) -> None:
        """Forget what a process holds; the committed job is on disk."""
        if self.handle is not None and self.handle.lease.state is not LeaseState.COMMITTED:
            self.job = None
        self.handle = self.standing = None

    async def look(self, bench: Bench) -> None:
        now = bench.clock.now()
        if self.standing is None:
            offer = Offer(
                offer_id="standing", consumer="worker", title="", value_points=6.0, run=RUN, standing=True
            )
            self.standing = await bench.budget.offer(offer)
        if self.job is not None and self.handle is None:
            self.handle = await bench.budget.offer(self.job)
        if self.handle is None:
            if self.works and self.standing.lease.state is LeaseState.GRANTED:
                self.count += 1
                self.job = Offer(
                    offer_id=f"job-{self.count}",
                    consumer="worker",
                    title="",
                    value_points=6.0,
                    run=RUN,
                    wait=WaitPhase(until_utc=now + timedelta(hours=1.0 + WAIT_H)),
                    finish=FinishPhase(
                        energy_wh=0.4, duration_s=FINISH_S, deadline_utc=now + timedelta(hours=DEADLINE_H)
                    ),
                )
                self.handle = await bench.budget.offer(self.job)
            return
        await self.go_on(now)

    async def go_on(self, now: datetime) -> None:
        assert self.handle is not None
        assert self.job is not None
        wait, finish = self.job.wait, self.job.finish
        assert wait is not None
        assert finish is not None
        lease = self.handle.lease
        if not lease.state.open:
            self.refused.append(f"{lease.offer.offer_id} {lease.sentence}")
            self.job = self.handle = None
        elif lease.state is LeaseState.GRANTED:
            await self.handle.started()
        elif lease.state is LeaseState.RUNNING and lease.run_s >= RUN.duration_s:
            await self.handle.commit()
        elif lease.state is LeaseState.COMMITTED and not lease.finishing:
            if now >= wait.until_utc:
                await self.handle.started()
        elif lease.finishing and (now - wait.until_utc).total_seconds() >= FINISH_S:
            await self.handle.finished()
            ok = now <= finish.deadline_utc
            (self.done if ok else self.late).append(lease.offer.offer_id)
            self.job = self.handle = None


@dataclass
class Life:
    """A node with a true battery; what the board cuts it also wakes."""

    bench: Bench
    worker: Worker
    charge: float
    sun_w: float = 30.0
    battery: Battery = field(default_factory=lambda: Battery.of("lifepo4", 77.0))
    boots: int = 0
    asleep_s: float = 0.0
    lowest: float = 1.0
    slept_late: list[datetime] = field(default_factory=list)

    def harvest_w(self) -> float:
        hour = (self.bench.clock.now() - NOON).total_seconds() / 3600.0
        return self.sun_w * max(0.0, math.cos(hour * math.pi / 12.0))

    def flow(self, load_w: float, seconds: float) -> None:
        net = (self.harvest_w() - load_w) * seconds / 3600.0
        self.charge += (net * 0.95 if net > 0 else net / 0.95) / self.battery.capacity_wh
        self.charge = min(max(self.charge, 0.0), 1.0)
        self.lowest = min(self.lowest, self.charge)
        values = {
            "battery_v": self.battery.rest_v(self.charge),
            "battery_a": net * 3600.0 / seconds / self.battery.nominal_v,
            "input_w": self.harvest_w(),
        }
        self.bench.meter.values = values
        self.bench.board.values = {"battery_v": values["battery_v"]}

    async def up(self) -> None:
        self.bench.events.clear()
        self.bench.budget.add_meter(self.bench.meter, "meter")
        self.bench.budget.add_controller(self.bench.board, "board")
        self.bench.budget.add_duty(FakeDuty(), "station", 5.0)
        await self.bench.budget.start()

    async def live(self, hours: float) -> None:
        ends = self.bench.clock.now() + timedelta(hours=hours)
        while self.bench.clock.now() < ends:
            await self.step()

    async def step(self) -> None:
        bench = self.bench
        draws = sum(lease.power_w for lease in bench.budget.leases.open)
        self.flow(IDLE_W + 1.0 + draws, STEP_S)
        await bench.pass_time(STEP_S, STEP_S)
        while bench.budget._adviser.thinking:  # noqa: ASYNC110 (a thread of real time)
            await asyncio.sleep(0.002)
        if "halt" in bench.events:
            await self.sleep()
        else:
            await self.worker.look(bench)

    async def sleep(self) -> None:
        bench = self.bench
        assert bench.board.plan is not None
        wake = bench.board.plan.wake_utc
        lease = next((x for x in bench.budget.leases.open if x.state is LeaseState.COMMITTED), None)
        assert not any(x.draws for x in bench.budget.leases.open)
        if lease is not None and lease.offer.finish is not None:
            spare = lease.offer.finish.deadline_utc - timedelta(seconds=FINISH_S + 600.0)
            if wake > spare:
                self.slept_late.append(wake)
        await bench.budget.stop()
        self.worker.reboot()
        while bench.clock.now() < wake:
            self.flow(0.1, STEP_S)
            await bench.clock.advance(STEP_S)
            self.asleep_s += STEP_S
        self.charge -= BOOT_WH / self.battery.capacity_wh
        self.boots += 1
        bench.governor = by_price()
        bench.budget = bench.build()
        await self.up()


async def lived(
    tmp_path: Path, *, charge: float, hours: float, sun_w: float = 30.0, worker: Worker | None = None
) -> Life:
    settings = replace(EnergySettings(), battery=BatterySettings(capacity_wh=77.0))
    bench = Bench(tmp_path, governor=by_price(), settings=settings)
    life = Life(bench, worker or Worker(), charge, sun_w)
    life.flow(IDLE_W, STEP_S)
    await life.up()
    try:
        await life.live(hours)
    finally:
        await bench.budget.stop()
    return life


@pytest.mark.slow
async def test_jobs_are_seen_through_and_their_deadlines_met_over_a_night(tmp_path: Path) -> None:
    life = await lived(tmp_path, charge=0.5, hours=22.0)
    assert len(life.worker.done) >= 3
    assert not life.worker.late
    assert not life.slept_late


@pytest.mark.slow
async def test_a_poor_node_sleeps_its_night_and_still_keeps_what_it_promised(tmp_path: Path) -> None:
    life = await lived(tmp_path, charge=0.3, hours=26.0, sun_w=9.0)
    assert life.boots > 0
    assert not life.worker.late
    assert not life.slept_late
    assert life.lowest > 0.05


@dataclass
class Asker(Worker):
    """Waits for a consensus that nobody foresees: after it there are two hours, whenever it comes."""

    consensus_utc: datetime | None = None
    looks: list[datetime] = field(default_factory=list)

    async def go_on(self, now: datetime) -> None:
        assert self.handle is not None
        assert self.job is not None
        lease = self.handle.lease
        if lease.state is LeaseState.RUNNING and lease.run_s >= RUN.duration_s:
            await self.handle.move_deadline(now + WINDOW)
            await self.handle.commit()
            self.consensus_utc = now + timedelta(hours=WAITS_H[self.count % len(WAITS_H)])
        elif lease.state is LeaseState.COMMITTED:
            await self.see_through(now)
        else:
            await super().go_on(now)

    async def see_through(self, now: datetime) -> None:
        assert self.handle is not None
        assert self.consensus_utc is not None
        if not self.handle.lease.finishing:
            self.looks.append(now)
            if now < self.consensus_utc:
                await self.handle.move_deadline(now + WINDOW)
                return
            await self.handle.move_deadline(self.consensus_utc + WINDOW)
            await self.handle.started()
            return
        if (now - self.looks[-1]).total_seconds() >= FINISH_S:
            await self.handle.finished()
            ok = now <= self.consensus_utc + WINDOW
            (self.done if ok else self.late).append(self.handle.lease.offer.offer_id)
            self.job = self.handle = None


WINDOW = timedelta(hours=2)
WAITS_H = (0.1, 7.0, 3.3)


@pytest.mark.slow
async def test_a_deadline_that_nobody_knows_yet_is_met_by_looking_in_time(tmp_path: Path) -> None:
    worker = Asker()
    life = await lived(tmp_path, charge=0.5, hours=20.0, sun_w=14.0, worker=worker)
    assert life.boots > 0
    assert len(worker.done) >= 2
    assert not worker.late
