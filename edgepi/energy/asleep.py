"""Sleep by price: when it is worth a boot, and when the plan has the node awake again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from edgepi.energy.battery import Board
from edgepi.energy.governor import LeaseVerb, LeaseVerdict, Situation, SleepPlan
from edgepi.energy.offers import busy, finishes_now, latest_wake
from edgepi.energy.rest import wake_at
from edgepi.energy.sentences import clock_time, percent, volts, zone
from edgepi.energy.weighing import Weighed
from edgepi.model import Guard, Plan, PlanStep, WakePlan

__all__ = ["least_sleep", "planned_wake", "sleep_by_price"]

_LEAST = timedelta(minutes=5)
_LONGEST = timedelta(days=1)
_AGAIN = timedelta(minutes=30)
_NEAR = 2
_BOOTS = 2.0
_WORTHLESS = 1e-3  # points per Wh
_STOPPED = (LeaseVerb.PAUSE, LeaseVerb.BREAK, LeaseVerb.WITHDRAW)


def least_sleep(board: Board) -> timedelta:
    """Shortest sleep that is worth its boot: twice the time in which the idle node uses as much."""
    saved_w = board.idle_w - board.standby_w
    even_h = board.boot_wh / saved_w if saved_w > 1e-3 else 24.0
    return max(_LEAST, timedelta(hours=2.0 * min(even_h, 12.0), seconds=board.boot_s))


def planned_wake(situation: Situation, plan: Plan | None) -> WakePlan:
    """Wake as the plan has it, within a day, and always before a deadline or the board's horizon.

    A plan that has the node awake now says nothing of a sleep that somebody else wants: back soon.
    """
    now = situation.now_utc
    soonest = now + least_sleep(situation.board)
    wake = now + _LONGEST
    if plan is not None:
        wake = min(_first_awake(situation, plan, soonest), wake)
    horizon_s = situation.sleep.wake_horizon_s
    if horizon_s > 0.0:
        wake = min(wake, now + timedelta(seconds=horizon_s))
    return wake_at(situation, max(wake, soonest))


def _first_awake(situation: Situation, plan: Plan, soonest: datetime) -> datetime:
    """Start of the first time awake that is worth its boot; a step whose time has come counts as now."""
    now = situation.now_utc
    started = [step for step in plan.steps if step.start_utc <= now]
    if started and started[-1].awake and started[-1].runs:
        return now + _AGAIN
    able = _can_sleep(plan)
    for spell in _spells(plan, able=able):
        later = [step for step in spell if step.start_utc >= soonest]
        if later and (not able or _pays(situation, plan, later)):
            return later[0].start_utc
    return now + _LONGEST


def _spells(plan: Plan, *, able: bool) -> list[list[PlanStep]]:
    """Steps that want the node, by the times that it stays awake."""
    spells: list[list[PlanStep]] = [[]]
    for step in plan.steps:
        if step.awake and (step.runs or not able):
            spells[-1].append(step)
        elif not step.awake:
            spells.append([])
    return spells


def _pays(situation: Situation, plan: Plan, spell: Sequence[PlanStep]) -> bool:
    """Whether what runs earns more than its energy is worth by well more than a boot."""
    board, price = situation.board, spell[0].price_points_per_wh
    side = situation.battery.facts.efficiency
    earned, after = 0.0, {one.start_utc: two.start_utc for one, two in pairwise(plan.steps)}
    for step in spell:
        hours = (after.get(step.start_utc, step.start_utc + _AGAIN) - step.start_utc).total_seconds() / 3600.0
        points = _points_per_h(situation, step)
        if points is None:
            return True
        earned += hours * (points - step.price_points_per_wh * (step.load_w - board.standby_w) / side)
    return earned >= _BOOTS * board.boot_wh * price


def _points_per_h(situation: Situation, step: PlanStep) -> float | None:
    """Points of the duties that a step runs; None with a job, which is worth a boot by itself."""
    duties = {duty.consumer: duty for duty in situation.duties}
    if any(name not in duties for name in step.runs):
        return None
    return sum(duties[name].points(level) for name, level in step.runs.items())


def _can_sleep(plan: Plan) -> bool:
    return any(not step.awake for step in plan.steps)


def sleep_by_price(
    situation: Situation, weighed: Weighed, steps: Iterable[LeaseVerdict], plan: Plan | None
) -> SleepPlan | None:
    """Sleep when nothing shall run and it lasts; below the commit guard whatever still runs."""
    forced = situation.guard.latched is Guard.COMMIT
    if not situation.sleep.can_cut or any(finishes_now(situation, x) for x in situation.leases):
        return None
    if not forced and not _wants_none(situation, weighed):
        return None
    wake = planned_wake(situation, plan)
    if not forced and not _worth_it(situation, steps, wake):
        return None
    when = clock_time(wake.wake_utc, situation.now_utc, zone(situation.node.time_zone))
    price = weighed.choice.price_points_per_wh
    numbers = {"price_points_per_wh": price}
    if situation.soc is not None:
        numbers["battery_percent"] = situation.soc.soc * 100
    return SleepPlan(
        wake=wake, sentence=f"sleeping until {when}: {_why(situation, price)}", forced=forced, numbers=numbers
    )


def _wants_none(situation: Situation, weighed: Weighed) -> bool:
    return not weighed.awake and situation.sleep.usable and not _for_nothing(situation, weighed)


def _worth_it(situation: Situation, steps: Iterable[LeaseVerdict], wake: WakePlan) -> bool:
    stopped = {step.offer_id for step in steps if step.verb in _STOPPED}
    works = any(busy(situation, x) and x.offer.offer_id not in stopped for x in situation.leases)
    soon = situation.now_utc + timedelta(seconds=_NEAR * situation.board.boot_s)
    wakes = (latest_wake(situation, lease) for lease in situation.leases)
    near = any(at is not None and at <= soon for at in wakes)
    return not works and not near and wake.wake_utc - situation.now_utc >= least_sleep(situation.board)


def _for_nothing(situation: Situation, weighed: Weighed) -> bool:
    """Whether a sleep would save what nobody wants: a node without work had better be within reach."""
    choice = weighed.choice
    low = choice.latched or situation.guard.worst is not Guard.NONE
    return not low and choice.price_points_per_wh < _WORTHLESS


def _why(situation: Situation, price: float) -> str:
    guard = situation.guard
    if guard.latched is not Guard.NONE and guard.voltage_v is not None:
        limit = guard.commit_v if guard.latched is Guard.COMMIT else guard.run_v
        return f"battery at {volts(guard.voltage_v)}, {guard.latched} guard at {volts(limit)}"
    charge = percent(situation.soc.soc) if situation.soc else "unknown"
    return f"battery {charge}, a Wh kept is worth {price:.2f} points"
