"""When a governor that thinks in thresholds sends the node to sleep, and when it comes back."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

from edgepi.energy.governor import Situation, SleepPlan, Verdict
from edgepi.energy.offers import busy, finishes_now, latest_wake
from edgepi.energy.reserve import next_light
from edgepi.energy.sentences import clock_time, percent, volts, zone
from edgepi.energy.shedding import Thresholds, until
from edgepi.energy.sun import is_up
from edgepi.model import Guard, WakePlan

__all__ = ["fallback_hours", "plan_sleep", "wake_at", "wake_plan"]

_SOONEST = timedelta(minutes=2)


def wake_plan(situation: Situation, retry_s: float) -> WakePlan:
    """Wake with the light, by day after *retry_s* if it is still day then, and always before a deadline."""
    now, node = situation.now_utc, situation.node
    wake, again = next_light(situation), now + timedelta(seconds=retry_s)
    if all(is_up(at, node.latitude, node.longitude) for at in (now, again)):
        wake = min(wake, again)
    return wake_at(situation, wake)


def wake_at(situation: Situation, wake: datetime) -> WakePlan:
    """Wake then, but always before a deadline; the battery's recovery and a fallback wake it too."""
    now = situation.now_utc
    deadlines = [at for at in (latest_wake(situation, lease) for lease in situation.leases) if at]
    wake = max(min([wake, *deadlines]), now + _SOONEST)
    fallback = fallback_hours(now, wake)
    if deadlines:
        fallback = min(fallback, max(1, int((min(deadlines) - now) / timedelta(hours=1))))
    recovery_v, percent = _recovery_v(situation), None
    if recovery_v is not None:
        percent = round(situation.battery.soc_at_rest(recovery_v) * 100)
    return WakePlan(
        wake_utc=wake,
        recovery_v=recovery_v,
        recovery_percent=percent,
        fallback_hours=fallback,
    )


def fallback_hours(now: datetime, wake: datetime) -> int:
    """Whole hours after which a board's own guaranteed wake comes next after the alarm."""
    return max(1, math.floor((wake - now) / timedelta(hours=1)) + 1)


def _recovery_v(situation: Situation) -> float | None:
    """Voltage that ends a sleep early; None where the battery stands there already: it would at once."""
    battery = situation.battery
    recovery_v = battery.facts.recovery_v * battery.cells
    shown_v = situation.guard.voltage_v
    if shown_v is None and situation.soc is not None:
        shown_v = battery.rest_v(situation.soc.soc)
    at_once = not situation.sleep.recovers_from_low_only
    return None if at_once and shown_v is not None and shown_v >= recovery_v else recovery_v


def plan_sleep(
    situation: Situation, verdict: Verdict, limits: Thresholds, *, resting: bool
) -> SleepPlan | None:
    """Sleep when nothing may run any more; below the commit guard whatever still runs."""
    forced = situation.guard.latched is Guard.COMMIT
    low = forced or resting or situation.guard.latched is Guard.RUN
    if not low or not situation.sleep.can_cut or any(finishes_now(situation, x) for x in situation.leases):
        return None
    if not forced and not (situation.sleep.usable and _idle(situation, verdict, limits)):
        return None
    wake = wake_plan(situation, limits.retry_s)
    when = clock_time(wake.wake_utc, situation.now_utc, zone(situation.node.time_zone))
    return SleepPlan(
        wake=wake,
        sentence=f"sleeping until {when}: {_why(situation, limits)}",
        forced=forced,
        numbers=_numbers(situation),
    )


def _idle(situation: Situation, verdict: Verdict, limits: Thresholds) -> bool:
    """Whether nothing runs or is about to, nobody waits just after a start, no deadline is near."""
    if situation.monotonic_s - situation.awake_since_s < limits.awake_s:
        return False
    for duty in situation.duties:
        if duty.index(duty.level) or duty.index(verdict.levels.get(duty.consumer, duty.level)):
            return False
    wakes = (latest_wake(situation, lease) for lease in situation.leases)
    soon = situation.now_utc + timedelta(seconds=2 * situation.board.boot_s)
    near = any(wake is not None and wake <= soon for wake in wakes)
    return not near and not any(x.draws and busy(situation, x) for x in situation.leases)


def _why(situation: Situation, limits: Thresholds) -> str:
    guard = situation.guard
    if guard.latched is not Guard.NONE and guard.voltage_v is not None:
        limit = guard.commit_v if guard.latched is Guard.COMMIT else guard.run_v
        return f"battery at {volts(guard.voltage_v)}, {guard.latched} guard at {volts(limit)}"
    charge = percent(situation.soc.soc) if situation.soc else "unknown"
    return f"battery {charge}, the node rests {until(limits)}"


def _numbers(situation: Situation) -> dict[str, float]:
    numbers = {}
    if situation.soc is not None:
        numbers["battery_percent"] = situation.soc.soc * 100
    if situation.guard.voltage_v is not None:
        numbers["battery_v"] = situation.guard.voltage_v
    return numbers
