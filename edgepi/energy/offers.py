"""Offers: what can be meant as stated, what is set aside, and whether a finish phase is safe."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

from edgepi.energy.governor import Situation
from edgepi.energy.sentences import clock_time, wh, zone
from edgepi.errors import OfferError
from edgepi.model import Answer, FinishPhase, Guard, Lease, LeaseState, Offer

__all__ = [
    "WAKE_MARGIN_S",
    "busy",
    "finish_safe",
    "finishes_now",
    "held_wh",
    "latest_finish_start",
    "latest_wake",
    "set_aside_wh",
    "too_late",
    "validate_offer",
]

# Between waking and a deadline: a boot that fails once, an hour of a board's alarm grid set apart.
WAKE_MARGIN_S = 600.0
_SHORTEST_S, _LONGEST_S = 0.001, 366 * 86400.0
_HANGS = timedelta(days=1)
_MOST_WH, _MOST_POINTS = 1e6, 1e9


def validate_offer(offer: Offer) -> None:
    """Check that an offer can be meant as stated.

    Raises:
        OfferError: a name is empty, a number is no positive finite one, or times contradict.
    """
    if not offer.offer_id or not offer.consumer:
        raise OfferError("an offer needs an id and a consumer")
    _need(0 <= offer.value_points <= _MOST_POINTS, offer, "value_points", offer.value_points)
    _check_phase(offer, "run", offer.run.energy_wh, offer.run.duration_s)
    if offer.wait is not None:
        _check_aware(offer, "wait.until_utc", offer.wait.until_utc)
        check_s = offer.wait.check_every_s
        if check_s is not None:
            _need(check_s > 0, offer, "wait.check_every_s", check_s)
    if offer.finish is not None:
        _check_phase(offer, "finish", offer.finish.energy_wh, offer.finish.duration_s)
        _check_aware(offer, "finish.deadline_utc", offer.finish.deadline_utc)
    elif offer.wait is not None:
        raise OfferError(f"offer {offer.offer_id} waits for nothing: it has no finish phase")


def _check_phase(offer: Offer, phase: str, energy_wh: float, duration_s: float) -> None:
    _need(0 <= energy_wh <= _MOST_WH, offer, f"{phase}.energy_wh", energy_wh)
    _need(_SHORTEST_S <= duration_s <= _LONGEST_S, offer, f"{phase}.duration_s", duration_s)


def _need(true: bool, offer: Offer, name: str, value: float) -> None:
    if not true or not math.isfinite(value):
        raise OfferError(f"offer {offer.offer_id}: {name} cannot be {value!r}")


def _check_aware(offer: Offer, name: str, when: datetime) -> None:
    if when.tzinfo is None:
        raise OfferError(f"offer {offer.offer_id}: {name} needs a time zone")


def latest_finish_start(finish: FinishPhase) -> datetime:
    """Last moment at which the finish phase still meets its deadline."""
    return finish.deadline_utc - timedelta(seconds=finish.duration_s)


def _owed(situation: Situation, lease: Lease) -> bool:
    """Whether a finish phase is still owed: of one that is under way until it surely hangs."""
    finish = lease.offer.finish
    if lease.state is not LeaseState.COMMITTED or finish is None:
        return False
    return situation.now_utc <= finish.deadline_utc + (_HANGS if lease.finishing else timedelta(0))


def busy(situation: Situation, lease: Lease) -> bool:
    """Whether a job is at work, or about to begin: no time to sleep."""
    if lease.state is LeaseState.COMMITTED:
        return lease.finishing and _owed(situation, lease)
    return not lease.offer.standing and (lease.draws or lease.state is LeaseState.GRANTED)


def finishes_now(situation: Situation, lease: Lease) -> bool:
    """Whether a finish phase is under way, or has to begin just now to meet its deadline."""
    finish, wake = lease.offer.finish, latest_wake(situation, lease)
    if finish is None or wake is None:
        return False
    return lease.finishing or wake <= situation.now_utc <= latest_finish_start(finish)


def latest_wake(situation: Situation, lease: Lease) -> datetime | None:
    """Last safe moment to be woken for a committed lease, margin and boot included; None if there is none."""
    if not _owed(situation, lease) or lease.offer.finish is None:
        return None
    spare = timedelta(seconds=WAKE_MARGIN_S + situation.board.boot_s)
    return latest_finish_start(lease.offer.finish) - spare


def too_late(offer: Offer, now_utc: datetime) -> bool:
    """Whether run and finish no longer fit before the deadline."""
    if offer.finish is None:
        return False
    return now_utc + timedelta(seconds=offer.run.duration_s) > latest_finish_start(offer.finish)


def set_aside_wh(situation: Situation, *, besides: str = "") -> float:
    """Energy of finish phases still owed by committed leases, each with a boot of its own."""
    owed = 0.0
    for lease in situation.leases:
        finish = lease.offer.finish
        if finish and _owed(situation, lease) and lease.offer.offer_id != besides:
            # The idle node is part of what a finish phase costs when it happens in the dark.
            owed += finish.energy_wh + situation.board.boot_wh
            owed += situation.board.idle_w * finish.duration_s / 3600.0
    return owed


def held_wh(situation: Situation, *, offer: Offer) -> float:
    """Energy promised to others than *offer*: granted and running work, standing offers.

    A standing offer holds energy for its own consumer, so it never stands in that one's way.
    """
    return sum(
        _owed_by(lease)
        for lease in situation.leases
        if lease.offer.offer_id != offer.offer_id
        and not (lease.offer.standing and lease.offer.consumer == offer.consumer)
    )


def _owed_by(lease: Lease) -> float:
    promised = (LeaseState.GRANTED, LeaseState.RUNNING, LeaseState.PAUSED, LeaseState.COMMIT_ASKED)
    if lease.state not in promised:
        return 0.0
    done = min(1.0, lease.run_s / lease.offer.run.duration_s)
    finish = lease.offer.finish.energy_wh if lease.offer.finish else 0.0
    return lease.offer.run.energy_wh * (1.0 - done) + finish


def finish_safe(situation: Situation, lease: Lease, floor_wh: float) -> Answer:
    """Say whether a finish phase is safe: energy above *floor_wh*, and the node awake in time."""
    finish = lease.offer.finish
    if finish is None:
        return Answer(yes=True, sentence="yes: there is nothing to finish later")
    if situation.guard.worst is not Guard.NONE:
        return Answer(yes=False, sentence=f"no: the battery is below the {situation.guard.worst} guard")
    place = zone(situation.node.time_zone)
    by = clock_time(finish.deadline_utc, situation.now_utc, place)
    start = latest_finish_start(finish)
    if start <= situation.now_utc:
        return Answer(yes=False, sentence=f"no: finishing by {by} is no longer possible")
    needed = _needed_wh(situation, lease, finish)
    stored = situation.stored_wh
    if stored is None:
        return Answer(yes=True, sentence=f"yes: nothing measures a battery, the deadline is {by}")
    free = stored - _doubt_wh(situation) - floor_wh - set_aside_wh(situation, besides=lease.offer.offer_id)
    numbers = {"needed_wh": needed, "free_wh": free}
    if free < needed:
        how = "sleeping through the wait" if _sleeps_through(situation, start) else "staying awake"
        sentence = f"no: finishing by {by} needs {wh(needed)} {how}, {wh(max(0.0, free))} can be set aside"
        return Answer(yes=False, sentence=sentence, numbers=numbers)
    sentence = f"yes: {wh(needed)} of {wh(free)} set aside to finish by {by}"
    return Answer(yes=True, sentence=sentence, numbers=numbers)


def _doubt_wh(situation: Situation) -> float:
    """Energy that may be missing if the state of charge is one standard deviation too high."""
    return 0.0 if situation.soc is None else situation.soc.sd * situation.battery.capacity_wh


def _sleeps_through(situation: Situation, start: datetime) -> bool:
    ahead_s = (start - situation.now_utc).total_seconds()
    spare_s = WAKE_MARGIN_S + situation.board.boot_s
    return situation.sleep.usable and spare_s < ahead_s <= max(situation.sleep.wake_horizon_s, spare_s)


def _needed_wh(situation: Situation, lease: Lease, finish: FinishPhase) -> float:
    """Energy until the finish is done, without any sun: asleep if possible, else idling."""
    board, start = situation.board, latest_finish_start(finish)
    ahead_h = (start - situation.now_utc).total_seconds() / 3600.0
    own = finish.energy_wh + board.idle_w * finish.duration_s / 3600.0
    checks = _checks(situation, lease, ahead_h)
    if not _sleeps_through(situation, start):
        wait_h = checks * ahead_h
        if lease.offer.wait is not None:
            until_h = (lease.offer.wait.until_utc - situation.now_utc).total_seconds() / 3600.0
            wait_h = max(0.0, min(wait_h, until_h))
        return own + board.idle_w * wait_h
    spare_h = (WAKE_MARGIN_S + board.boot_s) / 3600.0
    return own + checks * (board.boot_wh + board.standby_w * ahead_h + board.idle_w * spare_h)


def _checks(situation: Situation, lease: Lease, ahead_h: float) -> int:
    """How often the deadline may move on before there is nothing to wait for any more, and the last time."""
    wait = lease.offer.wait
    if wait is None or wait.check_every_s is None or ahead_h <= 0.0:
        return 1
    until_s = (wait.until_utc - situation.now_utc).total_seconds()
    return max(1, math.ceil(until_s / wait.check_every_s))
