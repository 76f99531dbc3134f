from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest

from edgepi.energy import (
    GuardState,
    Insight,
    LearnedLoad,
    LeaseVerb,
    LeaseVerdict,
    Situation,
    SleepMeans,
    SleepPlan,
    SocEstimate,
    ThresholdGovernor,
    Verdict,
)
from edgepi.energy.explain import explain
from edgepi.model import Decision, Guard, LeaseState, Level, NodeInfo, Plan, PlanStep, Supply, WakePlan
from tests.energy.conftest import NOON, build_duty, build_lease, build_offer, build_situation

Make = Callable[..., Any]

CLEAR = Insight(
    days_learned=40,
    clearness_today=0.72,
    clear_day_wh=84.2,
    harvest_left_wh=31.4,
    harvest_tomorrow_wh=62.3,
    forecast_source="Open-Meteo",
    forecast_sd=0.15,
    floor_wh=15.4,
)


WRONG = re.compile(r"  | ,|\(\)|None|nan|\.\.|-0|\b1 (?:points|days|hours)|at (?:on|tomorrow|Mon) |\d{4,} Wh")


def a_plan(
    *stored: float, asleep: tuple[int, ...] = (), runs: dict[int, dict[str, str]] | None = None
) -> Plan:
    """A step every two hours from noon on."""
    steps = tuple(
        PlanStep(
            start_utc=NOON + timedelta(hours=2 * n),
            awake=n not in asleep,
            price_points_per_wh=0.3,
            harvest_w=5.0,
            load_w=2.5,
            stored_wh=wh,
            runs=(runs or {}).get(n, {}),
        )
        for n, wh in enumerate(stored)
    )
    return Plan(made_utc=NOON, steps=steps)


def a_verdict(price: float = 0.32, plan: Plan | None = None, **changes: Any) -> Verdict:
    return replace(Verdict(levels={}, price_points_per_wh=price, plan=plan), **changes)


def told(situation: Situation, verdict: Verdict | None = None, insight: Insight | None = None) -> str:
    return " ".join(explain(situation, verdict or a_verdict(), insight or Insight()))


def test_a_clear_noon_reads_as_a_person_would_say_it() -> None:
    duty = build_duty(level="saver")
    offer = build_offer("job-1")
    waits = Decision(
        time_utc=NOON,
        subject="job-1",
        action="wait",
        sentence="waiting: needs 3.1 Wh, 1.4 Wh above the night reserve, next chance 13:40",
    )
    plan = a_plan(120.0, 150.0, 90.0, 50.0, 70.0, runs={1: {"camera": "full"}})
    situation = build_situation(
        0.83, harvest_w=12.3, duties=(duty,), leases=(build_lease(LeaseState.OFFERED, offer),)
    )
    expected = """
    At 12:00 the battery holds 128 Wh, 83 % (give or take 2 %) and fills: the panel gives 12.3 W and the
    node draws 2.5 W.
    A stored Wh is worth 0.32 points now, because it would keep camera going, which the plan cuts back at
    16:00.
    Camera at saver (0.20 W, 5 points per Wh) is running, which earns more than the 0.32 that a Wh is
    worth.
    Camera stays at saver instead of full; its chance comes at 14:00.
    The job \u201ca job\u201d waits: needs 3.1 Wh, 1.4 Wh above the night reserve, next chance 13:40.
    Today looks fairly sunny (72 % of a clear day): the panel should give 31 Wh more today and 62 Wh
    tomorrow, where a clear day gives 84 Wh.
    That rests on the forecast from Open-Meteo, which is wrong by about 15 % of a clear day, and on 40 days
    of its own harvest.
    The node stays awake as far as is planned, until 20:00.
    The last 15 Wh (10 %) are kept whatever is offered for them.
    """
    assert told(situation, a_verdict(0.32, plan, decisions=(waits,)), CLEAR) == " ".join(expected.split())


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"harvest_w": 1.0}, "and empties: the panel gives 1.0 W and the node draws 2.7 W"),
        ({"harvest_w": 2.8}, "and keeps about level: the panel gives 2.8 W"),
        (
            {"harvest_w": None},
            "and the node draws 2.7 W; the sun is up, but nothing says what the panel gives",
        ),
        ({"harvest_w": 9.0, "harvest_curtailed": True}, "what the panel could give beyond that is lost"),
        ({"harvest_w": 0.0, "now_utc": NOON + timedelta(hours=12)}, "the sun is down and rises at 05:"),
        ({"harvest_w": 0.0, "now_utc": NOON + timedelta(hours=10)}, "the sun is down and rises tomorrow 05:"),
        (
            {"soc": SocEstimate(0.5, 0.2, "remembered")},
            "was last known to hold 77 Wh, 50 % (give or take 20 %)",
        ),
        ({"soc": SocEstimate(0.5, 0.01, "x")}, "holds 77 Wh, 50 %, and the node"),
        ({"soc": SocEstimate(1.0, 0.01, "x"), "harvest_w": 9.0}, "100 %: it is full, the panel gives 9.0 W"),
        (
            {"soc": None, "metered": True, "harvest_w": 3.0},
            "has not been measured yet, so no new work starts",
        ),
        ({"soc": None, "harvest_w": None}, "Nothing measures the battery, so the supply counts as steady"),
    ],
)
def test_battery_and_sun_are_told_as_far_as_they_are_known(changes: dict[str, Any], said: str) -> None:
    assert said in told(replace(build_situation(0.5), **changes))


