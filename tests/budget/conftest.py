from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from edgepi.budget import BudgetService
from edgepi.config.settings import EnergySettings
from edgepi.energy import Governor, ThresholdGovernor
from edgepi.energy.sentences import zone
from edgepi.model import (
    Decision,
    DecisionMade,
    FinishPhase,
    Lease,
    LeaseChanged,
    LevelChanged,
    NodeInfo,
    Offer,
    PowerGoing,
    RunPhase,
    SupplyRead,
)
from edgepi.runtime.bus import EventBus
from edgepi.runtime.states import StateStore
from edgepi.testing.clock import ManualClock, settle
from edgepi.testing.power import FakeBoard, FakeMachine, FakeMeter

# A summer noon in Munich.
NOON = datetime(2025, 6, 1, 10, 0, tzinfo=UTC)
zone("Europe/Berlin")  # read from disk once, before any event loop runs
NODE = NodeInfo(name="n", latitude=48.1, longitude=11.6, time_zone="Europe/Berlin")


@dataclass
class Bench:
    """A budget with a clock, a bus and a machine, and everything that it published."""

    state_dir: Path
    clock: ManualClock = field(default_factory=lambda: ManualClock(NOON))
    events: list[str] = field(default_factory=list)
    published: list[Any] = field(default_factory=list)
    governor: Governor = field(default_factory=ThresholdGovernor)
    settings: EnergySettings = field(default_factory=EnergySettings)
    troubles: list[tuple[str, str | None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.bus = EventBus()
        self.states = StateStore(self.bus, self.clock)
        self.machine = FakeMachine(self.clock, events=self.events)
        self.board = FakeBoard(self.clock, events=self.events, battery_v=13.3)
        self.meter = FakeMeter(self.clock, battery_v=13.3, battery_a=0.0)
        for kind in (SupplyRead, DecisionMade, LevelChanged, LeaseChanged, PowerGoing):
            self.bus.listen(kind, self.published.append, name="bench")
        self.budget = self.build()

    def build(self) -> BudgetService:
        return BudgetService(
            settings=self.settings,
            node=NODE,
            clock=self.clock,
            bus=self.bus,
            states=self.states,
            machine=self.machine,
            governor=self.governor,
            state_dir=self.state_dir,
            mask=lambda text: text.replace("hunter2", "****"),
            on_trouble=lambda name, trouble: self.troubles.append((name, trouble)),
        )

    async def pass_time(self, seconds: float, step_s: float = 10.0) -> None:
        for _ in range(round(seconds / step_s)):
            await self.clock.advance(step_s)
            async with self.budget._rounds.going_round:  # a save in its thread may still be under way
                pass
            await settle()

    def decisions(self, subject: str | None = None) -> list[Decision]:
        made = [event.decision for event in self.published if isinstance(event, DecisionMade)]
        return [d for d in made if subject is None or d.subject == subject]

    def said(self, subject: str) -> list[str]:
        return [decision.sentence for decision in self.decisions(subject)]

    def leases(self) -> list[Lease]:
        return [event.lease for event in self.published if isinstance(event, LeaseChanged)]

    def value(self, key: str) -> Any:
        state = self.states.get(f"energy.{key}")
        return state.value if state else None


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    made = Bench(tmp_path)
    yield made
    await made.budget.stop()


@pytest.fixture
def make_offer() -> Callable[..., Offer]:
    def make(offer_id: str = "job-1", *, deadline_h: float | None = None, **changes: Any) -> Offer:
        finish = None
        if deadline_h is not None:
            deadline = NOON + timedelta(hours=deadline_h)
            finish = FinishPhase(energy_wh=0.4, duration_s=300.0, deadline_utc=deadline)
        run = changes.pop("run", RunPhase(energy_wh=3.0, duration_s=3600.0))
        return Offer(
            offer_id=offer_id,
            consumer="iexec",
            title="a job",
            value_points=1.0,
            run=run,
            finish=finish,
            **changes,
        )

    return make
