from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from edgepi.energy import GuardState, LeaseVerb, Situation, SleepMeans, SocEstimate, ThresholdGovernor
from edgepi.model import Guard, Lease, LeaseState, Offer, RunPhase, Supply

Make = Callable[..., Any]


def with_soc(situation: Situation, soc: float) -> Situation:
    return replace(situation, soc=SocEstimate(soc, 0.02, "test"))


def test_an_offer_is_granted_from_a_full_battery_with_its_numbers(
    make_situation: Make, make_offer: Make
) -> None:
    answer = ThresholdGovernor().would_grant(make_situation(0.9), make_offer())
    assert answer.yes
    # 138.6 stored - 30.8 floor - (8.2 h of night + 0.75 h) * 2.7 W
    assert answer.sentence == "granted: needs 3.1 Wh, 83.6 Wh above the night reserve"


def test_an_offer_that_must_wait_hears_how_much_there_is_and_when_to_hope(
    make_situation: Make, make_offer: Make
) -> None:
    big = make_offer(run=RunPhase(energy_wh=90.0, duration_s=36_000.0))
    situation = make_situation(0.9, harvest_w=20.0)
    answer = ThresholdGovernor().would_grant(situation, big)
    assert not answer.yes
    assert answer.sentence == "waiting: needs 90.0 Wh, 83.6 Wh above the night reserve, next chance 12:22"
    assert answer.numbers["needed_wh"] == 90.0


def test_in_the_night_the_next_chance_comes_with_the_sun(make_situation: Make, make_offer: Make) -> None:
    night = make_situation(0.6, now_utc=make_situation().now_utc + timedelta(hours=11))
    answer = ThresholdGovernor().would_grant(night, make_offer())
    assert answer.sentence == "waiting: battery 60 %, jobs start at 80 %, next chance tomorrow 08:02"


def test_computing_starts_high_and_stops_low(
    make_situation: Make, make_lease: Make, make_offer: Make
) -> None:
    governor = ThresholdGovernor()
    offered = make_situation(0.79, leases=(make_lease(LeaseState.OFFERED),))
    assert governor.decide(offered).leases == ()
    (grant,) = governor.decide(with_soc(offered, 0.81)).leases
    assert grant.verb is LeaseVerb.GRANT
    pausable = make_offer(run=RunPhase(energy_wh=3.1, duration_s=3600.0, pausable=True))
    running = make_situation(0.51, leases=(make_lease(LeaseState.RUNNING, pausable),))
    assert governor.decide(running).leases == ()
    (pause,) = governor.decide(with_soc(running, 0.49)).leases
    assert pause.sentence == "paused: battery 49 %, jobs start again at 80 %"
    paused = make_situation(0.7, leases=(make_lease(LeaseState.PAUSED, pausable),))
    assert governor.decide(paused).leases == ()
    (resume,) = governor.decide(with_soc(paused, 0.85)).leases
    assert resume.verb is LeaseVerb.RESUME
    assert resume.sentence.startswith("resumed: needs 3.1 Wh")


def test_two_offers_do_not_get_the_same_energy(
    make_situation: Make, make_lease: Make, make_offer: Make
) -> None:
    run = RunPhase(energy_wh=50.0, duration_s=36_000.0)
    leases = tuple(make_lease(LeaseState.OFFERED, make_offer(f"job-{n}", run=run)) for n in range(3))
    verdict = ThresholdGovernor().decide(make_situation(0.9, leases=leases))
    assert [(step.offer_id, step.verb) for step in verdict.leases] == [("job-0", LeaseVerb.GRANT)]
    assert [d.sentence.split(", next")[0] for d in verdict.decisions] == [
        "waiting: needs 50.0 Wh, 33.6 Wh above the night reserve"
    ] * 2


def test_a_granted_standing_offer_lets_its_consumers_real_offer_in_but_nobody_elses(
    make_situation: Make, make_lease: Make, make_offer: Make
) -> None:
    run = RunPhase(energy_wh=50.0, duration_s=36_000.0)
    standing = make_lease(LeaseState.GRANTED, make_offer("hold", run=run, standing=True))
    situation = make_situation(0.9, leases=(standing,))
    governor = ThresholdGovernor()
    own: Offer = make_offer("real", run=run)
    assert governor.would_grant(situation, own).yes
    assert not governor.would_grant(situation, replace(own, consumer="other")).yes


def test_what_can_never_be_is_refused(make_situation: Make, make_lease: Make, make_offer: Make) -> None:
    huge = make_offer("huge", run=RunPhase(energy_wh=200.0, duration_s=3600.0))
    late = make_offer("late", deadline_h=0.5)
    leases = tuple(make_lease(LeaseState.OFFERED, offer) for offer in (huge, late))
    steps = ThresholdGovernor().decide(make_situation(0.9, leases=leases)).leases
    assert [step.sentence for step in steps] == [
        "refused: needs 200 Wh, the battery never has more than 123 Wh to give",
        "refused: run and finish no longer fit before the deadline",
    ]


