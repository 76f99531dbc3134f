"""The energy contract: levels, offers with phases, leases, guards, decisions.

Power always means what a thing adds above the idle node. Value is counted in points.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from edgepi.model.importance import Importance

__all__ = [
    "Answer",
    "Decision",
    "FinishPhase",
    "Guard",
    "Importance",
    "Lease",
    "LeaseState",
    "Level",
    "Offer",
    "Plan",
    "PlanStep",
    "RunPhase",
    "SunForecast",
    "WaitPhase",
]


@dataclass(frozen=True, slots=True)
class Level:
    """One way to do a duty; the first level of a duty is *off* with zero power and points."""

    name: str
    power_w: float
    points_per_h: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPhase:
    """The work itself."""

    energy_wh: float
    duration_s: float
    pausable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitPhase:
    """Waiting for others, without power but for a check now and then.

    With *check_every_s* a deadline that is not known yet may come so soon after any check: the finish
    phase's is then the earliest one possible, and moves on with each check, at most until *until_utc*.
    """

    until_utc: datetime
    check_every_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishPhase:
    """What must be done before a deadline once committed."""

    energy_wh: float
    duration_s: float
    deadline_utc: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A finite job's request for energy; *value_points* is what it is worth when finished.

    A *standing* offer is never run itself: while granted, its energy is held free so that a
    real offer of the same consumer can be granted at once. One that is not *usual* is for this once:
    energy is not priced as if its like came on other days too.
    """

    offer_id: str
    consumer: str
    title: str
    value_points: float
    run: RunPhase
    wait: WaitPhase | None = None
    finish: FinishPhase | None = None
    standing: bool = False
    usual: bool = True

    @property
    def power_w(self) -> float:
        """Mean power of the run phase above the idle node."""
        return self.run.energy_wh * 3600.0 / self.run.duration_s

    @property
    def energy_wh(self) -> float:
        """Energy of run and finish together."""
        return self.run.energy_wh + (self.finish.energy_wh if self.finish else 0.0)


class LeaseState(StrEnum):
    """Life of a lease."""

    OFFERED = "offered"
    REFUSED = "refused"
    GRANTED = "granted"
    RUNNING = "running"
    PAUSED = "paused"
    COMMIT_ASKED = "commit_asked"
    COMMITTED = "committed"
    FINISHED = "finished"
    GIVEN_BACK = "given_back"
    BROKEN = "broken"

    @property
    def open(self) -> bool:
        """Whether the lease still binds anybody."""
        return self not in _CLOSED


_CLOSED = frozenset({LeaseState.REFUSED, LeaseState.FINISHED, LeaseState.GIVEN_BACK, LeaseState.BROKEN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """An offer with where it stands; replaced, never changed.

    *finishing* is true from the start of a committed lease's finish phase.
    """

    offer: Offer
    state: LeaseState
    since_utc: datetime
    used_wh: float = 0.0
    run_s: float = 0.0
    sentence: str = ""
    finishing: bool = False

    @property
    def draws(self) -> bool:
        """Whether the job draws power now."""
        running = self.state in (LeaseState.RUNNING, LeaseState.COMMIT_ASKED)
        return running or (self.state is LeaseState.COMMITTED and self.finishing)

    @property
    def power_w(self) -> float:
        """Stated power above the idle node now."""
        finish = self.offer.finish
        if self.finishing and finish is not None:
            return finish.energy_wh * 3600.0 / finish.duration_s
        return self.offer.power_w if self.draws else 0.0


class Guard(StrEnum):
    """Which of the guards on measured voltage is in force."""

    NONE = "none"
    RUN = "run"
    COMMIT = "commit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Something decided, why, and the numbers behind it.

    *subject* is a consumer, an offer id or ``node``; *action* a short verb such as
    ``level``, ``grant``, ``refuse``, ``pause``, ``sleep``; *numbers* are what the
    sentence quotes, with unit in the key. *cause* tells reasons apart for one action: while
    action and cause stay the same, changing numbers are no new decision.
    """

    time_utc: datetime
    subject: str
    action: str
    sentence: str
    numbers: Mapping[str, float] = field(default_factory=dict)
    cause: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """Yes or no with its reason."""

    yes: bool
    sentence: str
    numbers: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanStep:
    """What is expected from *start_utc* on; *stored_wh* as it begins.

    *runs* says who runs how: a level by consumer, ``run`` by offer id or kind of job.
    """

    start_utc: datetime
    awake: bool
    price_points_per_wh: float
    harvest_w: float
    load_w: float
    stored_wh: float
    runs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The expected course of the next days, in steps that last until the next begins."""

    made_utc: datetime
    steps: tuple[PlanStep, ...] = ()
    sleep_utc: datetime | None = None
    wake_utc: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SunForecast:
    """How much sun somebody expects: mean W/m2 in steps of *step_h* hours from *start_utc* on.

    In the plane of the panel where the source can tell, else on level ground: only its relation to
    a clear sky counts, and what is wrong with that is learned. NaN where nothing is said.
    """

    issued_utc: datetime
    start_utc: datetime
    irradiance_w_m2: tuple[float, ...]
    step_h: float = 1.0
    tilted: bool = True
    source: str = ""
