"""What the price has to say for itself: short sentences with numbers."""

from __future__ import annotations

from datetime import datetime

from edgepi.energy.governor import DutyNow, LearnedLoad, Situation
from edgepi.energy.sentences import clock_time, percent, wh, zone
from edgepi.energy.standpoint import Standpoint
from edgepi.energy.weighing import UNSURE_SD, Weighed
from edgepi.model import Answer, Decision, Lease, LeaseState

__all__ = ["duty_decision", "load_decision", "next_run", "offer_answer", "offer_words", "wait_decision"]

_HARDLY_W = 1e-6
_DEAR = 1000.0  # points per Wh; more says only that a sensor needs next to nothing


def duty_decision(weighed: Weighed, duty: DutyNow) -> Decision:
    """Say why a duty is at its level."""
    situation, price = weighed.situation, weighed.choice.price_points_per_wh
    level = weighed.picks.get(duty.consumer, duty.levels[0].name)
    soc = situation.soc.soc if situation.soc else 0.0
    earns = _earns(duty, level, weighed)
    if weighed.choice.latched:
        words, cause = f"battery {percent(soc)}, too near the floor", "floor"
    elif duty.index(level) and earns >= _DEAR:
        words, cause = f"worth {duty.points(level):g} points/h, and takes hardly any power", "price"
    elif duty.index(level):
        words = f"a Wh kept is worth {price:.2f} points, this earns {earns:.2f} per Wh"
        words += _beyond(duty, level, price)
        cause = "price"
    else:
        words = f"battery {percent(soc)}, a Wh kept is worth {price:.2f} points, this earns {earns:.2f}"
        cause = "price"
    return Decision(
        time_utc=situation.now_utc,
        subject=duty.consumer,
        action="level",
        cause=f"{level}:{cause}",
        sentence=f"{level}: {words}",
        numbers={
            "battery_percent": soc * 100,
            "price_points_per_wh": price,
            "earns_points_per_wh": earns,
        },
    )


def _beyond(duty: DutyNow, level: str, price: float) -> str:
    """What the next level would earn with each Wh more, where that is not worth it."""
    above = duty.levels[duty.index(level) + 1 :]
    if not above:
        return ""
    points = duty.points(above[0].name) - duty.points(level)
    earns = points / max(duty.power_w(above[0].name) - duty.power_w(level), _HARDLY_W)
    return f", {above[0].name} only {earns:.2f} with each Wh more" if earns < price else ""


def _earns(duty: DutyNow, level: str, weighed: Weighed) -> float:
    """Points per Wh of the step up to a level; of the first one, and what the node itself needs, if off."""
    index = duty.index(level)
    lower, upper = (index - 1, index) if index else (0, min(1, len(duty.levels) - 1))
    points = duty.points(duty.levels[upper].name) - duty.points(duty.levels[lower].name)
    low_w = duty.power_w(duty.levels[lower].name) if lower else 0.0
    power_w = duty.power_w(duty.levels[upper].name) - low_w
    earns = points / max(power_w, _HARDLY_W)
    # A sensor that needs next to nothing is off only because the node itself is not worth its power.
    if not weighed.awake or (index == 0 and earns >= _DEAR):
        earns = points / (max(power_w, _HARDLY_W) + weighed.situation.board.idle_w)
    return earns


def offer_words(stand: Standpoint, weighed: Weighed, lease: Lease) -> str:
    """Say what an offer is worth beside what its energy would be worth later."""
    offer, situation = lease.offer, weighed.situation
    worth = offer.value_points / max(offer.energy_wh, 1e-9)
    price = weighed.choice.price_points_per_wh
    words = f"needs {wh(offer.energy_wh)} worth {worth:.2f} points each"
    if offer.offer_id in weighed.picks:
        return f"{words}, kept they would be worth {price:.2f}"
    if situation.soc is not None and situation.soc.sd >= UNSURE_SD:
        return f"{words}, but the charge is known only within {percent(situation.soc.sd)}"
    if offer.offer_id in weighed.holds:
        return f"{words}, but a standing offer worth more holds the energy"
    if weighed.choice.latched:
        soc = situation.soc.soc if situation.soc else 0.0
        words = f"{words}, but battery {percent(soc)} is too near the floor"
    elif worth <= price:
        words = f"{words}, kept they are worth {price:.2f}"
    else:
        words = f"{words}, but that would come too near the floor or last too long"
    if lease.state in (LeaseState.OFFERED, LeaseState.PAUSED):
        words += _chance(next_run(stand, situation, lease), situation)
    return words


def _chance(when: datetime | None, situation: Situation) -> str:
    if when is None:
        return ", no chance within two days"
    return f", next chance {clock_time(when, situation.now_utc, zone(situation.node.time_zone))}"


def next_run(stand: Standpoint, situation: Situation, lease: Lease) -> datetime | None:
    """When the plan has this offer, or a job of its consumer, run next; None if it never does."""
    names = {lease.offer.offer_id}
    names |= {kind.name for kind in stand.usual if kind.consumer == lease.offer.consumer}
    steps = stand.plan.steps if stand.plan else ()
    return next((s.start_utc for s in steps if s.start_utc > situation.now_utc and names & set(s.runs)), None)


def offer_answer(stand: Standpoint, weighed: Weighed, lease: Lease) -> Answer:
    """Answer an offer."""
    yes = lease.offer.offer_id in weighed.picks
    numbers = {
        "needed_wh": lease.offer.energy_wh,
        "value_points": lease.offer.value_points,
        "price_points_per_wh": weighed.choice.price_points_per_wh,
    }
    words = f"{'granted' if yes else 'waiting'}: {offer_words(stand, weighed, lease)}"
    return Answer(yes=yes, sentence=words, numbers=numbers)


def wait_decision(stand: Standpoint, weighed: Weighed, lease: Lease) -> Decision:
    """Say why an offer waits."""
    answer = offer_answer(stand, weighed, lease)
    return Decision(
        time_utc=weighed.situation.now_utc,
        subject=lease.offer.offer_id,
        action="wait",
        sentence=answer.sentence,
        numbers=answer.numbers,
        cause="floor" if weighed.choice.latched else "price",
    )


def load_decision(situation: Situation, consumer: str, load: LearnedLoad) -> Decision:
    """Say that something uses much more than it said."""
    words = f"uses {load.learned_w:.1f} W, stated {load.stated_w:.1f} W: planned with what it uses"
    return Decision(
        time_utc=situation.now_utc,
        subject=consumer,
        action="load",
        sentence=words,
        numbers={"learned_w": load.learned_w, "stated_w": load.stated_w},
        cause=load.part,
    )
