"""What runs and what that earns; what waits, why, and when its chance comes."""

from __future__ import annotations

from collections.abc import Iterator

from edgepi.energy.governor import DutyNow, LeaseVerb, Situation, Verdict
from edgepi.energy.phrases import and_list, at_time, clock_of, points, quoted, reason_of, watts
from edgepi.energy.sentences import wh
from edgepi.model import Lease, LeaseState, Offer

__all__ = ["running", "waiting"]

_TOLD = 2
_AT_WORK = (LeaseState.GRANTED, LeaseState.RUNNING, LeaseState.COMMIT_ASKED)
_STOPS = (LeaseVerb.PAUSE, LeaseVerb.BREAK, LeaseVerb.WITHDRAW)


def running(situation: Situation, verdict: Verdict) -> str:
    """Who runs, at what power, and what a Wh earns there against its price."""
    work = [*_duties(situation, verdict), *_jobs(situation, verdict)]
    if not work:
        return "nothing runs beside the idle node"
    names = and_list([name for name, _ in work])
    be = "is" if len(work) == 1 else "are"
    return f"{names} {be} running{_against(work, verdict.price_points_per_wh)}"


def _against(work: list[tuple[str, float | None]], price: float) -> str:
    earning = [value for _, value in work if value is not None]
    if not earning or price < 0.0005:
        return ""
    worth = f"the {points(price, unit=False)} that a Wh is worth"
    if min(earning) >= price:
        return f", which earns more than {worth}"
    if max(earning) < price:
        return f", which earns less than {worth}"
    return f"; not all of it earns {worth}"


def _duties(situation: Situation, verdict: Verdict) -> Iterator[tuple[str, float | None]]:
    for duty in situation.duties:
        name = verdict.levels.get(duty.consumer, duty.level)
        index = duty.index(name)
        if index == 0:
            continue
        power_w, level = duty.power_w(name), duty.levels[index]
        value = level.points_per_h / power_w if power_w > 1e-4 else None
        yield f"{duty.consumer} at {name} ({watts(power_w)}{_earns(value)})", value


def _jobs(situation: Situation, verdict: Verdict) -> Iterator[tuple[str, float | None]]:
    stopped = {step.offer_id for step in verdict.leases if step.verb in _STOPS}
    granted = {s.offer_id for s in verdict.leases if s.verb in (LeaseVerb.GRANT, LeaseVerb.RESUME)}
    for lease in situation.leases:
        offer = lease.offer
        works = lease.state in _AT_WORK or offer.offer_id in granted
        if offer.standing or offer.offer_id in stopped or not works:
            continue
        value = offer.value_points / offer.energy_wh if offer.energy_wh > 1e-4 else None
        yield f"the job {quoted(offer.title)} ({watts(offer.power_w)}{_earns(value)})", value


def _earns(value: float | None) -> str:
    return "" if value is None else f", {points(value)} per Wh"


def waiting(situation: Situation, verdict: Verdict) -> tuple[str, ...]:
    """At most two sentences on duties held back and jobs that wait, then one that counts the rest."""
    held = _all_held(situation, verdict)
    jobs = [words for lease in situation.leases if (words := _waits(lease, situation, verdict))]
    told = [*held[: _TOLD - 1], *jobs, *held[_TOLD - 1 :]]
    if len(told) <= _TOLD:
        return tuple(told)
    more = len(told) - _TOLD
    return (*told[: _TOLD - 1], f"{told[_TOLD - 1]}; {more} more {'has' if more == 1 else 'have'} to wait")


def _all_held(situation: Situation, verdict: Verdict) -> list[str]:
    """Duties below their best level; those of one state and one reason share a sentence."""
    groups: dict[tuple[str, str], list[str]] = {}
    for duty in situation.duties:
        name = verdict.levels.get(duty.consumer, duty.level)
        if duty.index(name) < len(duty.levels) - 1:
            groups.setdefault(_held(duty, name, situation, verdict), []).append(duty.consumer)
    return [f"{and_list(names)} {_be(state, names)}{why}" for (state, why), names in groups.items()]


def _be(state: str, names: list[str]) -> str:
    if state == "off":
        return "is off" if len(names) == 1 else "are off"
    return f"{'stays' if len(names) == 1 else 'stay'} at {state}"


def _held(duty: DutyNow, name: str, situation: Situation, verdict: Verdict) -> tuple[str, str]:
    """The state of a duty that is held back, and what stands behind it in the sentence."""
    state, best = "off" if duty.index(name) == 0 else name, duty.levels[-1].name
    why = _decided(duty.consumer, verdict)
    chance = _chance(duty.consumer, _above(duty, name), why, situation, verdict)
    return state, f"{f': {why}' if why else f' instead of {best}'}{chance}"


def _above(duty: DutyNow, name: str) -> frozenset[str]:
    return frozenset(level.name for level in duty.levels[duty.index(name) + 1 :])


def _waits(lease: Lease, situation: Situation, verdict: Verdict) -> str:
    offer = lease.offer
    verbs = {step.verb: step.sentence for step in verdict.leases if step.offer_id == offer.offer_id}
    if LeaseVerb.GRANT in verbs or LeaseVerb.RESUME in verbs or LeaseVerb.REFUSE in verbs:
        return ""
    paused = lease.state is LeaseState.PAUSED or LeaseVerb.PAUSE in verbs
    if not paused and lease.state is not LeaseState.OFFERED:
        return ""
    said = verbs.get(LeaseVerb.PAUSE) or _decided(offer.offer_id, verdict) or lease.sentence
    why = reason_of(said) if said else _price_reason(offer, verdict.price_points_per_wh)
    chance = _chance(offer.offer_id, frozenset({"run"}), why, situation, verdict, kind=offer.consumer)
    who = f"{offer.consumer} cannot take new jobs" if offer.standing else f"the job {quoted(offer.title)}"
    state = "" if offer.standing else " is paused" if paused else " waits"
    return f"{who}{state}{f': {why}' if why else ''}{chance}"


def _price_reason(offer: Offer, price: float) -> str:
    value = offer.value_points / offer.energy_wh if offer.energy_wh > 1e-4 else 0.0
    need = f"it needs {wh(offer.energy_wh)}"
    if value < price:
        return f"{need} and pays {points(value)} for each, less than a Wh is worth"
    return need


def _decided(subject: str, verdict: Verdict) -> str:
    said = next((d.sentence for d in verdict.decisions if d.subject == subject), "")
    return reason_of(said) if said else ""


def _chance(
    subject: str,
    wanted: frozenset[str],
    why: str,
    situation: Situation,
    verdict: Verdict,
    *,
    kind: str = "",
) -> str:
    """When the plan lets it run, unless the reason says so itself."""
    steps = verdict.plan.steps if verdict.plan else ()
    if not steps or "next chance" in why or " again " in f" {why} ":
        return ""
    for step in steps:
        level = step.runs.get(subject) or step.runs.get(kind)
        if step.awake and level in wanted and step.start_utc > situation.now_utc:
            return f"; its chance comes {at_time(step.start_utc, situation)}"
    return f"; there is no room for it before {clock_of(steps[-1].start_utc, situation)}"
