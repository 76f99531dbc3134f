"""One turn of the loop over energy: read, book, decide, carry out."""

from __future__ import annotations

from dataclasses import dataclass, field

from edgepi.budget.adviser import Adviser
from edgepi.budget.departure import Departure
from edgepi.budget.entities import EnergyEntities
from edgepi.budget.heartbeat import Heartbeats
from edgepi.budget.jobs import Jobs
from edgepi.budget.keeper import Keeper
from edgepi.budget.learned import LearnedPowers
from edgepi.budget.leases import LeaseBook
from edgepi.budget.measuring import Measuring
from edgepi.budget.powerlog import PowerLog
from edgepi.budget.sayings import Sayings
from edgepi.budget.scene import Scene
from edgepi.budget.telemetry import Telemetry
from edgepi.budget.teller import Teller
from edgepi.clock import Clock
from edgepi.energy import Verdict
from edgepi.model import Supply, SupplyRead
from edgepi.runtime.bus import EventBus

__all__ = ["Turn"]

FIRST_READING_S = 60.0


@dataclass(slots=True, kw_only=True)
class Turn:
    """What is done at each turn, and the *verdict* of the latest; None before the first."""

    clock: Clock
    bus: EventBus
    scene: Scene
    leases: LeaseBook
    telemetry: Telemetry
    measuring: Measuring
    adviser: Adviser
    jobs: Jobs
    departure: Departure
    heartbeats: Heartbeats
    entities: EnergyEntities
    teller: Teller
    sayings: Sayings
    power_log: PowerLog
    keeper: Keeper
    verdict: Verdict | None = None
    _supply: Supply | None = field(default=None, init=False)
    _ticked_s: float | None = field(default=None, init=False)

    async def tick(self) -> None:
        """Read, book, decide, carry out."""
        self._measure()
        self.heartbeats.beat(self.telemetry.sources)
        if self._too_early():
            return
        situation = self.scene.situation()
        self.adviser.consider(situation)
        verdict = self.verdict = self.adviser.decide(situation)
        self.scene.learned = LearnedPowers(self.adviser.insight())
        self._carry_out(verdict)
        wake = self.departure.receipt.wake_utc if self.departure.receipt else None
        self.entities.write_all(self.measuring, verdict, wake, self.clock.now())
        self.entities.consumers(self.scene.powers_w(), self.scene.learned_consumers())
        levels = {runner.consumer: runner.level for runner in self.scene.duties.values()}
        await self.teller.tell(levels, self.leases.open)
        await self.departure.consider(self.scene.situation(), verdict)
        if not self.departure.going:
            self.power_log.stayed()
        await self.power_log.save()
        if self.keeper.due:
            await self.keeper.save()

    def _too_early(self) -> bool:
        """Whether to wait for the first readings: deciding blindly would switch on what they forbid."""
        passed_s = self.clock.monotonic() - self.scene.awake_since_s
        return self.verdict is None and self.telemetry.waiting and passed_s < FIRST_READING_S

    def _measure(self) -> None:
        now_s = self.clock.monotonic()
        if self._ticked_s is not None:
            self.leases.pass_time(now_s - self._ticked_s, self.scene.learned.lease_w)
        self._ticked_s = now_s
        supply = self.telemetry.supply()
        self.measuring.take(supply, self.scene.powers_w())
        if supply is not None and supply != self._supply:
            self.bus.publish(SupplyRead(supply))
        self._supply = supply

    def _carry_out(self, verdict: Verdict) -> None:
        for decision in verdict.decisions:
            self.sayings.publish(decision)
        for consumer, level in verdict.levels.items():
            runner = self.scene.duties.get(consumer)
            if runner is not None and level in {known.name for known in runner.levels}:
                runner.want(level)
        self.jobs.carry_out(verdict.leases, self.clock.now())
