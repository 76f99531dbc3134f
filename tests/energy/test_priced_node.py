from __future__ import annotations

import json
import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from threading import Thread
from typing import Any

import pytest

from edgepi.energy import DutyNow, LeaseVerb, Situation
from edgepi.energy.engine import Engine
from edgepi.energy.priced import Planning, PricedGovernor
from edgepi.energy.settings import EngineSettings
from edgepi.model import Lease, LeaseState, Level, Offer, RunPhase, SunForecast
from tests.energy.conftest import NOON, build_duty, build_lease, build_offer, build_situation
from tests.energy.lived import House, duty

QUICK = EngineSettings(first_sweeps=4, levels=30)
MORNING = datetime(2025, 3, 20, 6, 0, tzinfo=UTC)


def quick(planning: Planning = "always") -> PricedGovernor:
    return PricedGovernor(QUICK, planning=planning)


def situation(soc: float = 0.6, hours: float = 0.0, **changes: Any) -> Situation:
    duties = changes.pop("duties", (build_duty("camera", "full", 5.0),))
    made = build_situation(soc, duties=duties, harvest_w=changes.pop("harvest_w", 5.0), **changes)
    later = timedelta(hours=hours)
    return replace(made, now_utc=made.now_utc + later, monotonic_s=made.monotonic_s + later.total_seconds())


def daylight_w(when: datetime) -> float:
    return 30.0 * max(0.0, math.sin((when.hour + when.minute / 60.0 - 6.0) * math.pi / 12.0))


