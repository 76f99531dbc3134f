"""One life: a node goes through one stretch of weather under one policy, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from time import process_time

from edgepi.cli.simulate.weather import Stretch
from edgepi.energy.battery import Battery
from edgepi.energy.priced import PricedGovernor
from edgepi.energy.settings import SLOT_H, Site
from edgepi.energy.simulation.eyes import NodeEyes
from edgepi.energy.simulation.outlooks import (
    FIVE_DAYS,
    ForecastBook,
    column_forecast,
    cut_days,
    noisy_forecast,
    one_day,
)
from edgepi.energy.simulation.plant import Plant
from edgepi.energy.simulation.policies import AlwaysOn, ByThresholds, Governed, Surroundings, Written
from edgepi.energy.simulation.senses import make_sense
from edgepi.energy.simulation.year import Outcome, Policy, View, Wish, simulate
from edgepi.errors import TraceError

__all__ = ["Day", "Life", "Task", "live", "understood"]

JOBS = "jobs"
IDLE = "the node itself"
BOOTS = "boots"
IOT = "iot"
_MOST_STEPS = 150_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Everything that a life needs; it goes to another process as it is."""

    plant: Plant
    site: Site
    stretch: Stretch
    policy: str = "price"
    soc: str = "true"
    soc_error: float = 0.0
    load_error: float = 0.0
    forecast: str = "none"
    forecast_bias: float = 0.0
    sees: str = "all"
    seed: int = 1
    tag: str = ""


@dataclass(slots=True, kw_only=True)
class Day:
    """One local day: hours with IoT on, by load and of jobs, charge (0..1), energy (Wh).

    IoT is on while the load ``iot`` is, or where none is named so, while any is.
    """

    day: date
    hours: float = 0.0
    iot_h: float = 0.0
    load_h: dict[str, float] = field(default_factory=dict)
    job_h: float = 0.0
    harvested_wh: float = 0.0
    spilled_wh: float = 0.0
    used_wh: float = 0.0
    least: float = 1.0
    most: float = 0.0


@dataclass(slots=True, kw_only=True)
class Life:
    """What came of a task: sums, days, and what each part used (Wh)."""

    tag: str
    name: str
    policy: str
    outcome: Outcome
    days: list[Day]
    parts_wh: dict[str, float]
    decisions_cpu_s: float

    @property
    def iot_availability(self) -> float:
        """Hours with IoT on over all hours."""
        hours = sum(day.hours for day in self.days)
        return sum(day.iot_h for day in self.days) / hours if hours else 0.0


class _Timed:
    """Measures the CPU time of a policy's decisions."""

    def __init__(self, policy: Policy) -> None:
        self._policy, self.cpu_s = policy, 0.0

    def decide(self, view: View) -> Wish:
        """Choose for one step."""
        started = process_time()
        wish = self._policy.decide(view)
        self.cpu_s += process_time() - started
        return wish


def live(task: Task, progress: Callable[[int, int], None] | None = None) -> Life:
    """Go through it all."""
    policy = _Timed(_policy(task))
    outcome = simulate(task.stretch.trace, task.plant, policy, progress=progress)
    days, parts = list(_days(task, outcome)), _parts(task.plant, outcome)
    # Half a megabyte a year that nobody asks for again, and another process would have to send.
    outcome.stored_wh, outcome.wishes, outcome.step_spilled_wh = [], [], []
    return Life(
        tag=task.tag,
        name=task.stretch.name,
        policy=task.policy,
        outcome=outcome,
        days=days,
        parts_wh=parts,
        decisions_cpu_s=policy.cpu_s,
    )


def _policy(task: Task) -> Policy:
    plant, trace = task.plant, task.stretch.trace
    if task.policy == "always-on":
        return AlwaysOn(plant)
    if task.policy == "thresholds":
        return ByThresholds(plant)
    if task.policy == "clairvoyant":
        return _clairvoyant(task)
    battery = Battery.of(plant.chemistry, plant.battery_wh)
    around = Surroundings(
        trace=trace,
        site=task.site,
        sense=make_sense(task.soc, battery, sd=task.soc_error, seed=task.seed),
        forecast=_forecast(task),
        load_error=task.load_error,
        plans=task.sees == "node",
    )
    governed = Governed(plant, around, PricedGovernor())
    return NodeEyes(governed, plant, trace) if task.sees == "node" else governed


