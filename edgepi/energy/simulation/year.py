"""Steps a simulated node through a trace with some policy, and keeps the books."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from edgepi.energy.simulation.plant import Plant
from edgepi.energy.simulation.trace import Trace

__all__ = ["Outcome", "Policy", "View", "Wish", "simulate"]


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What a policy is shown at the start of a step; *harvest_w* and *load_w* of the step before.

    *job_h* is how much of the running job is done, None if none runs; *curtailed* whether the panel could
    have given more than *harvest_w*.
    """

    index: int
    energy_wh: float
    harvest_w: float | None
    load_w: float
    battery_w: float
    awake: bool
    loads: tuple[str, ...]
    job_h: float | None
    curtailed: bool = False


@dataclass(frozen=True, slots=True)
class Wish:
    """What a policy wants to run in the step, as picks of the plant; nothing at all means off.

    *looked*: the node was switched on to ask, and off again at once.
    """

    loads: tuple[str, ...] = ()
    job: bool = False
    looked: bool = False


class Policy(Protocol):
    """Chooses what runs."""

    def decide(self, view: View) -> Wish:
        """Choose for one step."""


@dataclass(slots=True, kw_only=True)
class Outcome:
    """Sums of a run: steps by load and by pick, energy, points; and what was so at each step.

    *cold_wh* is what the panel could have given but the battery was too cold for, a part of what spilled.
    """

    steps: int = 0
    step_h: float = 0.5
    on_steps: dict[str, int] = field(default_factory=dict)
    pick_steps: dict[str, int] = field(default_factory=dict)
    awake_steps: int = 0
    job_steps: int = 0
    jobs_started: int = 0
    jobs_finished: int = 0
    compute_hours_finished: float = 0.0
    unplanned_cuts: int = 0
    strict_cuts: int = 0
    boots: int = 0
    harvested_wh: float = 0.0
    spilled_wh: float = 0.0
    charged_wh: float = 0.0
    used_wh: float = 0.0
    lost_wh: float = 0.0
    cold_wh: float = 0.0
    points: float = 0.0
    stored_wh: list[float] = field(default_factory=list)
    wishes: list[Wish] = field(default_factory=list)
    step_spilled_wh: list[float] = field(default_factory=list)

    @property
    def hours(self) -> float:
        """Length of the run."""
        return self.steps * self.step_h

    @property
    def compute_hours_started(self) -> float:
        """Hours in which a job ran, finished or not."""
        return self.job_steps * self.step_h

    @property
    def running(self) -> list[int]:
        """How many sorts of work ran at each step: none, duties or a job, both."""
        return [bool(wish.loads) + wish.job for wish in self.wishes]

    def availability(self, load: str) -> float:
        """Share of all hours in which a load was on."""
        return self.on_steps.get(load, 0) / self.steps if self.steps else 0.0


