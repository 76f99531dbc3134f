"""A node that lives under a governor: true battery, true powers, a supply that is measured or not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from edgepi.energy import (
    Battery,
    Board,
    DutyNow,
    GuardLimits,
    GuardWatch,
    LeaseVerb,
    Panel,
    Situation,
    SleepMeans,
    SocEstimate,
    Verdict,
)
from edgepi.energy.priced import PricedGovernor
from edgepi.model import Decision, Guard, Lease, LeaseState, Level, NodeInfo, Offer, Supply, WakePlan

SLEEP = SleepMeans(can_cut=True, can_wake_at=True, can_wake_on_voltage=True, wake_horizon_s=14 * 86400.0)
STATES = {
    LeaseVerb.GRANT: LeaseState.GRANTED,
    LeaseVerb.REFUSE: LeaseState.REFUSED,
    LeaseVerb.WITHDRAW: LeaseState.OFFERED,
    LeaseVerb.PAUSE: LeaseState.PAUSED,
    LeaseVerb.RESUME: LeaseState.RUNNING,
    LeaseVerb.BREAK: LeaseState.BROKEN,
}


def duty(consumer: str = "camera", power_w: float = 2.0, points: float = 5.0) -> DutyNow:
    return DutyNow(
        consumer=consumer,
        levels=(Level("off", 0.0, 0.0), Level("full", power_w, points)),
        level="off",
        since_s=-1e9,
        points_per_h=points,
    )


@dataclass
class House:
    """Steps through time; *true* holds true over stated power by part, *error* what the charge is off by."""

    start: datetime
    sun_w: Callable[[datetime], float]
    governor: PricedGovernor = field(default_factory=lambda: PricedGovernor(planning="asleep"))
    duties: tuple[DutyNow, ...] = (duty(),)
    soc: float = 0.5
    sd: float = 0.0
    error: float = 0.0
    true: Mapping[str, float] = field(default_factory=dict)
    sees_sun: bool = True
    sees_load: bool = True
    starts_jobs: bool = True
    battery: Battery = field(default_factory=Battery)
    board: Board = field(default_factory=Board)
    sleep: SleepMeans = SLEEP

    def __post_init__(self) -> None:
        self.monotonic_s, self.awake_since_s = 10_000.0, 0.0
        self.passed, self.shift = timedelta(0), timedelta(0)
        self.energy_wh = self.soc * self.battery.capacity_wh
        self.awake = True
        self.wake: WakePlan | None = None
        self.leases: dict[str, Lease] = {}
        self.load_w = self.board.idle_w
        self.guards = GuardWatch(GuardLimits.of(self.battery))
        self.verdict: Verdict | None = None
        self.situation: Situation | None = None
        self.changes: list[tuple[float, str, str]] = []
        self.decisions: list[Decision] = []
        self.boots = 0
        self._told: dict[str, tuple[str, str]] = {}

    @property
    def now(self) -> datetime:
        return self.start + self.passed + self.shift

    @property
    def floor_wh(self) -> float:
        return self.battery.soc_at_rest(self.guards.state.run_v) * self.battery.capacity_wh

    def offer(self, offer: Offer) -> None:
        self.leases[offer.offer_id] = Lease(offer=offer, state=LeaseState.OFFERED, since_utc=self.now)

    def look(self) -> Situation:
        charge = self.energy_wh / self.battery.capacity_wh
        guard = self.guards.update(self.battery.rest_v(charge), self.monotonic_s)
        if self.guards.state.seen is not Guard.NONE:
            guard = self.guards.update(self.battery.rest_v(charge), self.monotonic_s + 6.0)
        sun_w = self.sun_w(self.start + self.passed)
        output_w = self.load_w * self.board.converter_efficiency
        seen = min(max(charge + self.error, 0.0), 1.0)
        return Situation(
            now_utc=self.now,
            monotonic_s=self.monotonic_s,
            awake_since_s=self.awake_since_s,
            node=NodeInfo(name="n", latitude=45.0, longitude=0.0),
            battery=self.battery,
            panel=Panel(),
            board=self.board,
            supply=Supply(time_utc=self.now, source="test", output_w=output_w) if self.sees_load else None,
            soc=SocEstimate(seen, self.sd, "board" if self.sd == 0.0 else "voltage"),
            metered=True,
            harvest_w=sun_w if self.sees_sun else None,
            guard=guard,
            duties=self.duties,
            leases=tuple(lease for lease in self.leases.values() if lease.state.open),
            sleep=self.sleep,
        )

    def step(self, step_s: float) -> None:
        """Decide if awake, carry it out, and let time pass."""
        if not self.awake and self.wake is not None and self.now >= self.wake.wake_utc:
            self.awake, self.awake_since_s = True, self.monotonic_s
            self.energy_wh -= self.board.boot_wh
            self.boots += 1
        if self.awake:
            self.situation = self.look()
            self.verdict = self.governor.decide(self.situation)
            self._carry_out(self.verdict)
        self._pass(step_s)

    def _carry_out(self, verdict: Verdict) -> None:
        for decision in verdict.decisions:
            word = (decision.action, decision.cause)
            if self._told.get(decision.subject) != word:
                self.decisions.append(decision)
            self._told[decision.subject] = word
        for step in verdict.leases:
            lease = self.leases[step.offer_id]
            self.changes.append((self.monotonic_s, step.offer_id, step.verb))
            self.leases[step.offer_id] = replace(lease, state=STATES[step.verb], since_utc=self.now)
        moved = []
        for duty_now in self.duties:
            level = verdict.levels.get(duty_now.consumer, "off")
            if level != duty_now.level:
                self.changes.append((self.monotonic_s, duty_now.consumer, level))
                duty_now = replace(duty_now, level=level, since_s=self.monotonic_s)  # noqa: PLW2901
            moved.append(duty_now)
        self.duties = tuple(moved)
        if verdict.sleep is not None:
            self.awake, self.wake = False, verdict.sleep.wake
            self.duties = tuple(replace(d, level="off", since_s=-1e9) for d in self.duties)
        elif self.starts_jobs:
            for name, lease in self.leases.items():
                if lease.state is LeaseState.GRANTED and not lease.offer.standing:
                    self.leases[name] = replace(lease, state=LeaseState.RUNNING, since_utc=self.now)

    def _power_w(self) -> float:
        if not self.awake:
            return self.board.standby_w
        power_w = self.board.idle_w * self.true.get("idle", 1.0)
        for duty_now in self.duties:
            power_w += duty_now.levels[duty_now.index(duty_now.level)].power_w * self.true.get(
                duty_now.consumer, 1.0
            )
        for lease in self.leases.values():
            power_w += lease.power_w * self.true.get(lease.offer.consumer, 1.0)
        return power_w

    def _pass(self, step_s: float) -> None:
        hours, side = step_s / 3600.0, self.battery.facts.efficiency
        self.load_w = self._power_w()
        net = (self.sun_w(self.start + self.passed) - self.load_w) * hours
        gained = net * side if net > 0 else net / side
        self.energy_wh = min(max(self.energy_wh + gained, 0.0), self.battery.capacity_wh)
        for name, lease in self.leases.items():
            if lease.draws and not lease.finishing:
                run_s = lease.run_s + step_s
                done = run_s >= lease.offer.run.duration_s
                state = LeaseState.FINISHED if done else lease.state
                self.leases[name] = replace(lease, run_s=run_s, state=state)
        self.monotonic_s += step_s
        self.passed += timedelta(seconds=step_s)

    def live(self, hours: float, step_s: float) -> None:
        for _ in range(round(hours * 3600.0 / step_s)):
            self.step(step_s)
