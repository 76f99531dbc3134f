"""A node on a battery: the real worker, journal, budget and governor, ended by cuts and by the dark."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from dark_market import Market, SlowChain, yes
from dark_tally import Counts, Story
from dark_time import Life, LoopClock

from edgepi.budget import BudgetService
from edgepi.compute.journal import JobJournal, JobRecord
from edgepi.compute.model import BoxedJob
from edgepi.config.settings import BatterySettings, BoardSettings, EnergySettings, PanelSettings
from edgepi.energy.priced import PricedGovernor
from edgepi.energy.settings import EngineSettings
from edgepi.model import Decision, DecisionMade, Level, NodeInfo
from edgepi.runtime.bus import EventBus
from edgepi.runtime.states import StateStore
from edgepi.sim.battery import Battery, BatterySpec
from edgepi.sim.draw import Job, NodeState, draw_table
from edgepi.sim.panel import panel_power_w
from edgepi.sim.weather import golden_weather
from edgepi.testing.boxes import FakeBox, FakeSandbox
from edgepi.testing.doubles import build_context
from edgepi.testing.power import FakeBoard, FakeDuty, FakeMachine, FakeMeter
from edgepi_iexec.config import IexecConfig
from edgepi_iexec.worker.parts import WorkerParts
from edgepi_iexec.worker.trade import OwnersTrade
from edgepi_iexec.worker.worker import IexecWorker

__all__ = ["Node"]

GOLDEN = NodeInfo(name="golden", latitude=39.74, longitude=-105.18, time_zone="America/Denver")
SETTINGS = EnergySettings(
    battery=BatterySettings(chemistry="lifepo4", capacity_wh=77.0),
    board=BoardSettings(model="pi4"),
    interval_s=60.0,
)
STATION = (Level("off", 0.0, 0.0), Level("saver", 0.004, 1.4), Level("full", 0.02, 2.0))
STEP_S = 60.0
CUT_OFF_V, RECOVERED_V = 11.6, 12.9
CUT_DELAY_S = 25.0
BOOT_S = 40.0
LOG = logging.getLogger("dark.node")


class Machine(FakeMachine):
    """Says when it halts, and keeps no list of what it was told."""

    def __init__(self, clock: LoopClock) -> None:
        super().__init__(clock)
        self.halted = asyncio.Event()

    async def tell(self, levels: Mapping[str, str], leases: Any) -> None:
        del levels, leases

    async def halt(self, reason: str) -> None:
        await super().halt(reason)
        self.halted.set()


class Boxes(FakeSandbox):
    """The container double; starting one takes a moment, and *begun* hears of each."""

    def __init__(self, node: Node) -> None:
        super().__init__(node.clock, node.market.script)
        self._node = node

    async def run(self, job: BoxedJob) -> FakeBox:
        await asyncio.sleep(self._node.dice.uniform(0.2, 3.0))
        self._node.begun(job.job_id)
        return await super().run(job)

    async def remove(self, job_id: str) -> None:
        await asyncio.sleep(self._node.dice.uniform(0.0, 0.5))
        await super().remove(job_id)

    def power_w(self, draw: Any) -> float:
        """What the running ones add at the plug."""
        running = [box for box in self.boxes.values() if not box.ended and not box.paused]
        return float(draw.board.job_w) if running else 0.0


class Journal(JobJournal):
    """The real one, which tells what it was told."""

    node: Node

    def let_go(self) -> None:
        """Close the file as the end of a machine does."""
        self._file.close()

    async def put(self, record: JobRecord) -> None:
        await super().put(record)
        self.node.put(record)


@dataclass
class Node:
    """Lives, dies and lives again; *folder* is its disk."""

    market: Market
    folder: Path
    seed: int
    cut_every_s: float
    panel_w: float = 40.0
    counts: Counts = field(default_factory=Counts)
    story: Story = field(default_factory=Story)
    governor_settings: EngineSettings = field(
        default_factory=lambda: EngineSettings(first_sweeps=4, levels=30)
    )

    def __post_init__(self) -> None:
        self.dice = random.Random(f"node {self.seed}")
        self.folder.mkdir()
        self.loop, self.clock = self.market.loop, self.market.clock
        self.weather, self.draw = golden_weather(), draw_table("pi4")
        capacity_wh = SETTINGS.battery.capacity_wh
        self.battery = Battery(BatterySpec(capacity_wh=capacity_wh), capacity_wh * 0.5)
        self.sandbox = Boxes(self)
        self.chain = SlowChain(self.market.ledger, self.market.node_key, self.dice, self._sent)
        self.state = NodeState.OFF
        self.life: Life | None = None
        self.past: list[tuple[Life, Inside]] = []
        self.records: dict[str, JobRecord] = {}
        self.meter: FakeMeter | None = None
        self.board: FakeBoard | None = None
        self.inside: Inside | None = None
        self.armed: datetime | None = None
        self.ends = False
        self.cuts_wanted = True

    # What is seen from outside

    def tell(self, what: str) -> None:
        """Note what befalls the node."""
        self.story.of_node.append((self.clock.now(), what))

    def _sent(self, task_id: str, what: str) -> None:
        self.story.of_task[task_id].append((self.clock.now(), what))
        self._touched()

    def put(self, record: JobRecord) -> None:
        """Note what the journal has on disk."""
        self.records[record.job_id] = record
        over = f", over: {record.outcome}" if record.ended_utc else ""
        error = f" ({record.data.get('error')})" if record.data.get("error") else ""
        self.story.of_task[record.job_id].append((self.clock.now(), f"{record.stage}{over}{error}"))
        self._touched()

    def heard(self, decision: Decision) -> None:
        """Note what the budget says to a task, or to the node as a whole."""
        task_id = decision.subject.rpartition(":")[2]
        if task_id.startswith("0x"):
            self.story.of_task[task_id].append((self.clock.now(), f"budget: {decision.sentence}"))
        elif decision.subject == "node":
            self.tell(decision.sentence)

    async def read_journal(self, journal: JobJournal) -> None:
        """What is on disk counts: whoever wrote it may have died before it could say so."""
        for record in await journal.history(limit=100_000):
            self.records[record.job_id] = record

    def begun(self, task_id: str) -> None:
        """Note that a container starts; there must be no result yet."""
        record = self.records.get(task_id)
        self.story.of_task[task_id].append((self.clock.now(), "container starts"))
        if record is not None and record.data.get("digest") is not None:
            self.counts.computed_twice += 1
            self.counts.wrong.append(f"{task_id} is computed though its result is there")
        self._touched()

    # Time and energy

    async def pass_time(self) -> None:
        """Let sun and battery go on, for ever."""
        while True:
            await asyncio.sleep(STEP_S)
            self._step()

    def _step(self) -> None:
        wall_s = self.clock.now().timestamp()
        panel_w = panel_power_w(self.weather.at(wall_s).poa_w_m2, self.panel_w)
        jobs_w = self.sandbox.power_w(self.draw) if self.state is NodeState.UP else 0.0
        jobs = (Job("job", "iexec", "running"),) if jobs_w else ()
        load_w = self.draw.battery_w(self.draw.node_w(self.state, {"weather": "full"}, jobs))
        self.battery.step(panel_w, load_w, STEP_S)
        self.counts.task_wh += jobs_w / self.draw.converter_efficiency * STEP_S / 3600.0
        self.counts.up_h += (self.state is NodeState.UP) * STEP_S / 3600.0
        self.counts.lowest_soc = min(self.counts.lowest_soc, self.battery.soc)
        self.show()
        if self.state is NodeState.UP and self.battery.terminal_v < CUT_OFF_V:
            self.counts.dark_cuts += 1
            self._cut(f"the board cuts at {self.battery.terminal_v:.2f} V")

    def show(self) -> None:
        """Have meter and board read what is."""
        if self.meter is None or self.board is None:
            return
        volts = round(self.battery.terminal_v / 0.004) * 0.004
        self.meter.values = {
            "input_w": self.battery.accepted_w,
            "battery_v": volts,
            "battery_a": self.battery.current_a,
        }
        self.board.values = {"battery_v": volts}

    # Cuts

    def _touched(self) -> None:
        """Something with consequences was done: an aimed cut strikes within a few steps of it."""
        if self._aimed and self.life is not None and self.life.fuse is None and not self.life.dead:
            self._aimed = False
            self.life.fuse = self.dice.randrange(40)

    _aimed = False

    async def cutting(self) -> None:
        """Cut the power at random, for ever: half of the time in the middle of something."""
        while True:
            await asyncio.sleep(self.dice.expovariate(1.0 / self.cut_every_s))
            if not self.cuts_wanted:
                return
            if self.dice.random() < 0.6:
                self._aimed = True
            elif self.life is not None and not self.life.dead and self.state is NodeState.UP:
                self._cut("the power is cut")

    async def losing_touch(self) -> None:
        """Let the node's way to the chain be down for some minutes twice a day, for ever."""
        while True:
            await asyncio.sleep(self.dice.expovariate(1.0 / 43_200.0))
            for_s = self.dice.uniform(60.0, 600.0)
            self.tell(f"the chain cannot be reached for {for_s:.0f} s")
            self.chain.faults.down_until_s = self.clock.monotonic() + for_s

    def _cut(self, why: str) -> None:
        if self.life is not None and not self.life.dead:
            self.tell(why)
            self.life.end()

    # Lives

    async def live(self) -> None:
        """Live one life after the other until *ends*."""
        while not self.ends:
            self.state = NodeState.BOOTING
            await asyncio.sleep(BOOT_S)
            outage_s = await self._one_life()
            self.state = NodeState.OFF
            await self._dark(outage_s)

    async def _one_life(self) -> float | None:
        """Returns how long an outage lasts; None if the board wakes the node when it was told to."""
        self.state, self.life = NodeState.UP, Life()
        self.tell(f"up, {self.battery.soc:.0%}")
        life, parts = self.life, Inside(self)
        self.inside = parts
        work = life.begin(parts.live())
        ended = asyncio.ensure_future(life.ended.wait())
        await asyncio.wait((work, ended), return_when=asyncio.FIRST_COMPLETED)
        ended.cancel()
        planned = work.done() and not life.dead
        if planned:
            work.result()
        self._count_declined(parts)
        self.life = self.meter = self.inside = None
        self.sandbox.cut_power()
        self.past.append((life, parts))
        parts.let_go()
        if planned:
            self.counts.sleeps += 1
            self.tell(f"sleeps until {self.armed:%d %H:%M}" if self.armed else "sleeps")
            return None
        self.counts.cuts += 1
        self.tell("dark")
        return self.dice.choice((60.0, 120.0, 300.0, self.dice.uniform(300.0, 1200.0)))

    def _count_declined(self, parts: Inside) -> None:
        if parts.worker is not None:
            self.counts.declined += parts.worker.status.declined

    async def _dark(self, outage_s: float | None) -> None:
        """Wait for power: after an outage, at the alarm, or when the battery has recovered."""
        low = self.battery.terminal_v < CUT_OFF_V
        if outage_s is not None and not low:
            await asyncio.sleep(outage_s)
            return
        while not self.ends:
            await asyncio.sleep(STEP_S)
            volts = self.battery.terminal_v
            alarm = self.armed is not None and self.clock.now() >= self.armed
            if (low and volts >= RECOVERED_V) or (alarm and volts > CUT_OFF_V + 0.3):
                return


