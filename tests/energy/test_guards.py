from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgepi.energy import (
    Battery,
    Board,
    DutyNow,
    GuardLimits,
    GuardState,
    GuardWatch,
    LeaseVerb,
    LeaseVerdict,
    Panel,
    Situation,
    Verdict,
    enforce,
)
from edgepi.energy.guards import VITAL_GRACE_S
from edgepi.model import Guard, Lease, LeaseState, Level, NodeInfo, Offer, RunPhase

LIMITS = GuardLimits.of(Battery.of("lifepo4", 154.0))
DRAWING = (LeaseState.RUNNING, LeaseState.COMMIT_ASKED)

MakeSituation = Callable[..., Situation]


def at(latched: Guard, seen: Guard | None = None, *, for_s: float = 1e6) -> GuardState:
    volts = {Guard.NONE: 13.2, Guard.RUN: 12.3, Guard.COMMIT: 11.9}[seen or latched]
    return GuardState(
        latched=latched,
        seen=seen or latched,
        since_s=10_000.0 - for_s,
        voltage_v=volts,
        run_v=LIMITS.run_v,
        commit_v=LIMITS.commit_v,
    )


def test_limits_follow_from_chemistry_and_cells_unless_given() -> None:
    assert (LIMITS.run_v, LIMITS.commit_v) == pytest.approx((12.4, 12.0))
    assert GuardLimits.of(Battery.of("li-ion", 12.0, 1)).run_v == pytest.approx(3.6)
    given_limits = GuardLimits.of(Battery.of("lifepo4", 154.0), run_v=11.5)
    assert given_limits.run_v == given_limits.commit_v == 11.5
    assert GuardLimits.of(Battery.of("lifepo4", 154.0), commit_v=13.0).run_v == 13.0


def test_one_low_reading_latches_nothing_but_is_seen() -> None:
    watch = GuardWatch(LIMITS)
    state = watch.update(12.3, 0.0)
    assert (state.latched, state.seen, state.worst) == (Guard.NONE, Guard.RUN, Guard.RUN)
    assert watch.update(13.0, 3.0).worst is Guard.NONE


def test_a_voltage_that_stays_low_latches_until_it_has_recovered_for_a_while() -> None:
    watch = GuardWatch(LIMITS)
    watch.update(12.3, 0.0)
    assert watch.update(12.3, 10.0).latched is Guard.RUN
    assert watch.update(12.5, 20.0).latched is Guard.RUN, "inside the band"
    assert watch.update(12.7, 30.0).latched is Guard.RUN, "above it, but not for long"
    assert watch.update(12.7, 91.0).latched is Guard.NONE


def test_the_commit_guard_gives_way_to_the_run_guard_first() -> None:
    watch = GuardWatch(LIMITS)
    watch.update(11.8, 0.0)
    assert watch.update(11.8, 10.0).latched is Guard.COMMIT
    watch.update(12.3, 20.0)
    assert watch.update(12.3, 90.0).latched is Guard.RUN


def test_no_reading_changes_nothing() -> None:
    watch = GuardWatch(LIMITS)
    watch.update(11.8, 0.0)
    low = watch.update(11.8, 10.0)
    assert watch.update(None, 1000.0) == low


@given(st.lists(st.floats(-0.06, 0.06), min_size=20, max_size=200))
def test_noise_of_one_step_of_a_coarse_board_does_not_make_the_guard_flap(noise: list[float]) -> None:
    watch = GuardWatch(LIMITS)
    states = [watch.update(LIMITS.run_v + error, n * 10.0).latched for n, error in enumerate(noise)]
    assert sum(a is not b for a, b in pairwise(states)) <= 1


def test_run_guard_sheds_all_at_once_but_the_vital_only_to_their_lowest(
    make_situation: MakeSituation, make_duty: Callable[..., DutyNow]
) -> None:
    duties = (make_duty("camera", "full", 2.0), make_duty("station", "full", 50.0))
    situation = make_situation(guard=at(Guard.RUN, for_s=10.0), duties=duties)
    verdict = enforce(situation, Verdict(levels={"camera": "full", "station": "full"}))
    assert verdict.levels == {"camera": "off", "station": "saver"}
    later = replace(situation, guard=at(Guard.RUN, for_s=VITAL_GRACE_S))
    assert enforce(later, verdict).levels["station"] == "off"


def test_the_sentence_says_voltage_and_guard(
    make_situation: MakeSituation, make_duty: Callable[..., DutyNow]
) -> None:
    situation = make_situation(guard=at(Guard.RUN), duties=(make_duty("camera", "full"),))
    (decision,) = enforce(situation, Verdict(levels={"camera": "full"})).decisions
    assert decision.sentence == "off: battery at 12.30 V, below the run guard of 12.40 V"
    assert decision.numbers == {"battery_v": 12.3, "guard_v": pytest.approx(12.4)}