@pytest.mark.parametrize(
    ("verdict", "insight", "said"),
    [
        (
            a_verdict(0.0),
            Insight(),
            "one more Wh in the battery would be worth nothing: there is more than can be used",
        ),
        (
            a_verdict(0.0, a_plan(90, 150)),
            Insight(),
            "the battery should be full at 14:00, and what comes then would be lost",
        ),
        (a_verdict(0.2), Insight(), "at this charge a stored Wh counts for 0.2 points"),
        (a_verdict(1.0), Insight(), "a stored Wh counts for 1 point."),
        (
            a_verdict(0.3, a_plan(60, 30, asleep=(1,))),
            Insight(),
            "because there is too little to stay awake all the time",
        ),
        (
            a_verdict(0.3, a_plan(90, 30)),
            Insight(),
            "should fall to 19 % at 14:00, and a dull day after that would make it short",
        ),
        (
            a_verdict(0.3, a_plan(90, 60)),
            Insight(floor_wh=10.0, clear_day_wh=80.0),
            "should fall to 39 % at 14:00, and 2 dull days after that would make it short",
        ),
        (
            a_verdict(0.3, a_plan(90, 60)),
            Insight(floor_wh=10.0, clear_day_wh=240.0),
            "should fall to 39 % at 14:00, and what is kept now serves dull days after that",
        ),
        (
            a_verdict(0.3, a_plan(90, 80)),
            Insight(),
            "should fall to 52 % at 14:00, and what is kept now serves dull days after that",
        ),
        (
            a_verdict(0.3, a_plan(90, 95)),
            Insight(),
            "because the days ahead may turn out duller than expected",
        ),
        (
            a_verdict(0.3, a_plan(90, 95)),
            Insight(harvest_tomorrow_wh=20.0, clear_day_wh=84.0),
            "because tomorrow should bring only 20 Wh of the 84 Wh of a clear day",
        ),
    ],
)
def test_the_price_is_told_with_what_a_wh_would_serve(verdict: Verdict, insight: Insight, said: str) -> None:
    assert said.lower() in told(build_situation(0.6), verdict, insight).lower()


def test_an_hour_awake_is_weighed_where_the_node_must_sleep() -> None:
    plan = a_plan(60, 30, asleep=(1,), runs={0: {"camera": "full"}})
    situation = build_situation(0.4, duties=(build_duty(level="full"),))
    assert "2.5 Wh keep it awake for an hour that earns 2 points" in told(situation, a_verdict(0.9, plan))


def test_work_that_earns_less_than_the_price_is_called_that() -> None:
    both = (build_duty("camera", "full"), build_duty("radio", "saver"))
    situation = build_situation(0.5, duties=both)
    sentence = (
        "Camera at full (1.0 W, 2 points per Wh) and radio at saver (0.20 W, 5 points per Wh) are running"
    )
    assert f"{sentence}, which earns more than the 1 that a Wh is worth." in told(situation, a_verdict(1.0))
    assert f"{sentence}; not all of it earns the 3 that a Wh is worth." in told(situation, a_verdict(3.0))
    assert f"{sentence}, which earns less than the 9 that a Wh is worth." in told(situation, a_verdict(9.0))
    assert f"{sentence}." in told(situation, a_verdict(0.0))


def test_a_duty_that_takes_next_to_nothing_has_no_earning_per_wh() -> None:
    levels = (Level("off", 0.0, 0.0), Level("full", 0.0, 50.0))
    situation = build_situation(0.5, duties=(replace(build_duty(level="full"), levels=levels),))
    assert "Camera at full (hardly any power) is running." in told(situation)


def test_nothing_running_is_said_with_what_the_node_takes() -> None:
    assert "the node draws 2.7 W; the sun is up" in told(build_situation(0.5))
    assert "Nothing runs beside the idle node." in told(build_situation(0.5))