def _clairvoyant(task: Task) -> Policy:
    from edgepi.energy.demand import Step, Want, ladder
    from edgepi.energy.simulation.oracle import clairvoyant

    plant, trace = task.plant, task.stretch.trace
    if len(trace.power_w) > _MOST_STEPS:
        raise TraceError(
            f"{len(trace.power_w)} steps are too many for the clairvoyant: it holds them all in memory",
            hint="--days 365 --step 30",
        )
    wants = [
        Want(load.name, tuple(Step(v.name, v.power_w, v.points_per_h) for v in load.levels[1:]))
        for load in plant.loads
    ]
    if plant.job:
        wants.append(Want(JOBS, (Step("run", plant.job.power_w, plant.job.points_per_h),)))
    rungs = ladder(wants, idle_w=plant.base_w, off_w=plant.standby_w)
    start_wh = plant.start * plant.battery_wh
    chosen = clairvoyant(trace.power_w, trace.step_h, rungs, plant.store, start_wh)
    loads = {load.name: load for load in plant.loads}
    picks = [
        frozenset(loads[name].pick(level) if name in loads else "" for name, level in rung.picks.items())
        for rung in rungs
    ]
    return Written(plant, [picks[i] for i in chosen])


def understood(text: str, seed: int) -> tuple[str, float, int]:
    """Kind, sigma and seed of ``--forecast``.

    Raises:
        TraceError: it is none of what is known.
    """
    kind, *rest = text.split(":")
    wrong = TraceError(f"--forecast {text}: not understood", hint="none, a column, noisy:0.15, noisy5:1")
    try:
        sigma = float(rest.pop(0)) if kind == "noisy" else 0.0
        seed = int(rest.pop(0)) if rest and kind.startswith("noisy") else seed
    except (IndexError, ValueError):
        raise wrong from None
    if rest or not 0.0 <= sigma <= 5.0:
        raise wrong
    return kind, sigma, seed


def _forecast(task: Task) -> ForecastBook:
    trace, bias = task.stretch.trace, task.forecast_bias
    days = cut_days(trace, task.site)
    if task.stretch.forecast is not None:
        return column_forecast(days, cut_days(trace, task.site, task.stretch.forecast), bias)
    kind, sigma, seed = understood(task.forecast, task.seed)
    if kind == "none":
        return {}
    return noisy_forecast(days, FIVE_DAYS if kind == "noisy5" else one_day(sigma), seed, bias)


def _days(task: Task, out: Outcome) -> Iterator[Day]:
    """Sums of each local day."""
    trace, plant = task.stretch.trace, task.plant
    shift = timedelta(hours=task.site.midnight_slot * SLOT_H)
    # East of Greenwich the local day begins on the evening before.
    shift -= timedelta(days=1) if task.site.midnight_slot > 24 else timedelta()
    day: Day | None = None
    for index, wish in enumerate(out.wishes):
        today = (trace.time(index) - shift).date()
        if day is None or day.day != today:
            if day is not None:
                yield day
            day = Day(day=today)
        _add(day, plant, wish, out.step_h)
        day.harvested_wh += trace.power_w[index] * out.step_h
        day.spilled_wh += out.step_spilled_wh[index]
        charge = out.stored_wh[index] / plant.battery_wh
        day.least, day.most = min(day.least, charge), max(day.most, charge)
    if day is not None:
        yield day


def _add(day: Day, plant: Plant, wish: Wish, step_h: float) -> None:
    day.hours += step_h
    day.job_h += step_h if wish.job else 0.0
    names = [pick.partition(":")[0] for pick in wish.loads]
    for name in names:
        day.load_h[name] = day.load_h.get(name, 0.0) + step_h
    named = any(load.name == IOT for load in plant.loads)
    day.iot_h += step_h if (IOT in names if named else names) else 0.0


def _parts(plant: Plant, out: Outcome) -> dict[str, float]:
    """What each part used."""
    awake_h = out.awake_steps * out.step_h
    parts = {IDLE: plant.base_w * awake_h + plant.standby_w * (out.hours - awake_h)}
    for load in plant.loads:
        levels = ((load.pick(level.name), level.power_w) for level in load.levels[1:])
        parts[load.name] = sum(out.pick_steps.get(pick, 0) * out.step_h * watts for pick, watts in levels)
    if plant.job:
        parts[JOBS] = out.compute_hours_started * plant.job.power_w
    parts[BOOTS] = out.boots * plant.boot_wh
    return parts
