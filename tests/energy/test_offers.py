from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from edgepi.energy import SleepMeans
from edgepi.energy.governor import GuardState, Situation
from edgepi.energy.offers import (
    finish_safe,
    finishes_now,
    held_wh,
    latest_wake,
    set_aside_wh,
    too_late,
    validate_offer,
)
from edgepi.errors import OfferError
from edgepi.model import FinishPhase, Guard, Lease, LeaseState, Offer, RunPhase, WaitPhase

Make = Callable[..., Any]


@pytest.mark.parametrize(
    "changes",
    [
        {"offer_id": ""},
        {"consumer": ""},
        {"value_points": -1.0},
        {"value_points": math.nan},
        {"value_points": 1e10},
        {"run": RunPhase(energy_wh=1e7, duration_s=60.0)},
        {"run": RunPhase(energy_wh=1.0, duration_s=1e-9)},
        {"run": RunPhase(energy_wh=-1.0, duration_s=60.0)},
        {"run": RunPhase(energy_wh=1.0, duration_s=0.0)},
        {"run": RunPhase(energy_wh=math.inf, duration_s=60.0)},
        {"run": RunPhase(energy_wh=1.0, duration_s=1e9)},
        {"finish": FinishPhase(energy_wh=1.0, duration_s=60.0, deadline_utc=datetime(2025, 6, 1))},  # noqa: DTZ001
        {"wait": WaitPhase(until_utc=datetime(2025, 6, 1))},  # noqa: DTZ001
    ],
)
def test_an_offer_that_cannot_be_meant_is_refused_with_an_error(
    make_offer: Make, changes: dict[str, Any]
) -> None:
    with pytest.raises(OfferError):
        validate_offer(replace(make_offer(deadline_h=5), **changes))


def test_a_wait_without_a_finish_waits_for_nothing(make_offer: Make, make_situation: Make) -> None:
    until = make_situation().now_utc + timedelta(hours=1)
    with pytest.raises(OfferError, match="waits for nothing"):
        validate_offer(replace(make_offer(), wait=WaitPhase(until_utc=until)))


def test_a_sound_offer_passes(make_offer: Make) -> None:
    validate_offer(make_offer(deadline_h=5))


def test_run_and_finish_must_fit_before_the_deadline(make_offer: Make, make_situation: Make) -> None:
    now = make_situation().now_utc
    assert too_late(make_offer(deadline_h=1.0), now)
    assert not too_late(make_offer(deadline_h=1.1), now)


def committed(make_lease: Make, offer: Offer) -> Lease:
    lease: Lease = make_lease(LeaseState.COMMITTED, offer)
    return lease


def test_finish_energy_of_committed_leases_is_set_aside_with_a_boot_and_the_idle_node(
    make_situation: Make, make_lease: Make, make_offer: Make
) -> None:
    situation = make_situation(leases=(committed(make_lease, make_offer(deadline_h=9)),))
    assert set_aside_wh(situation) == pytest.approx(0.4 + 0.06 + 2.7 * 300 / 3600)
    assert set_aside_wh(situation, besides="job-1") == 0.0


def test_promised_energy_is_held_and_a_standing_offer_never_stands_in_its_own_consumers_way(
    make_situation: Make, make_lease: Make, make_offer: Make
) -> None:
    standing = make_lease(LeaseState.GRANTED, make_offer("standing", standing=True))
    running = make_lease(LeaseState.RUNNING, make_offer("running"), run_s=1800.0)
    waiting = make_lease(LeaseState.OFFERED, make_offer("waiting"))
    situation = make_situation(leases=(standing, running, waiting))
    own = make_offer("new")
    assert held_wh(situation, offer=own) == pytest.approx(3.1 / 2)
    other = replace(own, consumer="another")
    assert held_wh(situation, offer=other) == pytest.approx(3.1 / 2 + 3.1)


def asked(make_lease: Make, make_offer: Make, deadline_h: float) -> Lease:
    lease: Lease = make_lease(LeaseState.COMMIT_ASKED, make_offer(deadline_h=deadline_h))
    return lease


def test_commit_is_yes_when_the_energy_is_there(
    make_situation: Make, make_lease: Make, make_offer: Make
) -> None:
    answer = finish_safe(make_situation(0.5), asked(make_lease, make_offer, 10), 15.4)
    assert answer.yes
    # 0.4 finish, 0.225 idle meanwhile, 0.06 boot, 0.99 standby, 0.52 awake before it
    assert answer.sentence == "yes: 2.2 Wh of 58.5 Wh set aside to finish by 22:00"


def test_commit_is_no_when_the_battery_cannot_carry_the_finish(
    make_situation: Make, make_lease: Make, make_offer: Make
) -> None:
    answer = finish_safe(make_situation(0.13), asked(make_lease, make_offer, 10), 15.4)
    assert not answer.yes
    assert answer.sentence == (
        "no: finishing by 22:00 needs 2.2 Wh sleeping through the wait, 1.5 Wh can be set aside"
    )