def test_a_seen_dip_keeps_a_duty_from_rising(
    make_situation: MakeSituation, make_duty: Callable[..., DutyNow]
) -> None:
    situation = make_situation(guard=at(Guard.NONE, Guard.RUN), duties=(make_duty("camera", "saver"),))
    verdict = enforce(situation, Verdict(levels={"camera": "full"}))
    assert verdict.levels == {"camera": "saver"}
    assert verdict.decisions[0].sentence.startswith("stays at saver: battery at 12.30 V")


def test_between_the_guards_a_job_that_cannot_pause_goes_on_and_below_both_it_breaks(
    make_situation: MakeSituation, make_lease: Callable[..., Lease]
) -> None:
    situation = make_situation(guard=at(Guard.RUN), leases=(make_lease(LeaseState.RUNNING),))
    assert enforce(situation, Verdict(levels={})).leases == ()
    lower = replace(situation, guard=at(Guard.COMMIT))
    (step,) = enforce(lower, Verdict(levels={})).leases
    assert step.verb is LeaseVerb.BREAK
    assert step.sentence == "broken: battery at 11.90 V, below the commit guard of 12.00 V"


# Properties: for any duties, leases and wishes of a governor, however unreasonable.

levels_st = st.integers(1, 4).map(
    lambda n: (Level("off", 0.0, 0.0), *(Level(f"l{i}", float(i), float(i)) for i in range(1, n + 1)))
)


@st.composite
def situations(draw: st.DrawFn) -> tuple[tuple[DutyNow, ...], tuple[Lease, ...], Verdict, GuardState]:
    duties, wishes = [], {}
    for number in range(draw(st.integers(0, 4))):
        levels = draw(levels_st)
        names = [level.name for level in levels]
        duty = DutyNow(
            consumer=f"d{number}",
            levels=levels,
            level=draw(st.sampled_from(names)),
            since_s=draw(st.floats(0, 10_000)),
            points_per_h=draw(st.floats(0, 1e6)),
        )
        duties.append(duty)
        wishes[duty.consumer] = draw(st.sampled_from(names))
    leases, steps = [], []
    for number in range(draw(st.integers(0, 4))):
        run = RunPhase(energy_wh=1.0, duration_s=60.0, pausable=draw(st.booleans()))
        offer = Offer(offer_id=f"o{number}", consumer="c", title="", value_points=1e9, run=run)
        state = draw(st.sampled_from([s for s in LeaseState if s.open]))
        leases.append(Lease(offer=offer, state=state, since_utc=NOON, finishing=draw(st.booleans())))
        if verb := draw(st.none() | st.sampled_from(LeaseVerb)):
            steps.append(LeaseVerdict(offer_id=offer.offer_id, verb=verb, sentence=""))
    latched = draw(st.sampled_from(Guard))
    guard = at(latched, draw(st.sampled_from(Guard)), for_s=draw(st.floats(0, 1000)))
    return tuple(duties), tuple(leases), Verdict(levels=wishes, leases=tuple(steps)), guard


def _now() -> Situation:
    return Situation(
        now_utc=datetime(2025, 6, 1, 10, 0, tzinfo=UTC),
        monotonic_s=10_000.0,
        awake_since_s=0.0,
        node=NodeInfo(name="n", latitude=48.1, longitude=11.6),
        battery=Battery.of("lifepo4", 154.0),
        panel=Panel(),
        board=Board(),
    )


SITUATION = _now()
NOON = SITUATION.now_utc


@given(situations())
def test_at_or_below_the_run_guard_nothing_is_switched_on(
    case: tuple[tuple[DutyNow, ...], tuple[Lease, ...], Verdict, GuardState],
) -> None:
    duties, leases, wish, guard = case
    verdict = enforce(replace(SITUATION, duties=duties, leases=leases, guard=guard), wish)
    if guard.worst is Guard.NONE:
        assert verdict == wish
        return
    for duty in duties:
        assert duty.index(verdict.levels[duty.consumer]) <= duty.index(duty.level)
    assert not {step.verb for step in verdict.leases} & {LeaseVerb.GRANT, LeaseVerb.RESUME}
    if guard.latched is not Guard.NONE:
        assert all(verdict.levels[d.consumer] == "off" for d in duties if not d.vital)


@given(situations())
def test_below_the_commit_guard_only_finish_phases_draw(
    case: tuple[tuple[DutyNow, ...], tuple[Lease, ...], Verdict, GuardState],
) -> None:
    duties, leases, wish, guard = case
    guard = replace(guard, latched=Guard.COMMIT)
    verdict = enforce(replace(SITUATION, duties=duties, leases=leases, guard=guard), wish)
    assert set(verdict.levels.values()) <= {"off"}
    ended = {step.offer_id for step in verdict.leases if step.verb in (LeaseVerb.PAUSE, LeaseVerb.BREAK)}
    for lease in leases:
        assert lease.state not in DRAWING or lease.offer.offer_id in ended


@given(situations())
def test_laying_the_guards_over_twice_changes_nothing(
    case: tuple[tuple[DutyNow, ...], tuple[Lease, ...], Verdict, GuardState],
) -> None:
    duties, leases, wish, guard = case
    situation = replace(SITUATION, duties=duties, leases=leases, guard=guard)
    once = enforce(situation, wish)
    assert enforce(situation, once) == once
