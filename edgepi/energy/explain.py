"""Why things are as they are, told as a person would: the sentences of ``edgepi energy explain``."""

from __future__ import annotations

from edgepi.energy.explain_ahead import expected, night_plan, source_of, worth
from edgepi.energy.explain_work import running, waiting
from edgepi.energy.governor import Insight, LearnedLoad, Situation, Verdict
from edgepi.energy.offers import set_aside_wh
from edgepi.energy.phrases import (
    and_list,
    at_time,
    capital,
    clock_of,
    energy,
    hours,
    part_name,
    quoted,
    watts,
)
from edgepi.energy.sentences import percent, volts, wh
from edgepi.energy.soc import REMEMBERED
from edgepi.energy.sun import is_up, next_sunrise
from edgepi.model import Guard, LeaseState

__all__ = ["explain"]

_FULL = 0.985
_LEVEL_W = 0.3
_SAID_SD = 0.015
_DIFFERS = 0.2
_DIFFERS_W = 0.1
_TOLD_LOADS = 2


def explain(situation: Situation, verdict: Verdict, insight: Insight) -> tuple[str, ...]:
    """Say in whole sentences, in the node's local time, how energy stands and what will come of it."""
    told = (
        _battery(situation, verdict),
        worth(situation, verdict, insight),
        running(situation, verdict),
        *waiting(situation, verdict),
        expected(situation, insight),
        source_of(insight),
        night_plan(situation, verdict),
        _kept(situation, insight),
        _guards(situation),
        _loads(insight),
    )
    return tuple(capital(words) for words in told if words)


def _battery(situation: Situation, verdict: Verdict) -> str:
    at = f"at {clock_of(situation.now_utc, situation)}"
    soc, stored = situation.soc, situation.stored_wh
    if soc is None or stored is None:
        if situation.metered:
            return f"{at} the battery has not been measured yet, so no new work starts; {_sun(situation)}"
        return f"nothing measures the battery, so the supply counts as steady; {_sun(situation)}"
    about = f" (give or take {percent(soc.sd)})" if soc.sd >= _SAID_SD else ""
    verb = "was last known to hold" if soc.source == REMEMBERED else "holds"
    return (
        f"{at} the battery {verb} {energy(stored)}, {percent(soc.soc)}{about}{_balance(situation, verdict)}"
    )


def _balance(situation: Situation, verdict: Verdict) -> str:
    harvest, load = situation.harvest_w, _load_w(situation, verdict)
    soc = situation.soc.soc if situation.soc else 0.0
    if harvest is None or not _up(situation):
        return f", and the node draws {watts(load)}; {_sun(situation)}"
    flows = f"the panel gives {watts(harvest)} and the node draws {watts(load)}"
    if situation.harvest_curtailed or (soc >= _FULL and harvest >= load - _LEVEL_W):
        return f": it is full, {flows}, and what the panel could give beyond that is lost"
    if abs(harvest - load) < _LEVEL_W:
        return f" and keeps about level: {flows}"
    return f" and {'fills' if harvest > load else 'empties'}: {flows}"


def _load_w(situation: Situation, verdict: Verdict) -> float:
    """What the node draws from the battery: measured, else as learned, else as stated."""
    if situation.supply and situation.supply.output_w is not None:
        return situation.supply.output_w / situation.board.converter_efficiency
    steps = verdict.plan.steps if verdict.plan else ()
    return steps[0].load_w if steps and steps[0].awake else situation.load_w


def _sun(situation: Situation) -> str:
    """The sun in half a sentence."""
    node, now = situation.node, situation.now_utc
    if _up(situation):
        if situation.harvest_w is None:
            return "the sun is up, but nothing says what the panel gives"
        return f"the sun is up and the panel gives {watts(situation.harvest_w)}"
    rise = next_sunrise(now, node.latitude, node.longitude)
    if rise is None:
        return "the sun does not rise these days"
    return f"the sun is down and rises {at_time(rise, situation)}"


def _up(situation: Situation) -> bool:
    return is_up(situation.now_utc, situation.node.latitude, situation.node.longitude)


def _kept(situation: Situation, insight: Insight) -> str:
    """What commitments and the floor hold back."""
    parts = []
    owed = [
        lease
        for lease in situation.leases
        if lease.state is LeaseState.COMMITTED and lease.offer.finish is not None
    ]
    if owed:
        titles = and_list([_promise(situation, lease.offer.title, lease.offer.finish) for lease in owed], 2)
        parts.append(f"to finish {titles}, {wh(set_aside_wh(situation))} are set aside")
    if insight.floor_wh is not None and insight.floor_wh > 0:
        share = percent(insight.floor_wh / situation.battery.capacity_wh)
        parts.append(f"the last {energy(insight.floor_wh)} ({share}) are kept whatever is offered for them")
    return ", and ".join(parts)


def _promise(situation: Situation, title: str, finish: object) -> str:
    deadline = getattr(finish, "deadline_utc", None)
    return f"{quoted(title)} by {clock_of(deadline, situation)}" if deadline else quoted(title)


def _guards(situation: Situation) -> str:
    guard, battery = situation.guard, situation.battery
    if guard.voltage_v is None:
        return ""
    here = volts(guard.voltage_v)
    if guard.worst is Guard.COMMIT:
        return (
            f"with {here} the battery is below the commit guard of {volts(guard.commit_v)}: only what is"
            " already promised may draw power, and the node goes to sleep"
        )
    if guard.worst is Guard.RUN:
        return (
            f"with {here} the battery is at or below the run guard of {volts(guard.run_v)} or has not"
            " recovered from it: nothing is switched on, and duties go off, vital ones last"
        )
    if guard.run_v and guard.voltage_v - guard.run_v < battery.facts.band_v * battery.cells:
        return (
            f"with {here} the battery is close to the run guard of {volts(guard.run_v)},"
            " below which duties go off"
        )
    return ""


def _loads(insight: Insight) -> str:
    """Parts of the load that draw other than they state, those that say too little first."""
    found = [load for load in insight.loads if load.excessive or _differs(load)]
    found.sort(key=lambda load: (not load.excessive, -abs(load.learned_w - load.stated_w)))
    told = [
        f"{part_name(load.part)} {'really ' if load.excessive else ''}draws {watts(load.learned_w)},"
        f" not the stated {watts(load.stated_w)} (measured for {hours(load.hours)})"
        for load in found[:_TOLD_LOADS]
    ]
    return "; ".join(told)


def _differs(load: LearnedLoad) -> bool:
    apart = abs(load.learned_w - load.stated_w)
    return load.hours >= 1.0 and apart > max(_DIFFERS_W, _DIFFERS * load.stated_w)