@pytest.fixture
def priced(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Sweeps of every pricing."""
    swept: list[int] = []
    price = Engine._price

    def counted(self: Engine, rungs: Any, *, sweeps: int) -> None:
        swept.append(sweeps)
        price(self, rungs, sweeps=sweeps)

    monkeypatch.setattr(Engine, "_price", counted)
    return swept


class TestThinking:
    def test_a_day_is_thought_over_once(self) -> None:
        governor = quick("never")
        assert governor.due(situation())
        governor.prepare(situation())
        assert not governor.due(situation())
        governor.decide(situation(hours=0.1))
        assert not governor.due(situation(hours=1.0))
        assert governor.due(situation(hours=24.0))

    def test_who_does_not_prepare_is_served_all_the_same(self, priced: list[int]) -> None:
        governor = quick()
        governor.decide(situation())
        governor.decide(situation(hours=0.5))
        governor.decide(situation(hours=24.0))
        assert len(priced) == 2

    def test_what_turns_up_while_deciding_waits_for_who_prepares_apart(self, priced: list[int]) -> None:
        governor = quick("never")
        governor.prepare(situation())
        later = situation(hours=0.1, leases=(build_lease(LeaseState.OFFERED),))
        assert not governor.due(situation(hours=0.1))
        governor.decide(later)
        assert len(priced) == 1
        assert governor.due(later)
        governor.prepare(later)
        assert len(priced) == 2

    def test_questions_change_nothing(self) -> None:
        governor = quick()
        low = situation(0.17)
        governor.decide(situation())
        before = json.dumps(governor.memory())
        governor.would_grant(low, build_offer())
        governor.may_commit(low, build_lease(LeaseState.RUNNING, build_offer(deadline_h=4.0)))
        governor.wake_plan(low)
        governor.insight()
        assert json.dumps(governor.memory()) == before

    def test_questions_are_answered_while_it_thinks(self, monkeypatch: pytest.MonkeyPatch) -> None:
        governor = quick()
        governor.decide(situation())
        answers: list[Any] = []
        price = Engine._price

        def ask() -> None:
            answers.append(governor.would_grant(situation(0.95), build_offer()).sentence)
            answers.append(governor.insight().clear_day_wh)
            answers.append(governor.wake_plan(situation()).wake_utc)
            answers.append(json.dumps(governor.memory()))

        def asked(self: Engine, rungs: Any, *, sweeps: int) -> None:
            asker = Thread(target=ask, daemon=True)
            asker.start()
            asker.join(10.0)
            price(self, rungs, sweeps=sweeps)

        before = json.dumps(governor.memory())
        monkeypatch.setattr(Engine, "_price", asked)
        governor.prepare(situation(hours=24.0))
        assert len(answers) == 4
        assert answers[-1] == before

    def test_a_job_that_comes_and_goes_does_not_price_energy_anew(self, priced: list[int]) -> None:
        governor = quick()
        for n in range(12):
            leases = (build_lease(LeaseState.OFFERED, build_offer(f"job-{n}")),) if n % 2 else ()
            governor.decide(situation(hours=0.1 * n, leases=leases))
        assert len(priced) == 2

    def test_without_any_job_the_price_is_settled_once(self, priced: list[int]) -> None:
        governor = quick()
        for n in range(10):
            governor.decide(situation(hours=12.0 * n))
        assert priced.count(QUICK.first_sweeps) <= 1

    def test_what_came_no_more_for_days_is_forgotten(self) -> None:
        governor = quick()
        governor.decide(situation(leases=(build_lease(LeaseState.OFFERED),)))
        assert governor.memory()["usual"]
        for n in range(1, 10):
            governor.decide(situation(hours=24.0 * n))
        assert not governor.memory()["usual"]


def standing(state: LeaseState = LeaseState.OFFERED, value: float = 6.0, **changes: Any) -> Lease:
    offer = replace(build_offer("standing", standing=True), value_points=value)
    return build_lease(state, replace(offer, **changes))


def verbs(governor: PricedGovernor, now: Situation) -> dict[str, LeaseVerb]:
    return {step.offer_id: step.verb for step in governor.decide(now).leases}


class TestStandingOffers:
    def test_is_granted_when_a_job_like_it_would_be(self) -> None:
        assert verbs(quick(), situation(0.9, leases=(standing(),))) == {"standing": LeaseVerb.GRANT}
        assert verbs(quick(), situation(0.9, leases=(standing(value=0.01),))) == {}

    @pytest.mark.parametrize("metered", [False, True])
    def test_is_granted_where_nothing_measures_a_battery_but_not_before_one_is_measured(
        self, *, metered: bool
    ) -> None:
        now = build_situation(None, metered=metered, leases=(standing(),))
        assert verbs(quick(), now) == ({} if metered else {"standing": LeaseVerb.GRANT})

    def test_is_withdrawn_when_the_energy_is_gone(self) -> None:
        governor = quick()
        old = replace(standing(LeaseState.GRANTED), since_utc=NOON - timedelta(hours=1))
        assert verbs(governor, situation(0.9, leases=(old,))) == {}
        assert verbs(governor, situation(0.17, leases=(old,))) == {"standing": LeaseVerb.WITHDRAW}

    def test_a_real_offer_of_its_consumer_is_granted_at_once(self) -> None:
        real = build_lease(LeaseState.OFFERED, replace(build_offer("real"), value_points=6.0))
        found = verbs(quick(), situation(0.9, leases=(standing(LeaseState.GRANTED), real)))
        assert found["real"] is LeaseVerb.GRANT

    def test_others_of_less_worth_may_not_eat_what_it_holds(self) -> None:
        run = RunPhase(energy_wh=6.0, duration_s=3600.0)
        poor = build_lease(
            LeaseState.OFFERED,
            Offer(offer_id="poor", consumer="other", title="", value_points=3.0, run=run),
        )
        for state, granted in ((LeaseState.OFFERED, True), (LeaseState.GRANTED, False)):
            held = standing(state, value=40.0, run=RunPhase(energy_wh=40.0, duration_s=36000.0))
            verdict = quick().decide(situation(0.75, harvest_w=0.0, leases=(poor, held)))
            found = {step.offer_id: step.verb for step in verdict.leases}
            assert (found.get("poor") is LeaseVerb.GRANT) is granted
            assert any("standing offer" in said.sentence for said in verdict.decisions) is not granted

    def test_a_plan_says_that_the_node_stays_up_while_it_does(self) -> None:
        dusk = situation(0.8, hours=10.0, harvest_w=0.0, duties=(), leases=(standing(LeaseState.GRANTED),))
        governor = quick()
        governor.decide(dusk)
        verdict = governor.decide(replace(dusk, now_utc=dusk.now_utc + timedelta(minutes=6)))
        assert verdict.plan is not None
        assert verdict.sleep is None
        assert verdict.plan.steps[0].awake
        assert verdict.plan.steps[0].load_w >= dusk.board.idle_w

    def test_draws_nothing_and_keeps_no_node_awake(self) -> None:
        night = situation(0.12, hours=11.0, duties=(build_duty("camera", "off", 5.0),), leases=(standing(),))
        assert quick().decide(night).sleep is not None


class TestPlan:
    def test_it_covers_two_days_in_half_hours(self) -> None:
        plan = quick().decide(situation(leases=(build_lease(LeaseState.OFFERED),))).plan
        assert plan is not None
        starts = [step.start_utc for step in plan.steps]
        assert starts[0] == NOON
        assert starts[-1] - NOON >= timedelta(hours=47)
        assert {b - a for a, b in pairwise(starts[1:])} == {timedelta(minutes=30)}
        assert plan.steps[0].runs["camera"] == "full"
        assert any("job-1" in step.runs for step in plan.steps)
        assert any("iexec job" in step.runs for step in plan.steps[4:])

    def test_it_stays_for_minutes_unless_something_else_is_chosen(self) -> None:
        governor = quick()
        first = governor.decide(situation()).plan
        assert governor.decide(situation(hours=0.05)).plan is first
        assert governor.decide(situation(0.1, hours=0.06)).plan is not first
        again = governor.decide(situation(hours=0.2)).plan
        assert again is not None
        assert again.made_utc == NOON + timedelta(hours=0.2)

    def test_it_begins_no_job_that_no_decision_would_begin(self) -> None:
        long = build_offer("long", run=RunPhase(energy_wh=40.0, duration_s=36000.0))
        dusk = situation(0.4, hours=10.0, harvest_w=0.0, duties=())
        offered = build_lease(LeaseState.OFFERED, replace(long, value_points=4000.0))
        verdict = quick().decide(replace(dusk, leases=(offered,)))
        assert not verdict.leases
        assert verdict.plan is not None
        assert not any(step.runs for step in verdict.plan.steps[:8])

    def test_where_somebody_prepares_apart_no_decision_makes_one(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        governor = quick()
        governor.prepare(situation())
        first = governor.decide(situation()).plan
        assert first is not None
        with monkeypatch.context() as patch:
            patch.setattr("edgepi.energy.replan.plan_of", lambda *_: 1 / 0)
            assert not governor.due(situation(hours=0.01))
            assert governor.decide(situation(0.1, hours=0.02)).plan is first
        assert governor.due(situation(0.1, hours=0.03))
        governor.prepare(situation(0.1, hours=0.03))
        assert not governor.due(situation(0.1, hours=0.03))
        assert governor.decide(situation(0.1, hours=0.03)).plan is not first
        assert not governor.due(situation(0.1, hours=0.1))
        assert governor.due(situation(0.1, hours=0.12))

    def test_nobody_sleeps_before_it_is_planned_until_when(self) -> None:
        governor = quick()
        evening = situation(0.5, hours=10.9, duties=(build_duty("camera", "full", 5.0),))
        governor.prepare(evening)
        governor.decide(evening)
        night = situation(0.16, hours=11.0, harvest_w=0.0, duties=(build_duty("camera", "off", 5.0),))
        governor.planner.planning = "asleep"
        assert not governor.due(night)
        assert governor.decide(night).sleep is None
        assert governor.due(night)
        governor.prepare(night)
        assert not governor.due(night)
        sleep = governor.decide(night).sleep
        assert sleep is not None
        assert sleep.wake.wake_utc - night.now_utc > timedelta(hours=5)

    def test_a_night_is_slept_until_the_first_step_that_is_planned_awake(self) -> None:
        night = situation(0.16, hours=11.0, harvest_w=0.0, duties=(build_duty("camera", "off", 5.0),))
        verdict = quick().decide(night)
        assert verdict.sleep is not None
        assert verdict.plan is not None
        awake = next(step for step in verdict.plan.steps if step.awake)
        assert verdict.sleep.wake.wake_utc == awake.start_utc
        assert timedelta(hours=5) < awake.start_utc - night.now_utc < timedelta(hours=14)
        assert verdict.sleep.wake.recovery_v is None

    def test_polar_night_is_looked_at_once_a_day(self) -> None:
        dark = situation(0.12, duties=(build_duty("camera", "off", 5.0),), harvest_w=0.0)
        north = replace(
            dark,
            now_utc=datetime(2025, 12, 20, 12, tzinfo=UTC),
            node=replace(dark.node, latitude=78.0),
            guard=replace(dark.guard, voltage_v=12.0),
        )
        sleep = quick().decide(north).sleep
        assert sleep is not None
        assert sleep.wake.wake_utc == north.now_utc + timedelta(days=1)
        assert sleep.wake.recovery_v == pytest.approx(13.0)

    def test_a_deadline_and_the_boards_horizon_come_first(self) -> None:
        committed = build_lease(LeaseState.COMMITTED, build_offer(deadline_h=3.0))
        night = situation(0.16, duties=(build_duty("camera", "off", 5.0),), leases=(committed,))
        assert quick().wake_plan(night).wake_utc < NOON + timedelta(hours=3)
        governor = quick()
        governor.decide(night)
        assert governor.wake_plan(night).wake_utc < NOON + timedelta(hours=3)
        late = situation(0.16, hours=11.0, duties=(build_duty("camera", "off", 5.0),))
        governor.decide(late)
        short = replace(late, sleep=replace(late.sleep, wake_horizon_s=3600.0))
        assert governor.wake_plan(short).wake_utc == late.now_utc + timedelta(hours=1)

    def test_a_node_that_just_came_up_stays_a_while(self) -> None:
        night = situation(0.18, hours=11.0, harvest_w=0.0, duties=(build_duty("camera", "off", 0.1),))
        assert quick().decide(night).sleep is not None
        assert quick().decide(replace(night, awake_since_s=night.monotonic_s - 60.0)).sleep is None

    def test_a_sleep_too_short_for_its_boot_is_not_slept(self) -> None:
        night = situation(0.16, hours=11.0, duties=(build_duty("camera", "off", 5.0),))
        dear = replace(night, board=replace(night.board, boot_wh=20.0))
        near = build_lease(LeaseState.COMMITTED, build_offer(deadline_h=13.0))
        assert quick().decide(replace(dear, leases=(near,))).sleep is None
        assert quick().decide(replace(night, leases=(near,))).sleep is not None


class TestVital:
    def test_what_is_vital_keeps_its_lowest_level_longest(self) -> None:
        duties: tuple[DutyNow, ...] = (build_duty("pump", "full", 50.0), build_duty("camera", "full", 5.0))
        governor = quick()
        levels = governor.decide(situation(0.19, duties=duties, harvest_w=0.0)).levels
        assert levels == {"pump": "saver", "camera": "off"}
        assert governor.decide(situation(0.14, duties=duties, harvest_w=0.0)).levels["pump"] == "off"

    def test_importance_weighs_every_level(self) -> None:
        for points, level in ((0.05, "off"), (5.0, "full")):
            duties = (build_duty("pump", "full", 5.0), build_duty("camera", "full", points))
            now = situation(0.3, hours=8.0, duties=duties, harvest_w=0.0)
            assert quick().decide(now).levels == {"pump": "full", "camera": level}


class TestSteadiness:
    def test_a_level_that_just_changed_stays_for_minutes_unless_too_little_is_left(self) -> None:
        pump, camera = build_duty("pump", "full", 5.0), build_duty("camera", "full", 0.05)
        now = situation(0.3, hours=8.0, duties=(pump, camera), harvest_w=0.0)
        for age_s, level in ((60.0, "full"), (600.0, "off")):
            young = replace(camera, since_s=now.monotonic_s - age_s)
            assert quick().decide(replace(now, duties=(pump, young))).levels["camera"] == level
        young = replace(camera, since_s=now.monotonic_s - 60.0)
        empty = situation(0.16, hours=8.0, duties=(pump, young), harvest_w=0.0)
        assert quick().decide(empty).levels["camera"] == "off"

    def test_a_grant_that_was_just_given_stays_for_minutes(self) -> None:
        poor = replace(build_offer(), value_points=0.01)
        now = situation(0.3, hours=8.0, harvest_w=0.0)
        for age_s, steps in ((60.0, 0), (600.0, 1)):
            since = now.now_utc - timedelta(seconds=age_s)
            granted = replace(build_lease(LeaseState.GRANTED, poor), since_utc=since)
            assert len(quick().decide(replace(now, leases=(granted,))).leases) == steps

    def test_a_job_that_was_just_paused_rests_for_minutes(self) -> None:
        run = RunPhase(energy_wh=3.1, duration_s=3600.0, pausable=True)
        now = situation(0.9)
        for age_s, steps in ((60.0, 0), (600.0, 1)):
            since = now.now_utc - timedelta(seconds=age_s)
            paused = build_lease(LeaseState.PAUSED, replace(build_offer(run=run), value_points=9.0))
            leases = (replace(paused, since_utc=since),)
            assert len(quick().decide(replace(now, leases=leases)).leases) == steps

    def test_the_floor_is_the_run_guards_charge(self) -> None:
        for run_v, floor in ((12.4, 0.15), (12.0, 0.10)):
            now = situation(0.6, sd=0.0)
            assert now.soc is not None
            exact = replace(now, soc=replace(now.soc, source="board"), guard=replace(now.guard, run_v=run_v))
            governor = quick()
            governor.decide(exact)
            assert governor.insight().floor_wh == pytest.approx(floor * 154.0)


class TestGaps:
    def lived(self, share: float, **changes: Any) -> House:
        house = House(
            start=MORNING - timedelta(hours=12),
            sun_w=lambda when: share * daylight_w(when),
            soc=0.35,
            governor=quick(),
            duties=(duty("camera", 1.0, 5.0),),
            **changes,
        )
        house.sd = 0.01
        return house

    def clearness(self, governor: PricedGovernor) -> list[float]:
        return [k for k in governor.memory()["engine"]["clearness"] if k is not None]

    @pytest.mark.slow
    @pytest.mark.parametrize("share", [0.8, 0.35])
    def test_a_harvest_that_is_not_measured_follows_from_the_charge(self, share: float) -> None:
        seen, blind = self.lived(share), self.lived(share, sees_sun=False)
        for house in (seen, blind):
            house.live(40.0, 600.0)
        (measured,), (explained,) = self.clearness(seen.governor)[-1:], self.clearness(blind.governor)[-1:]
        assert explained == pytest.approx(measured, abs=0.12)

    def test_a_day_slept_through_is_learned_after_a_reboot(self) -> None:
        house = self.lived(0.15)
        house.live(14.0, 600.0)
        memory = json.loads(json.dumps(house.governor.memory()))
        house.awake, house.wake = False, None
        house.duties = tuple(replace(now, level="off") for now in house.duties)
        house.live(54.0, 600.0)
        fresh = quick()
        fresh.recall(memory)
        house.governor, house.awake, house.awake_since_s = fresh, True, house.monotonic_s
        house.live(0.5, 600.0)
        learned = self.clearness(fresh)
        assert learned == pytest.approx([0.15, 0.15], abs=0.08)

    def test_a_full_battery_is_no_cloud(self) -> None:
        sunny = quick()
        for n in range(40):
            now = situation(
                0.99, hours=-5.0 + n * 0.25, harvest_w=2.0, duties=(build_duty("camera", "full", 5.0),)
            )
            sunny.decide(now)
        cloudy = quick()
        for n in range(40):
            cloudy.decide(situation(0.6, hours=-5.0 + n * 0.25, harvest_w=2.0))
        told = quick()
        for n in range(40):
            told.decide(replace(situation(0.6, hours=-5.0 + n * 0.25, harvest_w=2.0), harvest_curtailed=True))
        assert (cloudy.insight().clearness_today or 0.0) < 0.3
        assert (sunny.insight().clearness_today or 0.0) > 0.5
        assert (told.insight().clearness_today or 0.0) > 0.5


class TestRestart:
    def test_what_energy_was_worth_to_another_demand_is_forgotten(self) -> None:
        dear, cheap = build_duty("camera", "full", 50.0), build_duty("camera", "full", 1.0)
        before, fresh, changed = quick(), quick(), quick()
        before.decide(situation(0.4, duties=(dear,), harvest_w=0.5))
        changed.recall(json.loads(json.dumps(before.memory())))
        for governor in (fresh, changed):
            governor.decide(situation(0.4, duties=(cheap,), harvest_w=0.5))
        prices = [
            governor.decide(situation(0.4, 0.1, duties=(cheap,), harvest_w=0.5)).price_points_per_wh
            for governor in (fresh, changed)
        ]
        assert prices[1] == pytest.approx(prices[0], rel=1e-3)

    def test_much_the_same_demand_goes_on_as_it_was(self) -> None:
        before, again, fresh = quick(), quick(), quick()
        for day in range(4):
            before.decide(situation(0.4, 24.0 * day, harvest_w=0.5))
        again.recall(json.loads(json.dumps(before.memory())))
        later = situation(0.4, 72.1, duties=(build_duty("camera", "full", 5.5),), harvest_w=0.5)
        prices = [governor.decide(later).price_points_per_wh for governor in (before, again, fresh)]
        assert prices[1] == pytest.approx(prices[0], rel=0.05)
        assert prices[1] != pytest.approx(prices[2], rel=0.05)


class TestLoads:
    def test_a_load_stated_too_low_is_found_within_three_days_and_kept_through_a_reboot(self) -> None:
        house = House(
            start=MORNING,
            sun_w=daylight_w,
            soc=0.6,
            governor=PricedGovernor(QUICK, planning="never"),
            duties=(duty("camera", 2.0, 5.0), duty("weather", 0.6, 3.0)),
            true={"camera": 1.25, "iexec": 1.25},
        )
        for hour in range(72):
            if hour % 6 == 0:
                house.offer(build_offer(f"job-{hour}"))
            house.live(1.0, 600.0)
        fresh = quick()
        fresh.recall(json.loads(json.dumps(house.governor.memory())))
        for governor in (house.governor, fresh):
            learned = {load.part: load for load in governor.insight().loads}
            always = ("idle", "camera:full", "weather:full")
            assert sum(learned[part].learned_w for part in always) == pytest.approx(2.7 + 2.5 + 0.6, rel=0.02)
            assert learned["camera:full"].learned_w == pytest.approx(2.5, rel=0.08)
            jobs = learned["iexec:run"]
            assert jobs.learned_w / jobs.stated_w == pytest.approx(1.25, rel=0.05)
            assert learned["camera:full"].hours > 20

    def test_what_uses_much_more_than_it_said_is_said_once(self) -> None:
        house = House(
            start=MORNING,
            sun_w=daylight_w,
            soc=0.2,
            governor=PricedGovernor(QUICK, planning="never"),
            duties=(duty("camera", 1.0, 1.0), duty("weather", 0.1, 5.0)),
            true={"camera": 1.9},
        )
        house.live(30.0, 300.0)
        said = [decision for decision in house.decisions if decision.action == "load"]
        assert [decision.subject for decision in said] == ["camera"]
        assert said[0].sentence.endswith("stated 1.0 W: planned with what it uses")


def forecast(share: float, *, hours: int = 72, source: str = "test") -> SunForecast:
    start = NOON.replace(hour=0)
    hour_of_day = [(start + timedelta(hours=hour)).hour for hour in range(hours)]
    light = [max(0.0, math.sin((hour - 4.0) * math.pi / 16.0)) for hour in hour_of_day]
    powers = tuple(share * 600.0 * part for part in light)
    return SunForecast(issued_utc=NOON, start_utc=start, irradiance_w_m2=powers, source=source)


class TestForecasts:
    def test_one_that_says_nothing_of_today_is_not_named(self) -> None:
        governor = quick("never")
        governor.decide(situation())
        governor.tell_forecast(replace(forecast(0.5), start_utc=NOON + timedelta(days=20)))
        governor.decide(situation(hours=0.1))
        governor.prepare(situation(hours=0.2, leases=(build_lease(LeaseState.OFFERED),)))
        assert governor.insight().forecast_source == ""

    def test_a_first_one_by_day_prices_once_and_later_ones_wait_for_the_morning(
        self, priced: list[int]
    ) -> None:
        governor = quick("never")
        governor.decide(situation())
        plain = governor.insight()
        governor.tell_forecast(forecast(0.1))
        assert governor.due(situation(hours=0.1))
        governor.decide(situation(hours=0.1))
        dull = governor.insight()
        assert len(priced) == 2
        assert (dull.clearness_today or 1.0) < (plain.clearness_today or 0.0)
        assert dull.forecast_source.startswith("test, 2025-06-01 10:00")
        assert dull.forecast_sd is not None
        governor.tell_forecast(forecast(1.0, source="later"))
        assert not governor.due(situation(hours=0.2))
        governor.decide(situation(hours=0.2))
        assert governor.insight().forecast_source == dull.forecast_source
        governor.decide(situation(hours=15.0))
        assert (governor.insight().clearness_today or 0.0) > (dull.clearness_today or 1.0)
        assert governor.insight().forecast_source.startswith("later")

    def test_other_news_of_the_day_leave_it_alone(self, priced: list[int]) -> None:
        governor = quick()
        governor.tell_forecast(forecast(0.1))
        governor.decide(situation())
        governor.decide(situation(hours=0.1, leases=(build_lease(LeaseState.OFFERED),)))
        assert priced == [1, QUICK.first_sweeps]

    def test_it_outlives_a_reboot(self) -> None:
        governor, fresh = quick(), quick()
        governor.tell_forecast(forecast(0.1))
        governor.decide(situation())
        fresh.recall(json.loads(json.dumps(governor.memory())))
        fresh.decide(situation(hours=0.1))
        assert fresh.insight().clearness_today == pytest.approx(governor.insight().clearness_today, abs=0.05)
        assert fresh.insight().forecast_source == governor.insight().forecast_source

    def test_it_helps_the_plan(self) -> None:
        bright, dull = quick(), quick()
        bright.tell_forecast(forecast(1.0))
        dull.tell_forecast(forecast(0.1))
        for governor in (bright, dull):
            governor.decide(situation())
        assert (bright.insight().harvest_tomorrow_wh or 0.0) > 2.0 * (
            dull.insight().harvest_tomorrow_wh or 1e9
        )


class TestMemory:
    @pytest.mark.parametrize("spoilt", [math.nan, math.inf, "1", None, [], {}])
    def test_what_is_no_number_is_left_out(self, spoilt: Any) -> None:
        governor = quick()
        governor.decide(situation())
        for part in ("worth", "envelope", "clearness"):
            memory = json.loads(json.dumps(governor.memory()))
            memory["engine"][part] = [[spoilt] * QUICK.levels] * 9 if part == "worth" else [spoilt]
            fresh = quick()
            fresh.recall(memory)
            fresh.decide(situation(hours=0.1))
            json.dumps(fresh.memory(), allow_nan=False)

    def test_a_clock_that_was_set_right_teaches_no_weather(self) -> None:
        governor = quick()
        for n in range(20):
            governor.decide(situation(hours=0.25 * n))
        later = replace(situation(hours=5.0), now_utc=NOON + timedelta(days=30))
        governor.decide(later)
        assert [k for k in governor.memory()["engine"]["clearness"] if k is not None] == []

    def test_it_is_small(self) -> None:
        house = House(start=MORNING, sun_w=daylight_w, governor=PricedGovernor(planning="never"))
        house.governor.tell_forecast(forecast(0.7, hours=168))
        for hour in range(40 * 24):
            if hour % 5 == 0:
                house.offer(build_offer(f"job-{hour}"))
            house.live(1.0, 3600.0)
        assert len(json.dumps(house.governor.memory())) < 40_000


class TestSentences:
    def test_they_say_the_numbers(self) -> None:
        leases = (build_lease(LeaseState.OFFERED, replace(build_offer(), value_points=0.2)),)
        said = quick().decide(situation(0.4, hours=11.0, harvest_w=0.0, leases=leases)).decisions
        level, wait = said
        assert level.sentence.startswith("full: a Wh kept is worth ")
        assert level.sentence.endswith("this earns 3.12 per Wh")
        assert wait.sentence.startswith("waiting: needs 3.1 Wh worth 0.06 points each, kept they are worth ")
        assert "chance" in wait.sentence

    def test_a_sensor_that_needs_next_to_nothing_is_not_told_in_points_per_wh(self) -> None:
        levels = (Level("off", 0.0, 0.0), Level("full", 0.0001, 2.0))
        sensor = replace(build_duty("weather", "off", 50.0), levels=levels)
        (level,) = quick().decide(situation(0.6, duties=(sensor,))).decisions
        assert level.sentence == "full: worth 50 points/h, and takes hardly any power"