def test_a_node_that_cannot_be_woken_must_afford_to_stay_awake(
    make_situation: Make, make_lease: Make, make_offer: Make
) -> None:
    lease = asked(make_lease, make_offer, 10)
    no_wake = make_situation(0.25, sleep=SleepMeans(can_cut=True))
    assert finish_safe(make_situation(0.25), lease, 15.4).yes
    answer = finish_safe(no_wake, lease, 15.4)
    assert not answer.yes
    assert answer.sentence.startswith("no: finishing by 22:00 needs 27.4 Wh staying awake")


def test_a_deadline_beyond_the_boards_horizon_counts_as_staying_awake(
    make_situation: Make, make_lease: Make, make_offer: Make
) -> None:
    near = SleepMeans(can_cut=True, can_wake_at=True, wake_horizon_s=3600.0)
    assert not finish_safe(make_situation(0.25, sleep=near), asked(make_lease, make_offer, 10), 15.4).yes


def test_a_deadline_that_moves_on_with_each_check_needs_energy_for_all_of_them(
    make_situation: Make, make_lease: Make, make_offer: Make
) -> None:
    situation = make_situation(0.5)
    until = situation.now_utc + timedelta(hours=25)
    wait = WaitPhase(until_utc=until, check_every_s=10 * 3600.0)
    offer = replace(make_offer(deadline_h=10), wait=wait)
    asleep = finish_safe(situation, make_lease(LeaseState.COMMIT_ASKED, offer), 15.4)
    # 0.625 once, and 0.06 boot, 0.99 standby, 0.52 awake three times
    assert asleep.numbers["needed_wh"] == pytest.approx(0.625 + 3 * 1.57, abs=0.02)
    no_wake = make_situation(0.5, sleep=SleepMeans(can_cut=True))
    awake = finish_safe(no_wake, make_lease(LeaseState.COMMIT_ASKED, offer), 15.4)
    assert awake.numbers["needed_wh"] == pytest.approx(0.625 + 2.7 * 25, abs=0.05)


@pytest.mark.parametrize("guard", [Guard.RUN, Guard.COMMIT])
def test_commit_is_no_below_a_guard(
    make_situation: Make, make_lease: Make, make_offer: Make, guard: Guard
) -> None:
    situation: Situation = make_situation(0.9, guard=GuardState(seen=guard, voltage_v=12.3))
    answer = finish_safe(situation, asked(make_lease, make_offer, 10), 15.4)
    assert answer.sentence == f"no: the battery is below the {guard} guard"


def test_commit_is_no_after_the_last_moment(make_situation: Make, make_lease: Make, make_offer: Make) -> None:
    assert not finish_safe(make_situation(0.9), asked(make_lease, make_offer, 0.05), 15.4).yes


def test_what_others_were_promised_cannot_be_promised_again(
    make_situation: Make, make_lease: Make, make_offer: Make
) -> None:
    big = replace(make_offer("big", deadline_h=10))
    assert big.finish is not None
    big = replace(big, finish=replace(big.finish, energy_wh=57.0))
    situation = make_situation(0.5, leases=(committed(make_lease, big),))
    assert not finish_safe(situation, asked(make_lease, make_offer, 10), 15.4).yes


def test_the_last_safe_wake_leaves_room_for_a_boot_and_a_margin(
    make_situation: Make, make_lease: Make, make_offer: Make
) -> None:
    situation = make_situation()
    wake = latest_wake(situation, committed(make_lease, make_offer(deadline_h=10)))
    assert wake == situation.now_utc + timedelta(hours=10) - timedelta(seconds=300 + 600 + 90)
    assert latest_wake(situation, make_lease(LeaseState.RUNNING, make_offer(deadline_h=10))) is None


def test_once_its_deadline_has_passed_nothing_is_owed_unless_it_is_under_way(
    make_situation: Make, make_lease: Make, make_offer: Make
) -> None:
    lease = committed(make_lease, make_offer(deadline_h=1))
    for hours, finishing, owed in ((0.9, False, True), (1.1, False, False), (1.1, True, True)):
        leases = (replace(lease, finishing=finishing),)
        situation = make_situation(leases=leases)
        situation = replace(situation, now_utc=situation.now_utc + timedelta(hours=hours))
        assert (latest_wake(situation, leases[0]) is not None) is owed
        assert (set_aside_wh(situation) > 0.0) is owed


def test_a_finish_is_due_from_its_last_safe_wake_to_its_last_start(
    make_situation: Make, make_lease: Make, make_offer: Make
) -> None:
    lease = committed(make_lease, make_offer(deadline_h=1))
    for minutes, due in ((30, False), (44, True), (54, True), (56, False)):
        situation = make_situation()
        situation = replace(situation, now_utc=situation.now_utc + timedelta(minutes=minutes))
        assert finishes_now(situation, lease) is due
        assert finishes_now(situation, replace(lease, finishing=True))