def test_without_any_measurement_everything_runs(make_situation: Make, make_duty: Make) -> None:
    situation = make_situation(None, duties=(make_duty(),))
    verdict = ThresholdGovernor().decide(situation)
    assert verdict.levels == {"camera": "full"}
    assert verdict.sleep is None
    assert verdict.price_points_per_wh == 0.0


def test_with_a_battery_long_unmeasured_no_work_starts(make_situation: Make, make_offer: Make) -> None:
    answer = ThresholdGovernor().would_grant(make_situation(0.95, sd=0.25), make_offer())
    assert answer.sentence == "waiting: the battery has not been measured for too long"


def test_the_price_never_rises_with_charge_and_is_never_negative(make_situation: Make) -> None:
    prices = [ThresholdGovernor().decide(make_situation(n / 200)).price_points_per_wh for n in range(201)]
    assert prices == sorted(prices, reverse=True)
    assert prices[-1] == 0.0


def low(make_situation: Make, make_duty: Make, **changes: Any) -> Situation:
    situation: Situation = make_situation(0.19, duties=(make_duty("camera", "off"),), **changes)
    return replace(situation, guard=replace(situation.guard, voltage_v=12.8))


def test_a_low_node_with_nothing_left_to_run_sleeps_by_night_until_the_sun_is_up(
    make_situation: Make, make_duty: Make
) -> None:
    night = low(make_situation, make_duty, now_utc=make_situation().now_utc + timedelta(hours=11))
    sleep = ThresholdGovernor().decide(night).sleep
    assert sleep is not None
    assert not sleep.forced
    assert sleep.sentence == (
        "sleeping until tomorrow 06:02: battery 19 %, the node rests until 40 %, in good sun until 26 %"
    )
    assert sleep.wake.recovery_v == pytest.approx(13.0)
    assert sleep.wake.fallback_hours == 8


def test_by_day_it_looks_again_after_two_hours(make_situation: Make, make_duty: Make) -> None:
    situation = low(make_situation, make_duty)
    sleep = ThresholdGovernor().decide(situation).sleep
    assert sleep is not None
    assert sleep.wake.wake_utc == situation.now_utc + timedelta(hours=2)


def test_it_does_not_come_back_by_day_if_it_is_night_by_then(make_situation: Make, make_duty: Make) -> None:
    evening = low(make_situation, make_duty, now_utc=make_situation().now_utc + timedelta(hours=8.5))
    sleep = ThresholdGovernor().decide(evening).sleep
    assert sleep is not None
    assert sleep.sentence.startswith("sleeping until tomorrow 06:02")


@pytest.mark.parametrize(
    ("soc", "harvest_w", "rests"),
    [(0.25, 20.0, True), (0.27, 20.0, False), (0.27, 4.0, True), (0.27, None, True), (0.41, 0.0, False)],
)
def test_in_good_sun_a_rest_ends_sooner(
    make_situation: Make, make_duty: Make, soc: float, harvest_w: float | None, rests: bool
) -> None:
    governor = ThresholdGovernor()
    duty = make_duty("camera", points=50.0)
    governor.decide(low(make_situation, make_duty))
    verdict = governor.decide(make_situation(soc, harvest_w=harvest_w, duties=(duty,)))
    assert (verdict.levels["camera"] == "off") is rests
    assert (verdict.sleep is not None) is rests


def test_a_cloud_after_a_sunny_start_sends_nobody_back_to_sleep(
    make_situation: Make, make_duty: Make
) -> None:
    governor = ThresholdGovernor()
    governor.decide(low(make_situation, make_duty))
    governor.decide(make_situation(0.27, harvest_w=20.0))
    for soc in (0.26, 0.23, 0.21):
        assert governor.decide(make_situation(soc, harvest_w=0.0)).sleep is None
    assert governor.decide(make_situation(0.19, harvest_w=0.0)).sleep is not None


def test_in_polar_night_it_looks_again_after_a_day(make_situation: Make, make_duty: Make) -> None:
    situation = low(make_situation, make_duty)
    north = replace(
        situation,
        node=replace(situation.node, latitude=78.2, longitude=15.6),
        now_utc=situation.now_utc.replace(month=12),
    )
    sleep = ThresholdGovernor().decide(north).sleep
    assert sleep is not None
    assert sleep.wake.wake_utc == north.now_utc + timedelta(days=1)


