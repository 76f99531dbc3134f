"""What the governor expects, for people: the plan of the next days and the figures behind it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise

from edgepi.energy.daylog import slot_time
from edgepi.energy.demand import Rung
from edgepi.energy.governor import Insight, LearnedLoad, Situation
from edgepi.energy.planning import Start, make_plan
from edgepi.energy.settings import SLOT_H
from edgepi.energy.standpoint import Standpoint
from edgepi.energy.usual import Usual
from edgepi.energy.wants import kept
from edgepi.energy.weighing import Weighed
from edgepi.model import LeaseState, Plan, PlanStep

__all__ = ["Known", "insight_of", "plan_of"]

_OPEN = (
    LeaseState.OFFERED,
    LeaseState.GRANTED,
    LeaseState.RUNNING,
    LeaseState.PAUSED,
    LeaseState.COMMIT_ASKED,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What was learned by this morning."""

    days_learned: int = 0
    forecast_sd: float | None = None
    forecast_source: str = ""


def plan_of(stand: Standpoint, weighed: Weighed) -> Plan:
    """Plan the next days from what was chosen now."""
    situation = weighed.situation
    kinds = _kinds(stand, situation)
    ids = {kind: offer_id for offer_id, kind in kinds.items()}
    still = kept(situation)
    left_h = {
        lease.offer.offer_id: max(0.0, lease.offer.run.duration_s - lease.run_s) / 3600.0
        for lease in situation.leases
    }
    start = Start(
        now_utc=situation.now_utc,
        day_h=stand.day_h(situation),
        energy_wh=situation.stored_wh or 0.0,
        rung=_chosen(weighed, kinds),
        price_points_per_wh=weighed.choice.price_points_per_wh,
        latched=stand.latched,
        charge_limit_w=stand.moment(situation).charge_limit_w,
        bound_h={kinds[offer_id]: hours for offer_id, hours in still.items() if offer_id in kinds},
        ids={kind: (offer_id, left_h[offer_id]) for kind, offer_id in ids.items()},
    )
    return make_plan(stand.view, stand.priced_rungs(situation), start)


def _kinds(stand: Standpoint, situation: Situation) -> dict[str, str]:
    """The kind of job that each open offer is of; those at work come first."""
    free: list[Usual] = list(stand.usual)
    found: dict[str, str] = {}
    leases = [x for x in situation.leases if x.state in _OPEN and not x.offer.standing]
    for lease in sorted(leases, key=lambda x: x.state is LeaseState.OFFERED):
        kind = next((kind for kind in free if kind.consumer == lease.offer.consumer), None)
        if kind is not None:
            free.remove(kind)
            found[lease.offer.offer_id] = kind.name
    return found


def _chosen(weighed: Weighed, kinds: dict[str, str]) -> Rung:
    """What was chosen, with jobs by their kind and without standing offers, which draw nothing."""
    situation, rung = weighed.situation, weighed.choice.rung
    standing = {lease.offer.offer_id for lease in situation.leases if lease.offer.standing}
    picks = {kinds.get(name, name): pick for name, pick in weighed.picks.items() if name not in standing}
    held = {kinds.get(name, name): hours for name, hours in rung.held.items()}
    power_w = rung.power_w
    if weighed.awake is not rung.awake or set(picks) != {kinds.get(name, name) for name in rung.picks}:
        power_w = situation.board.idle_w + _drawn_w(weighed, standing)
    return Rung(power_w, rung.points_per_h, picks, held, awake=weighed.awake)


def _drawn_w(weighed: Weighed, standing: set[str]) -> float:
    situation = weighed.situation
    duties = sum(duty.power_w(weighed.picks.get(duty.consumer, "off")) for duty in situation.duties)
    running = (x for x in situation.leases if x.offer.offer_id in weighed.picks)
    return duties + sum(lease.offer.power_w for lease in running if lease.offer.offer_id not in standing)


def insight_of(stand: Standpoint, known: Known, loads: tuple[LearnedLoad, ...]) -> Insight:
    """The figures behind a standpoint."""
    view, store = stand.view, stand.view.worth.plan.store
    mean = sum(p * k for p, k in zip(view.now.classes, view.worth.plan.centres, strict=True))
    today, tomorrow = _harvests(stand)
    return Insight(
        days_learned=known.days_learned,
        clearness_today=mean,
        clear_day_wh=sum(view.clear_w) * SLOT_H,
        harvest_left_wh=today,
        harvest_tomorrow_wh=tomorrow,
        forecast_source=known.forecast_source,
        forecast_sd=known.forecast_sd,
        floor_wh=store.floor_wh,
        loads=loads,
    )


def _harvests(stand: Standpoint) -> tuple[float | None, float | None]:
    """Energy that the plan expects of the rest of its first solar day, and of the day after."""
    steps = stand.plan.steps if stand.plan else ()
    if not steps:
        return None, None
    sums = [0.0, 0.0, 0.0]
    first = slot_time(stand.site, steps[0].start_utc).day
    for step, hours in zip(steps, _lengths(steps), strict=True):
        days = (slot_time(stand.site, step.start_utc).day - first).days
        sums[min(max(days, 0), 2)] += step.harvest_w * hours
    return sums[0], sums[1]


def _lengths(steps: tuple[PlanStep, ...]) -> list[float]:
    starts = [step.start_utc for step in steps]
    spans = [(b - a) / timedelta(hours=1) for a, b in pairwise(starts)]
    return [*spans, SLOT_H]