def test_what_is_measured_goes_before_what_is_stated() -> None:
    supply = Supply(time_utc=NOON, source="meter", output_w=3.6)
    assert "the node draws 4.0 W" in told(build_situation(0.5, supply=supply))


def test_duties_held_back_for_one_reason_share_a_sentence() -> None:
    said = [
        Decision(time_utc=NOON, subject=name, action="level", sentence="off: battery 17 %, the node rests")
        for name in ("camera", "radio", "horn")
    ]
    duties = (build_duty(), build_duty("radio"), build_duty("horn", "saver"))
    text = told(build_situation(0.2, duties=duties), a_verdict(decisions=tuple(said)))
    assert "Camera and radio are off: battery 17 %, the node rests." in text
    assert "Horn stays at saver: battery 17 %, the node rests." in text


def test_what_the_verdict_changes_now_counts_as_changed() -> None:
    lease = build_lease(LeaseState.OFFERED)
    situation = build_situation(0.9, duties=(build_duty(),), leases=(lease,))
    grant = LeaseVerdict(offer_id="job-1", verb=LeaseVerb.GRANT, sentence="granted: needs 3.1 Wh")
    text = told(situation, a_verdict(levels={"camera": "full"}, leases=(grant,)))
    assert "Camera at full (1.0 W, 2 points per Wh) and the job \u201ca job\u201d (3.1 W" in text
    assert "waits" not in text


def test_a_job_without_a_reason_is_told_what_it_pays_and_when_the_plan_has_room() -> None:
    situation = build_situation(0.5, leases=(build_lease(LeaseState.OFFERED),))
    chance = a_plan(60, 70, 80, runs={2: {"iexec": "run"}})
    why = "it needs 3.1 Wh and pays 0.32 points for each, less than a Wh is worth"
    assert f"waits: {why}; its chance comes at 16:00." in told(situation, a_verdict(2.0, chance))
    assert "; there is no room for it before 16:00." in told(situation, a_verdict(2.0, a_plan(60, 70, 80)))


def test_many_that_wait_are_counted() -> None:
    leases = tuple(build_lease(LeaseState.OFFERED, build_offer(f"job-{n}")) for n in range(4))
    text = told(build_situation(0.5, duties=(build_duty(),), leases=leases))
    assert text.count("waits") == 1
    assert "; 3 more have to wait." in text
    assert "; 1 more has to wait." in told(build_situation(0.5, leases=leases[:3]))


def test_commitments_are_told_with_what_is_set_aside_and_until_when() -> None:
    lease = build_lease(LeaseState.COMMITTED, build_offer(deadline_h=4.0))
    text = told(build_situation(0.5, leases=(lease,)), insight=Insight(floor_wh=15.4))
    assert re.search(
        r"To finish \u201ca job\u201d by 16:00, 0\.\d+ Wh are set aside, and the last 15 Wh", text
    )


@pytest.mark.parametrize(
    ("guard", "said"),
    [
        (
            GuardState(voltage_v=12.45, run_v=12.4, commit_v=12.0),
            "With 12.45 V the battery is close to the run guard",
        ),
        (
            GuardState(voltage_v=12.3, run_v=12.4, commit_v=12.0, seen=Guard.RUN, latched=Guard.RUN),
            "With 12.30 V the battery is at or below the run guard of 12.40 V",
        ),
        (
            GuardState(voltage_v=11.9, run_v=12.4, commit_v=12.0, seen=Guard.COMMIT),
            "With 11.90 V the battery is below the commit guard of 12.00 V",
        ),
    ],
)
def test_guards_are_told_when_they_are_near(guard: GuardState, said: str) -> None:
    assert said in told(build_situation(0.1, guard=guard))
    assert "guard" not in told(build_situation(0.8))


def test_sleep_and_what_it_saves() -> None:
    night = a_plan(60, 40, asleep=())
    plan = replace(
        night, sleep_utc=NOON + timedelta(hours=10), wake_utc=NOON + timedelta(hours=18, minutes=30)
    )
    text = told(build_situation(0.5), a_verdict(plan=plan))
    assert "The plan is to sleep from 22:00 until tomorrow 06:30; 8.5 hours off save 22 Wh." in text
    derived = a_plan(60, 40, 38, 50, asleep=(1, 2))
    assert "sleep from 14:00 until 18:00; 4 hours off" in told(build_situation(0.5), a_verdict(plan=derived))
    late = replace(plan, sleep_utc=NOON - timedelta(hours=1))
    assert "By the plan the node should be asleep now, until tomorrow 06:30." in told(
        build_situation(0.5), a_verdict(plan=late)
    )
    stuck = build_situation(0.5, sleep=SleepMeans())
    assert "Nothing here can switch the node off and on again" in told(stuck, a_verdict(plan=plan))
    going = SleepPlan(wake=WakePlan(wake_utc=NOON), sentence="sleeping until tomorrow 06:02: battery 19 %")
    assert "Sleeping until tomorrow 06:02: battery 19 %." in told(
        build_situation(0.2), a_verdict(sleep=going)
    )