def test_it_does_not_sleep_while_something_runs_or_just_after_a_start_or_without_a_board(
    make_situation: Make, make_duty: Make, make_lease: Make
) -> None:
    base = low(make_situation, make_duty)
    for awake in (
        replace(base, duties=(make_duty("camera", "full"),)),
        replace(base, leases=(make_lease(LeaseState.RUNNING),)),
        replace(base, awake_since_s=base.monotonic_s - 100.0),
        replace(base, sleep=SleepMeans()),
        replace(base, sleep=SleepMeans(can_cut=True)),
    ):
        assert ThresholdGovernor().decide(awake).sleep is None


def test_once_resting_it_rests_until_the_upper_threshold_even_after_a_restart(
    make_situation: Make, make_duty: Make
) -> None:
    governor, again = ThresholdGovernor(), ThresholdGovernor()
    governor.decide(low(make_situation, make_duty))
    again.recall(governor.memory())
    verdict = again.decide(make_situation(0.35, duties=(make_duty("camera", "off", 50.0),)))
    assert verdict.levels == {"camera": "off"}
    assert verdict.sleep is not None
    awake = again.decide(make_situation(0.41, duties=(make_duty("camera", "off", 50.0),)))
    assert awake.levels == {"camera": "full"}
    assert awake.sleep is None


def below(guard: Guard, volts: float) -> GuardState:
    return GuardState(latched=guard, seen=guard, voltage_v=volts, run_v=12.4, commit_v=12.0, since_s=0.0)


def test_below_the_commit_guard_sleep_is_forced_whatever_runs(
    make_situation: Make, make_duty: Make, make_lease: Make
) -> None:
    situation = make_situation(
        0.9,
        guard=below(Guard.COMMIT, 11.8),
        duties=(make_duty("camera", "full", 50.0),),
        leases=(make_lease(LeaseState.RUNNING),),
    )
    verdict = ThresholdGovernor().decide(situation)
    assert verdict.levels == {"camera": "off"}
    assert verdict.leases[0].verb is LeaseVerb.BREAK
    assert verdict.sleep is not None
    assert verdict.sleep.forced
    assert verdict.sleep.sentence.endswith("battery at 11.80 V, commit guard at 12.00 V")


def test_a_finish_phase_is_not_cut_off_even_below_the_commit_guard(
    make_situation: Make, make_lease: Make, make_offer: Make
) -> None:
    lease: Lease = make_lease(LeaseState.COMMITTED, make_offer(deadline_h=1), finishing=True)
    situation = make_situation(0.1, guard=below(Guard.COMMIT, 11.8), leases=(lease,))
    verdict = ThresholdGovernor().decide(situation)
    assert verdict.leases == ()
    assert verdict.sleep is None


def test_it_wakes_before_the_deadline_of_what_it_promised(
    make_situation: Make, make_duty: Make, make_lease: Make, make_offer: Make
) -> None:
    lease = make_lease(LeaseState.COMMITTED, make_offer(deadline_h=14))
    night = low(
        make_situation, make_duty, now_utc=make_situation().now_utc + timedelta(hours=11), leases=(lease,)
    )
    sleep = ThresholdGovernor().decide(night).sleep
    assert sleep is not None
    assert sleep.wake.wake_utc == night.now_utc + timedelta(hours=3) - timedelta(seconds=990)
    assert sleep.wake.fallback_hours == 2, "the board's own wake comes before the deadline, too"


def test_a_clock_that_jumps_a_year_breaks_nothing(
    make_situation: Make, make_duty: Make, make_lease: Make, make_offer: Make
) -> None:
    lease = make_lease(LeaseState.COMMITTED, make_offer(deadline_h=14))
    situation = make_situation(0.9, duties=(make_duty(),), leases=(lease,))
    governor = ThresholdGovernor()
    for days in (365, -365):
        jumped = replace(situation, now_utc=situation.now_utc + timedelta(days=days))
        verdict = governor.decide(jumped)
        assert verdict.levels == {"camera": "full"}
        assert verdict.leases == ()


def test_no_flapping_for_a_charge_that_trembles_around_every_threshold(
    make_situation: Make, make_duty: Make, make_lease: Make
) -> None:
    for centre in (0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.8):
        governor, duty, changes = ThresholdGovernor(), make_duty("camera", "saver"), 0
        for tick in range(200):
            soc = centre + (0.02 if tick % 2 else -0.02)
            supply = Supply(time_utc=make_situation().now_utc, source="x")
            situation = make_situation(soc, duties=(duty,), monotonic_s=tick * 10.0, supply=supply)
            level = governor.decide(situation).levels["camera"]
            if level != duty.level:
                changes += 1
                duty = replace(duty, level=level, since_s=tick * 10.0)
        assert changes <= 2, centre