class Inside:
    """What runs on the node in one life; nothing of it is heard of again afterwards."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.clock = LoopClock(node.loop, node.market.origin)
        self.machine = Machine(self.clock)
        self.session = node.market.session()
        self.journal = Journal(node.folder / "jobs.db", log=LOG, keep=100_000)
        self.journal.node = node
        self.worker: IexecWorker | None = None
        self.budget = self._budget()

    def _budget(self) -> BudgetService:
        node, clock = self.node, self.clock
        bus = EventBus()
        bus.listen(DecisionMade, lambda made: node.heard(made.decision), name="dark")
        self.states = StateStore(bus, clock)
        budget = BudgetService(
            settings=replace(SETTINGS, panel=PanelSettings(peak_w=node.panel_w)),
            node=GOLDEN,
            clock=clock,
            bus=bus,
            states=self.states,
            machine=self.machine,
            governor=PricedGovernor(node.governor_settings),
            state_dir=node.folder,
        )
        node.meter, node.board = FakeMeter(clock), FakeBoard(clock)
        node.meter.interval_s = node.board.interval_s = 60.0
        node.board.shows = None
        node.show()
        budget.add_meter(node.meter, "meter")
        budget.add_controller(node.board, "board")
        budget.add_duty(FakeDuty(*STATION), "weather", 2.0)
        return budget

    async def live(self) -> None:
        """From the end of the boot to the halt, and what is put in order before the board cuts."""
        await self.budget.start()
        await self.journal.open()
        await self.node.read_journal(self.journal)
        context = build_context(
            config=IexecConfig(pool=self.node.market.address, scheduler="", cpus=4.0),
            clock=self.clock,
            state_dir=self.node.folder,
            plugin="iexec",
            budget=self.budget,  # type: ignore[arg-type]
        )
        self.trade = await OwnersTrade.open(context)
        self.worker = IexecWorker(self._parts(), self.trade)
        await self.worker.start()
        await self.machine.halted.wait()
        self.node.armed = self.node.board.plan.wake_utc if self.node.board and self.node.board.plan else None
        with suppress(TimeoutError):
            async with asyncio.timeout(CUT_DELAY_S):
                await self.worker.stop()
                await self.trade.close()
                await self.journal.close()
                await self.budget.stop()

    def _parts(self) -> WorkerParts:
        node = self.node

        async def connect(_: Any) -> SlowChain:
            return node.chain

        async def http() -> Any:
            return self.session

        settings = node.market.worker_settings("node")
        return WorkerParts(
            settings=settings,
            connect_chain=connect,
            boxes=lambda: node.sandbox,
            ready=yes,
            journal=self.journal,
            http=http,
            budget=self.budget,
            clock=self.clock,
            log=LOG,
            folder=node.folder,
            energy=lambda: {"X-EdgePi-Surplus": f"{node.battery.soc:.3f}"},
        )

    def let_go(self) -> None:
        """Close what the machine would have lost with its memory."""
        self.journal.let_go()
        self.closing = asyncio.ensure_future(self.session.close())