def test_loads_that_differ_from_what_they_state_are_told_the_worst_first() -> None:
    loads = (
        LearnedLoad(part="idle", stated_w=2.7, learned_w=2.6, hours=50.0),
        LearnedLoad(part="camera:full", stated_w=1.0, learned_w=2.1, hours=14.2),
        LearnedLoad(part="iexec:run", stated_w=3.1, learned_w=4.2, hours=1.0),
        LearnedLoad(part="radio:full", stated_w=0.5, learned_w=3.0, hours=0.2),
    )
    text = told(build_situation(0.5), insight=Insight(loads=loads))
    assert text.endswith(
        "Camera at full really draws 2.1 W, not the stated 1.0 W (measured for 14 hours);"
        " a job of iexec draws 4.2 W, not the stated 3.1 W (measured for 1 hour)."
    )


def test_polar_night_has_no_sunrise_and_no_sun() -> None:
    tromso = NodeInfo(name="n", latitude=69.6, longitude=18.9, time_zone="Europe/Oslo")
    night = build_situation(0.5, node=tromso, now_utc=datetime(2025, 12, 20, 12, tzinfo=UTC), harvest_w=0.0)
    dark = Insight(
        days_learned=3, clearness_today=0.0, clear_day_wh=0.0, harvest_left_wh=0.0, harvest_tomorrow_wh=0.0
    )
    text = told(night, insight=dark)
    assert "the sun does not rise these days" in text
    assert "No sun worth the name reaches the panel at this time of the year." in text
    assert "clear day" not in text


def test_a_node_that_knows_nothing_yet_says_what_it_assumes() -> None:
    fresh = Insight(harvest_left_wh=12.0, harvest_tomorrow_wh=40.0, clear_day_wh=70.0)
    assert "Nothing has been learned of this place yet, so ordinary weather is assumed." in told(
        build_situation(0.5), insight=fresh
    )
    one_day = replace(fresh, days_learned=1)
    assert "That rests on 1 day of its own harvest, without a forecast." in told(
        build_situation(0.5), insight=one_day
    )


def situations() -> Iterator[tuple[Situation, Verdict, Insight]]:
    """Many that may happen, and some that should not."""
    duties = (
        (),
        (build_duty(),),
        (build_duty(level="full"), build_duty("radio", "saver"), build_duty("x", "full")),
    )
    leases = (
        (),
        tuple(build_lease(state, build_offer(f"j{n}", deadline_h=5.0)) for n, state in enumerate(LeaseState)),
        (build_lease(LeaseState.OFFERED, build_offer(standing=True)),),
    )
    plans = (
        None,
        Plan(made_utc=NOON),
        a_plan(0.0),
        a_plan(60, 20, 10, 80, 154, asleep=(1, 2), runs={0: {"camera": "full"}, 3: {"iexec": "run"}}),
        a_plan(20, 10, asleep=(0, 1)),
    )
    insights = (
        Insight(),
        CLEAR,
        replace(CLEAR, forecast_source="", clearness_today=None, harvest_left_wh=0.0),
    )
    for soc, d, lease, plan, insight in product((None, 0.0, 0.5, 1.0), duties, leases, plans, insights):
        for price, harvest, hours in ((0.0, None, 0), (0.4, 0.0, 12), (55.0, 30.0, 2)):
            now = NOON + timedelta(hours=hours)
            situation = build_situation(soc, duties=d, leases=lease, harvest_w=harvest, now_utc=now)
            yield situation, a_verdict(price, plan), insight


def test_every_combination_is_a_few_whole_sentences() -> None:
    for situation, verdict, insight in situations():
        sentences = explain(situation, verdict, insight)
        assert 2 <= len(sentences) <= 10, sentences
        for sentence in sentences:
            assert re.fullmatch(r"[A-Z\u201c].*[^.:;, ]\.", sentence), sentence
            assert not WRONG.search(sentence), sentence


def test_the_thresholds_in_force_are_explained_too() -> None:
    governor = ThresholdGovernor()
    for soc in (None, 0.05, 0.3, 0.6, 0.95):
        leases = (build_lease(LeaseState.OFFERED),)
        situation = build_situation(soc, duties=(build_duty(level="full"),), leases=leases, harvest_w=4.0)
        sentences = explain(situation, governor.decide(situation), governor.insight())
        assert 2 <= len(sentences) <= 8, sentences
