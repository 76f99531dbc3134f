"""Policies of the simulated year: by a governor, by thresholds, always on, or written down before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial

from edgepi.energy.battery import Battery, Board, Panel
from edgepi.energy.daylog import slot_time
from edgepi.energy.flows import Flows
from edgepi.energy.governor import DutyNow, GuardState, LeaseVerb, Situation, SleepMeans, SleepPlan, Verdict
from edgepi.energy.likely import ClearSky, likely_current
from edgepi.energy.priced import PricedGovernor
from edgepi.energy.settings import Site
from edgepi.energy.simulation.outlooks import ForecastBook
from edgepi.energy.simulation.plant import Load, Plant
from edgepi.energy.simulation.senses import Sense
from edgepi.energy.simulation.trace import Trace
from edgepi.energy.simulation.year import View, Wish
from edgepi.energy.soc import Current
from edgepi.model import Lease, LeaseState, NodeInfo, Offer, RunPhase, Supply

__all__ = ["AlwaysOn", "ByThresholds", "Governed", "Written"]

_LONG_AGO_S = 1e9
_SLEEP = SleepMeans(can_cut=True, can_wake_at=True, can_wake_on_voltage=True, wake_horizon_s=86400.0)


class AlwaysOn:
    """Everything runs as long as the board lets it."""

    def __init__(self, plant: Plant) -> None:
        self._wish = Wish(tuple(load.name for load in plant.loads), plant.job is not None)

    def decide(self, view: View) -> Wish:  # noqa: ARG002
        """Choose for one step."""
        return self._wish


class ByThresholds:
    """Hysteresis on the charge: below *node_off* off until *node_on*, jobs likewise."""

    def __init__(
        self,
        plant: Plant,
        *,
        node_off: float = 0.2,
        node_on: float = 0.4,
        compute_off: float = 0.5,
        compute_on: float = 0.8,
    ) -> None:
        self._plant = plant
        self._off, self._on = node_off, node_on
        self._compute_off, self._compute_on = compute_off, compute_on
        self._computing = False

    def decide(self, view: View) -> Wish:
        """Choose for one step."""
        soc = view.energy_wh / self._plant.battery_wh
        if not soc >= (self._off if view.awake else self._on):
            self._computing = False
            return Wish()
        self._computing = soc >= (self._compute_off if self._computing else self._compute_on)
        job = self._computing and self._plant.job is not None
        return Wish(tuple(load.name for load in self._plant.loads), job)


class Written:
    """Repeats what was worked out before: the picks of each step, and anything else for the job."""

    def __init__(self, plant: Plant, rungs: Sequence[frozenset[str]]) -> None:
        self._rungs = rungs
        self._names = set(plant.picks)

    def decide(self, view: View) -> Wish:
        """Choose for one step."""
        picks = self._rungs[view.index]
        return Wish(tuple(sorted(picks & self._names)), bool(picks - self._names))


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a governed node is told of itself; *load_error* -0.2 states a fifth too little.

    *plans*: whether its sleeps end as planned; where every step is decided anyway, plans are left out.
    """

    trace: Trace
    site: Site
    sense: Sense
    forecast: ForecastBook = field(default_factory=dict)
    load_error: float = 0.0
    plans: bool = False


