"""What a governor is told, what it answers, and the interface that every governor has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from edgepi.energy.battery import Battery, Board, Panel
from edgepi.energy.soc import SocEstimate
from edgepi.model import (
    Answer,
    Decision,
    Guard,
    Importance,
    Lease,
    Level,
    NodeInfo,
    Offer,
    Plan,
    SunForecast,
    Supply,
    WakePlan,
)

__all__ = [
    "DutyNow",
    "Governor",
    "GuardState",
    "Insight",
    "LearnedLoad",
    "LeaseVerb",
    "LeaseVerdict",
    "Situation",
    "SleepMeans",
    "SleepPlan",
    "Verdict",
]

_SURE_H = 1.0
_EXCESS = 1.5
_EXCESS_W = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class DutyNow:
    """One duty: its levels (*off* first), the one applied, and since when (monotonic).

    *learned_w* holds measured powers of levels where there are any.
    """

    consumer: str
    levels: tuple[Level, ...]
    level: str
    since_s: float
    points_per_h: float
    learned_w: Mapping[str, float] = field(default_factory=dict)

    def index(self, name: str) -> int:
        """Place of a level in the list; an unknown name counts as off."""
        for place, level in enumerate(self.levels):
            if level.name == name:
                return place
        return 0

    def power_w(self, name: str) -> float:
        """Power of a level above the idle node: measured if known, else as stated."""
        return self.learned_w.get(name, self.levels[self.index(name)].power_w)

    def points(self, name: str) -> float:
        """Points per hour of a level: as its duty states them, scaled to what the whole is worth here."""
        index, full = self.index(name), self.levels[-1].points_per_h
        if full <= 0.0:
            return self.points_per_h * index / max(1, len(self.levels) - 1)
        return self.levels[index].points_per_h * (self.points_per_h / full)

    @property
    def vital(self) -> bool:
        """Whether it is shed last."""
        return self.points_per_h >= Importance.VITAL.points_per_h


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardState:
    """The guards on measured voltage.

    *latched* has outlasted the debounce and holds until the voltage has recovered; *seen* is
    what the latest reading alone says, and is enough to switch nothing on.
    """

    latched: Guard = Guard.NONE
    seen: Guard = Guard.NONE
    since_s: float = 0.0
    voltage_v: float | None = None
    run_v: float = 0.0
    commit_v: float = 0.0

    @property
    def worst(self) -> Guard:
        """The lower of *latched* and *seen*."""
        if self.latched is self.seen:
            return self.latched
        order = (Guard.NONE, Guard.RUN, Guard.COMMIT)
        return max(self.latched, self.seen, key=order.index)


@dataclass(frozen=True, slots=True, kw_only=True)
class SleepMeans:
    """Whether the node can be switched off, and what would switch it on again.

    *recovers_from_low_only*: a recovery voltage may be armed in any battery, see `PowerCapabilities`.
    """

    can_cut: bool = False
    can_wake_at: bool = False
    can_wake_on_voltage: bool = False
    wake_horizon_s: float = 0.0
    recovers_from_low_only: bool = False

    @property
    def usable(self) -> bool:
        """Whether a planned sleep is possible at all."""
        return self.can_cut and self.can_wake_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """Everything that a decision may rest on, at one moment.

    *supply* holds only fresh values; *soc* is None when nothing ever measured the battery, and
    *metered* says whether anything should; *harvest_w* is what the panel gives now, measured or
    derived, and *harvest_curtailed* whether it could give more than the battery takes, None where
    nobody can tell.
    """

    now_utc: datetime
    monotonic_s: float
    awake_since_s: float
    node: NodeInfo
    battery: Battery
    panel: Panel
    board: Board
    supply: Supply | None = None
    soc: SocEstimate | None = None
    metered: bool = False
    harvest_w: float | None = None
    harvest_curtailed: bool | None = None
    battery_temperature_c: float | None = None
    guard: GuardState = field(default_factory=GuardState)
    duties: tuple[DutyNow, ...] = ()
    leases: tuple[Lease, ...] = ()
    sleep: SleepMeans = field(default_factory=SleepMeans)

    @property
    def stored_wh(self) -> float | None:
        """Energy in the battery above empty."""
        return None if self.soc is None else self.soc.soc * self.battery.capacity_wh

    @property
    def load_w(self) -> float:
        """Stated or learned power of everything that runs, the idle node included."""
        duties = sum(duty.power_w(duty.level) for duty in self.duties)
        return self.board.idle_w + duties + sum(lease.power_w for lease in self.leases)


class LeaseVerb(StrEnum):
    """What shall become of a lease."""

    GRANT = "grant"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"
    PAUSE = "pause"
    RESUME = "resume"
    BREAK = "break"


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseVerdict:
    """One lease's next step and why."""

    offer_id: str
    verb: LeaseVerb
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SleepPlan:
    """Switch off now and on again as *wake* says.

    *forced*: go even if the board cannot be sure to wake the node, because staying up would
    run the battery into the board's own cut-off.
    """

    wake: WakePlan
    sentence: str
    forced: bool = False
    numbers: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What shall be: a level for each duty, steps of leases, sleep, the price, and why.

    *decisions* holds one for each subject about which there is something to say, changed or not;
    whoever publishes them leaves out what was said before.
    """

    levels: Mapping[str, str]
    leases: tuple[LeaseVerdict, ...] = ()
    sleep: SleepPlan | None = None
    price_points_per_wh: float = 0.0
    plan: Plan | None = None
    decisions: tuple[Decision, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnedLoad:
    """What one part of the load really draws (W at the battery), beside what it states.

    *part* is ``idle``, ``consumer:level`` or ``consumer:run``; *hours* how long it was measured.
    """

    part: str
    stated_w: float
    learned_w: float
    hours: float = 0.0

    @property
    def excessive(self) -> bool:
        """Whether it uses much more than it said."""
        return self.hours >= _SURE_H and self.learned_w > _EXCESS * self.stated_w + _EXCESS_W


@dataclass(frozen=True, slots=True, kw_only=True)
class Insight:
    """What a governor has learned and expects, for people; None where it does not say.

    *clearness_today* is the day's expected harvest over a clear day's; *forecast_sd* the spread
    that was learned of forecasts of today's clearness; *floor_wh* the charge that is never sold.
    """

    days_learned: int = 0
    clearness_today: float | None = None
    clear_day_wh: float | None = None
    harvest_left_wh: float | None = None
    harvest_tomorrow_wh: float | None = None
    forecast_source: str = ""
    forecast_sd: float | None = None
    floor_wh: float | None = None
    loads: tuple[LearnedLoad, ...] = ()


class Governor(Protocol):
    """Chooses levels, answers offers and plans sleep; holds memory, but does no I/O.

    `prepare`, `decide` and `tell_forecast` may change the memory; the questions may not. Whoever
    keeps an event loop going runs `prepare` in another thread when it is `due`; meanwhile `decide`
    is not called, but the questions are. Where nobody does, `decide` prepares itself.
    """

    name: str

    def due(self, situation: Situation) -> bool:
        """Whether there is something to think over that takes long."""

    def prepare(self, situation: Situation) -> None:
        """Think it over."""

    def tell_forecast(self, forecast: SunForecast) -> None:
        """Take in a forecast of the sun."""

    def insight(self) -> Insight:
        """What was learned and is expected."""

    def decide(self, situation: Situation) -> Verdict:
        """Say what shall be now."""

    def would_grant(self, situation: Situation, offer: Offer) -> Answer:
        """Answer an offer without granting it."""

    def may_commit(self, situation: Situation, lease: Lease) -> Answer:
        """Say whether the finish phase of a lease is safe, whatever comes."""

    def wake_plan(self, situation: Situation) -> WakePlan:
        """Say when the node should come back if it went down now."""

    def memory(self) -> Mapping[str, Any]:
        """What must outlive a restart, as JSON-able values."""

    def recall(self, memory: Mapping[str, Any]) -> None:
        """Take over an earlier `memory`; what does not fit is ignored."""