class _Node:
    """True state of the plant."""

    def __init__(self, plant: Plant) -> None:
        self.plant, self.store, self.picks = plant, plant.store, plant.picks
        self.energy_wh = plant.start * plant.battery_wh
        self.awake, self.dead = True, False
        self.loads: tuple[str, ...] = ()
        self.job_h: float | None = None
        self.load_w = self.battery_w = 0.0

    def wish(self, wanted: Wish) -> Wish:
        """What can be of a wish: nothing while the board keeps the node off, jobs on a node that is on."""
        self.dead = self.dead and self.energy_wh < self.plant.restart * self.plant.battery_wh
        return Wish() if self.dead else wanted

    def step(
        self, wish: Wish, harvest_w: float, step_h: float, out: Outcome, limit_w: float | None = None
    ) -> None:
        """Let one step pass; the battery takes no more than *limit_w*."""
        plant, store = self.plant, self.store
        awake = bool(wish.loads) or wish.job
        self.load_w = (plant.base_w if awake else plant.standby_w) + self._drawn_w(wish)
        booted = (awake or wish.looked) and not self.awake
        boot_wh = plant.boot_wh if booted else 0.0
        out.boots += booted
        kept = (self.energy_wh - boot_wh) * (1.0 - store.loss_per_h * step_h)
        refused_w = 0.0 if limit_w is None else max(0.0, harvest_w - self.load_w - limit_w)
        raw = kept + store.net_wh(harvest_w - refused_w, self.load_w, step_h)
        after = min(max(raw, 0.0), store.top_wh)
        spilled = max(0.0, raw - store.top_wh) / store.charge_efficiency + refused_w * step_h
        out.cold_wh += refused_w * step_h
        self._book(out, harvest_w * step_h, spilled, after, used_wh=self.load_w * step_h + boot_wh)
        self.battery_w = (after - self.energy_wh) / step_h
        self.energy_wh = after
        self._cut(awake, wish, out)

    def _drawn_w(self, wish: Wish) -> float:
        drawn = sum(self.picks[pick].power_w for pick in wish.loads)
        return drawn + (self.plant.job.power_w if wish.job and self.plant.job else 0.0)

    def _book(self, out: Outcome, harvest: float, spilled: float, after: float, *, used_wh: float) -> None:
        out.harvested_wh += harvest
        out.spilled_wh += spilled
        out.step_spilled_wh.append(spilled)
        out.used_wh += used_wh
        out.charged_wh += max(0.0, after - self.energy_wh)
        out.lost_wh += harvest - spilled - used_wh - (after - self.energy_wh)

    def _cut(self, awake: bool, wish: Wish, out: Outcome) -> None:
        limit = self.plant.cut * self.plant.battery_wh
        out.strict_cuts += awake and self.energy_wh <= limit
        fell = awake and self.energy_wh < limit
        out.unplanned_cuts += fell
        self.dead = self.dead or fell
        self.awake = awake and not fell
        self.loads = wish.loads if self.awake else ()


def simulate(
    trace: Trace, plant: Plant, policy: Policy, *, progress: Callable[[int, int], None] | None = None
) -> Outcome:
    """Run a policy through a trace."""
    node, out = _Node(plant), Outcome(step_h=trace.step_h)
    cold = plant.cold and bool(trace.temperature_c)
    harvest_w: float | None = None
    for index, watts in enumerate(trace.power_w):
        view = View(
            index=index,
            energy_wh=node.energy_wh,
            harvest_w=harvest_w,
            load_w=node.load_w,
            battery_w=node.battery_w,
            awake=node.awake,
            loads=node.loads,
            job_h=node.job_h,
        )
        wish = node.wish(policy.decide(view))
        limit_w = plant.charge_limit_w(trace.temperature_c[index]) if cold else None
        node.step(wish, watts, trace.step_h, out, limit_w)
        _work(node, wish, out)
        _count(node, wish, out)
        harvest_w = watts
        if progress and index % 480 == 0:
            progress(index, len(trace.power_w))
    return out


def _work(node: _Node, wish: Wish, out: Outcome) -> None:
    job = node.plant.job
    if job is None or not (wish.job and node.awake):
        # A job that was stopped is lost, unless it can pause.
        node.job_h = node.job_h if job and job.pausable else None
        out.job_steps += wish.job
        return
    out.jobs_started += node.job_h is None
    node.job_h = (node.job_h or 0.0) + out.step_h
    out.job_steps += 1
    done = int(node.job_h / job.hours + 1e-9) if job.hours < out.step_h else node.job_h >= job.hours - 1e-9
    if done:
        out.jobs_started += done - 1
        out.jobs_finished += done
        out.compute_hours_finished += done * job.hours
        node.job_h = None


def _count(node: _Node, wish: Wish, out: Outcome) -> None:
    plant, picks = node.plant, node.picks
    out.steps += 1
    out.awake_steps += bool(wish.loads) or wish.job
    for pick in wish.loads:
        name = pick.partition(":")[0]
        out.on_steps[name] = out.on_steps.get(name, 0) + 1
        out.pick_steps[pick] = out.pick_steps.get(pick, 0) + 1
    gained = sum(picks[pick].points_per_h for pick in wish.loads)
    gained += plant.job.points_per_h if wish.job and plant.job else 0.0
    out.points += gained * out.step_h
    out.stored_wh.append(node.energy_wh)
    out.wishes.append(wish)
