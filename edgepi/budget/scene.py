"""What the node is made of and how it stands: what decisions and books rest on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from edgepi.budget.duties import DutyRunner
from edgepi.budget.learned import LearnedPowers
from edgepi.budget.leases import LeaseBook
from edgepi.budget.measuring import Measuring
from edgepi.clock import Clock
from edgepi.energy import Insight, Situation, SleepMeans
from edgepi.model import NodeInfo

__all__ = ["Scene"]


@dataclass(slots=True, kw_only=True)
class Scene:
    """Duties, leases and measurements of one node; *means* says how it can sleep.

    *reported_w* holds powers of consumers that are neither duty nor lease.
    """

    node: NodeInfo
    clock: Clock
    measuring: Measuring
    leases: LeaseBook
    means: Callable[[], SleepMeans]
    metered: Callable[[], bool]
    awake_since_s: float
    duties: dict[str, DutyRunner] = field(default_factory=dict)
    reported_w: dict[str, float] = field(default_factory=dict)
    learned: LearnedPowers = field(default_factory=lambda: LearnedPowers(Insight()))

    def situation(self) -> Situation:
        """Everything that a decision may rest on."""
        now = self.measuring.now
        return Situation(
            now_utc=self.clock.now(),
            monotonic_s=self.clock.monotonic(),
            awake_since_s=self.awake_since_s,
            node=self.node,
            battery=self.measuring.battery,
            panel=self.measuring.panel,
            board=self.measuring.board,
            supply=now.supply,
            soc=now.soc,
            metered=self.metered(),
            harvest_w=now.harvest_w,
            harvest_curtailed=now.harvest_curtailed,
            battery_temperature_c=now.battery_temperature_c,
            guard=now.guard,
            duties=tuple(runner.state(self.learned) for runner in self.duties.values()),
            leases=self.leases.open,
            sleep=self.means(),
        )

    def powers_w(self) -> dict[str, float]:
        """Power of each consumer: learned if known, else as stated."""
        learned = self.learned
        powers = {"node": learned.idle_w(self.measuring.board.idle_w), **self.reported_w}
        for runner in self.duties.values():
            powers[runner.consumer] = runner.state(learned).power_w(runner.level)
        for lease in self.leases.open:
            consumer = lease.offer.consumer
            powers[consumer] = powers.get(consumer, 0.0) + learned.lease_w(lease)
        return powers

    def learned_consumers(self) -> set[str]:
        """Those of `powers_w` whose power is a learned one."""
        known = {name for name, runner in self.duties.items() if self.learned.knows(name, runner.level)}
        drawing = {lease.offer.consumer for lease in self.leases.open if lease.draws}
        known |= {name for name in drawing if self.learned.knows(name, None)}
        return known | ({"node"} if self.learned.knows("node", None) else set())
