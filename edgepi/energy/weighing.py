"""What shall run now: the best rung, steadied against flapping, with what standing offers hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from edgepi.energy.demand import Rung, Want
from edgepi.energy.governor import DutyNow, Situation
from edgepi.energy.policy import Choice, Moment, floor_safe
from edgepi.energy.settings import SLOT_H
from edgepi.energy.standpoint import Standpoint, just_started, learned, rungs_of
from edgepi.energy.wants import demand, job_want
from edgepi.model import Guard, Lease, LeaseState

__all__ = ["DWELL_S", "UNSURE_SD", "Weighed", "hard_floor_wh", "recent", "weigh"]

DWELL_S = 300.0
UNSURE_SD = 0.2
_BAND_S = 1800.0
_BAND = 0.05
_ACTIVE = (LeaseState.GRANTED, LeaseState.RUNNING, LeaseState.PAUSED, LeaseState.COMMIT_ASKED)
_LIKE = 0.05
_MOST_NEW = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """A choice and what became of it: who shall run how (standing offers too), powers as learned.

    *holds* names offers that wait only because a standing offer holds the energy; *hopes* says whether
    jobs that may come under one are worth staying up for.
    """

    choice: Choice
    picks: Mapping[str, str]
    situation: Situation
    rungs: tuple[Rung, ...]
    holds: frozenset[str] = frozenset()
    hopes: bool = False

    @property
    def awake(self) -> bool:
        """Whether anything calls for the node to be on."""
        if self.choice.rung.awake or self.hopes:
            return True
        standing = {x.offer.offer_id for x in self.situation.leases if x.offer.standing}
        return any(name not in standing for name in self.picks)


def weigh(stand: Standpoint, situation: Situation) -> Weighed:
    """Choose by price, then steady the choice."""
    situation = learned(situation, stand.scales)
    moment = stand.moment(situation)
    wants = _within_reach(stand, demand(situation, stand.scales), moment, situation)
    # Somebody may want to reach a node that has just come up; but not out of an empty battery.
    stay = just_started(situation) and (situation.stored_wh or 0.0) > hard_floor_wh(situation)
    rungs = rungs_of(wants, situation, stay=stay)
    choice = _banded(stand.view.choose(rungs, moment), rungs, moment, situation)
    picks = dict(choice.rung.picks)
    holds = _held_back(stand, situation, rungs, picks)
    for name in holds:
        del picks[name]
    if stay:
        picks = _paying_for_the_node(stand, situation, wants, moment, picks)
    if situation.soc is not None and situation.soc.sd >= UNSURE_SD:
        picks = {name: pick for name, pick in picks.items() if not _new(name, situation)}
    elif not choice.latched and situation.guard.worst is Guard.NONE:
        picks |= _promised(situation, picks)
    picks = _dwelling(situation, choice, picks)
    held = _standing(stand, situation, wants, choice)
    hopes = bool(held) and not choice.rung.awake and _hopes(stand, situation, wants, held)
    picks |= held
    return Weighed(choice=choice, picks=picks, situation=situation, rungs=rungs, holds=holds, hopes=hopes)


def _within_reach(
    stand: Standpoint, wants: tuple[Want, ...], moment: Moment, situation: Situation
) -> tuple[Want, ...]:
    """What could run by itself now, and what runs.

    A rung holds all that earns more per Wh than its last: what cannot run at all would keep everything
    below it from running. Of many jobs that are new the best will do for now.
    """
    runs = moment.last or {}
    found = [want if want.consumer in runs else _safe_part(stand, want, moment, situation) for want in wants]
    offers = {lease.offer.offer_id for lease in situation.leases} - set(runs)
    jobs = [want for want in found if want.consumer in offers and want.steps]
    jobs.sort(key=lambda want: want.steps[0].points_per_h / max(want.steps[0].power_w, 1e-9), reverse=True)
    beyond = {want.consumer for want in jobs[_MOST_NEW:]}
    return tuple(want for want in found if want.steps and want.consumer not in beyond)


def _safe_part(stand: Standpoint, want: Want, moment: Moment, situation: Situation) -> Want:
    view, idle_w = stand.view, situation.board.idle_w
    held = {want.consumer: want.hold_h} if want.hold_h > 0 else {}
    steps = tuple(
        step
        for step in want.steps
        if floor_safe(
            view.settings,
            view.worth,
            Rung(idle_w + step.power_w, step.points_per_h, {want.consumer: step.name}, held),
            moment,
            view.now,
        )
    )
    return want if len(steps) == len(want.steps) else replace(want, steps=steps)


def hard_floor_wh(situation: Situation) -> float:
    """Charge that the run guard stands for."""
    return situation.battery.soc_at_rest(situation.guard.run_v) * situation.battery.capacity_wh


def recent(lease: Lease, situation: Situation) -> bool:
    """Whether a lease came to where it stands just now; a clock that jumped back counts as long ago."""
    return 0.0 <= (situation.now_utc - lease.since_utc).total_seconds() < DWELL_S


def _banded(choice: Choice, rungs: tuple[Rung, ...], moment: Moment, situation: Situation) -> Choice:
    """Stay where the node is while the gain is small and the last change is young."""
    ages = [situation.monotonic_s - duty.since_s for duty in situation.duties]
    age_s = min(ages, default=_BAND_S)
    if choice.latched or age_s >= _BAND_S:
        return choice
    place = next((i for i, rung in enumerate(rungs) if rung.picks == (moment.last or {})), None)
    if place is None or rungs[place] is choice.rung:
        return choice
    here, best = choice.scores[place], choice.scores[rungs.index(choice.rung)]
    if here is None or best is None:
        return choice
    turned = abs(choice.rung.points_per_h - rungs[place].points_per_h)
    band = _BAND * SLOT_H * turned * (1.0 - max(0.0, age_s) / _BAND_S)
    return replace(choice, rung=rungs[place]) if best - here < band else choice


def _held_back(
    stand: Standpoint, situation: Situation, rungs: tuple[Rung, ...], picks: Mapping[str, str]
) -> frozenset[str]:
    """Offers that would eat what a standing offer of more points per Wh holds."""
    holding = [x for x in situation.leases if x.state is LeaseState.GRANTED and _waits(x, situation)]
    if not holding:
        return frozenset()
    poorer = {
        lease.offer.offer_id
        for lease in situation.leases
        for other in holding
        if lease.offer.offer_id in picks
        and lease.offer.consumer != other.offer.consumer
        and _density(lease) < _density(other)
    }
    moment = stand.moment(situation, held_wh=sum(x.offer.energy_wh for x in holding))
    poorer -= set(moment.kept)
    if not poorer:
        return frozenset()
    left = stand.view.choose(rungs, moment).rung.picks
    return frozenset(name for name in poorer if name not in left)


def _density(lease: Lease) -> float:
    return lease.offer.value_points / max(lease.offer.energy_wh, 1e-9)


def _waits(lease: Lease, situation: Situation) -> bool:
    """Whether a lease is a standing offer whose consumer has no real one under way."""
    return lease.offer.standing and not any(
        other.offer.consumer == lease.offer.consumer and other.state in _ACTIVE and not other.offer.standing
        for other in situation.leases
    )


def _new(name: str, situation: Situation) -> bool:
    return any(x.offer.offer_id == name and x.state is LeaseState.OFFERED for x in situation.leases)


def _paying_for_the_node(
    stand: Standpoint,
    situation: Situation,
    wants: tuple[Want, ...],
    moment: Moment,
    picks: dict[str, str],
) -> dict[str, str]:
    """Leave out jobs that would begin only because the node stays up for a while anyhow: they last longer."""
    new = {name for name in picks if _new(name, situation)}
    if not new:
        return picks
    later = stand.view.choose(rungs_of(wants, situation), moment).rung.picks
    return {name: pick for name, pick in picks.items() if name not in new or name in later}


def _promised(situation: Situation, picks: Mapping[str, str]) -> dict[str, str]:
    """Real offers for which a standing one of their consumer has held the energy."""
    found: dict[str, str] = {}
    for standing in situation.leases:
        if standing.state is not LeaseState.GRANTED or not _waits(standing, situation):
            continue
        for lease in situation.leases:
            offered = lease.state is LeaseState.OFFERED and lease.offer.offer_id not in picks
            if offered and _fits(lease, standing):
                found[lease.offer.offer_id] = "run"
                break
    return found


def _fits(lease: Lease, standing: Lease) -> bool:
    mine, held = lease.offer, standing.offer
    same = mine.consumer == held.consumer and not mine.standing
    enough = mine.energy_wh <= held.energy_wh * (1.0 + _LIKE)
    return same and enough and _density(lease) >= _density(standing) * (1.0 - _LIKE)


def _standing(
    stand: Standpoint, situation: Situation, wants: tuple[Want, ...], choice: Choice
) -> dict[str, str]:
    """Standing offers whose kind of job would be chosen now."""
    found = {}
    for lease in situation.leases:
        if not lease.offer.standing or lease.state not in (LeaseState.OFFERED, LeaseState.GRANTED):
            continue
        granted, name = lease.state is LeaseState.GRANTED, lease.offer.offer_id
        if choice.latched or situation.guard.worst is not Guard.NONE:
            continue
        if granted and (recent(lease, situation) or not _waits(lease, situation)):
            found[name] = "run"
            continue
        rungs = rungs_of((*wants, job_want(lease.offer, stand.scales)), situation)
        moment = stand.moment(situation)
        if granted:
            moment = replace(moment, last={**(moment.last or {}), name: "run"})
        if name in stand.view.choose(rungs, moment).rung.picks:
            found[name] = "run"
    return found


def _hopes(stand: Standpoint, situation: Situation, wants: tuple[Want, ...], held: Mapping[str, str]) -> bool:
    """Whether to stay up for jobs that come as often as they have come of late."""
    likely = []
    for lease in situation.leases:
        if lease.offer.offer_id in held:
            want, share = job_want(lease.offer, stand.scales), stand.share(lease.offer.consumer)
            step = want.steps[0]
            step = replace(step, power_w=share * step.power_w, points_per_h=share * step.points_per_h)
            likely.append(replace(want, steps=(step,)))
    rungs = rungs_of((*wants, *likely), situation)
    return stand.view.choose(rungs, stand.moment(situation)).rung.awake


def _dwelling(situation: Situation, choice: Choice, picks: dict[str, str]) -> dict[str, str]:
    """Keep young levels where they are; with too little left only the least of what is vital stays."""
    wanted = dict(picks)
    for duty in situation.duties:
        index = duty.index(duty.level)
        if choice.latched or situation.guard.worst is not Guard.NONE:
            if duty.vital and index and _lasts(duty, situation):
                wanted[duty.consumer] = duty.levels[1].name
        elif 0.0 <= situation.monotonic_s - duty.since_s < DWELL_S:
            wanted.pop(duty.consumer, None)
            if index:
                wanted[duty.consumer] = duty.level
    return wanted


def _lasts(duty: DutyNow, situation: Situation) -> bool:
    """Whether a vital duty can stay for another while without the charge reaching the run guard's."""
    power_w = situation.board.idle_w + duty.power_w(duty.levels[1].name)
    left_wh = (situation.stored_wh or 0.0) - hard_floor_wh(situation)
    return left_wh > power_w * SLOT_H / situation.battery.facts.efficiency