class Governed:
    """Asks a governor, as the node does, and does what it says."""

    def __init__(self, plant: Plant, around: Surroundings, governor: PricedGovernor) -> None:
        self._plant, self._around, self._governor = plant, around, governor
        governor.planner.planning = "asleep" if around.plans else "never"
        governor.explains = False
        battery = Battery.of(plant.chemistry, plant.battery_wh)
        self._ran = False
        self._day: date | None = None
        self.sleep: SleepPlan | None = None
        node = NodeInfo(name="node", latitude=around.site.latitude, longitude=around.site.longitude)
        panel = Panel(
            peak_w=around.site.panel_w,
            tilt_deg=around.site.tilt_deg,
            azimuth_deg=around.site.azimuth_deg,
        )
        self._situation = partial(
            Situation,
            awake_since_s=-3600.0,
            node=node,
            battery=battery,
            panel=panel,
            board=Board(
                idle_w=plant.base_w * self._told,
                standby_w=plant.standby_w,
                boot_wh=plant.boot_wh,
                converter_efficiency=1.0,
            ),
            metered=True,
            guard=GuardState(commit_v=battery.rest_v(plant.cut - 0.005), run_v=battery.rest_v(plant.cut)),
            sleep=_SLEEP,
        )
        self._battery, self._sky = battery, ClearSky(node, panel)
        self._cold = plant.cold and bool(around.trace.temperature_c)
        self._duties = tuple(self._duty_at_each_level(load) for load in plant.loads)
        self._picks = [
            {load.pick(level.name): level.name for level in load.levels[1:]} for load in plant.loads
        ]
        self._offer = self._job_offer()

    @property
    def _told(self) -> float:
        return 1.0 + self._around.load_error

    def _duty_at_each_level(self, load: Load) -> dict[str, DutyNow]:
        levels = tuple(replace(level, power_w=level.power_w * self._told) for level in load.levels)
        return {
            level.name: DutyNow(
                consumer=load.name,
                levels=levels,
                level=level.name,
                since_s=-_LONG_AGO_S,
                points_per_h=load.points_per_h,
            )
            for level in levels
        }

    def _job_offer(self) -> Offer | None:
        job = self._plant.job
        if job is None:
            return None
        return Offer(
            offer_id="job",
            consumer="compute",
            title="job",
            value_points=job.points_per_h * job.hours,
            run=RunPhase(
                energy_wh=job.power_w * self._told * job.hours,
                duration_s=job.hours * 3600.0,
                pausable=job.pausable,
            ),
        )

    def decide(self, view: View) -> Wish:
        """Choose for one step."""
        situation = self._look(view)
        day = slot_time(self._around.site, situation.now_utc).day
        if day != self._day:
            self._day = day
            self._governor.tell_clearness(day, self._around.forecast.get(day, ()))
        verdict = self._governor.decide(situation)
        self.sleep = verdict.sleep
        return self._obey(verdict, situation)

    def _look(self, view: View) -> Situation:
        """What the node knows at the start of a step."""
        trace = self._around.trace
        now = trace.time(view.index)
        at_s = view.index * trace.step_h * 3600.0
        charge = view.energy_wh / self._plant.battery_wh

        def likely() -> Current:
            clear_w = self._sky.power_w(now)
            return likely_current(self._battery, Flows(), view.load_w, clear_w, measured=True)

        soc = self._around.sense.see(at_s, charge, view.battery_w, likely=likely)
        # A job that ended with the step is in its mean power, but no longer in what runs now.
        known = view.awake and view.index > 0 and self._ran == (view.job_h is not None)
        supply = Supply(time_utc=now, source="simulated", output_w=view.load_w) if known else None
        duties = tuple(
            at_level[next((levels[pick] for pick in view.loads if pick in levels), "off")]
            for at_level, levels in zip(self._duties, self._picks, strict=True)
        )
        return self._situation(
            now_utc=now,
            monotonic_s=at_s,
            supply=supply,
            soc=soc,
            harvest_w=view.harvest_w,
            harvest_curtailed=view.curtailed,
            battery_temperature_c=trace.temperature_c[view.index] if self._cold else None,
            duties=duties,
            leases=self._leases(view),
        )

    def _leases(self, view: View) -> tuple[Lease, ...]:
        if self._offer is None:
            return ()
        state = LeaseState.OFFERED
        if view.job_h is not None:
            state = LeaseState.RUNNING if view.awake else LeaseState.PAUSED
        run_s = (view.job_h or 0.0) * 3600.0
        return (Lease(offer=self._offer, state=state, since_utc=self._around.trace.start_utc, run_s=run_s),)

    def _obey(self, verdict: Verdict, situation: Situation) -> Wish:
        loads = tuple(
            load.pick(level)
            for load in self._plant.loads
            if (level := verdict.levels.get(load.name, "off")) != "off"
        )
        verbs = {said.verb for said in verdict.leases}
        runs = any(lease.state is LeaseState.RUNNING for lease in situation.leases)
        stopped = verbs & {LeaseVerb.PAUSE, LeaseVerb.BREAK, LeaseVerb.WITHDRAW}
        started = verbs & {LeaseVerb.GRANT, LeaseVerb.RESUME}
        self._ran = verdict.sleep is None and bool((runs and not stopped) or started)
        return Wish() if verdict.sleep is not None else Wish(loads, self._ran)
