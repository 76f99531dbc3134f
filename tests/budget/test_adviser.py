"""The governor in a thread, and thresholds that stand in while it fails."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from edgepi.budget import BudgetService
from edgepi.budget.adviser import Adviser
from edgepi.energy import Governor, Insight, LearnedLoad, Situation, ThresholdGovernor, Verdict
from edgepi.model import Answer, Lease, LeaseState, Offer, SunForecast
from edgepi.testing.clock import settle
from edgepi.testing.power import FakeDuty

from .conftest import NOON, Bench

FULL, LOW, FLAT = 13.3, 12.3, 11.9


class Thinker(ThresholdGovernor):
    """Thinks once an hour; a test says whether that hangs or fails, and looks who called what when."""

    name = "thinker"

    def __init__(self) -> None:
        super().__init__()
        self.thoughts = 0
        self.thought_s = -1e9
        self.wrong = ""
        self.go_on = threading.Event()
        self.go_on.set()
        self.inside = 0
        self.worst_inside = 0
        self.decided_inside = False
        self.forecasts: list[SunForecast] = []
        self.loads: tuple[LearnedLoad, ...] = ()
        self.lessons = 0

    def due(self, situation: Situation) -> bool:
        if self.wrong == "due":
            raise ZeroDivisionError("due")
        return situation.monotonic_s - self.thought_s >= 3600.0

    def prepare(self, situation: Situation) -> None:
        self.inside += 1
        self.worst_inside = max(self.worst_inside, self.inside)
        try:
            assert self.go_on.wait(20.0)
            if self.wrong == "prepare":
                raise ZeroDivisionError("prepare")
            self.thoughts += 1
            self.thought_s = situation.monotonic_s
        finally:
            self.inside -= 1

    def decide(self, situation: Situation) -> Verdict:
        self.decided_inside = self.decided_inside or self.inside > 0
        if self.wrong == "decide":
            raise ZeroDivisionError("decide")
        return replace(super().decide(situation), price_points_per_wh=7.0)

    def would_grant(self, situation: Situation, offer: Offer) -> Answer:
        if self.wrong == "question":
            raise ZeroDivisionError("question")
        return super().would_grant(situation, offer)

    def tell_forecast(self, forecast: SunForecast) -> None:
        assert not self.inside
        self.forecasts.append(forecast)

    def insight(self) -> Insight:
        return Insight(days_learned=self.lessons, loads=self.loads)

    def memory(self) -> Mapping[str, Any]:
        assert not self.inside
        return {"lessons": self.lessons, **super().memory()}

    def recall(self, memory: Mapping[str, Any]) -> None:
        super().recall(memory)
        self.lessons = int(memory["lessons"])


@pytest.fixture
async def thinker(bench: Bench) -> AsyncIterator[Thinker]:
    governor = Thinker()
    bench.governor = governor
    bench.budget = bench.build()
    bench.budget.add_meter(bench.meter, "meter")
    bench.budget.add_controller(bench.board, "board")
    yield governor
    governor.go_on.set()


async def until(bench: Bench, true: Callable[[], bool], step_s: float = 10.0) -> None:
    """Let real threads and the clock go on until something is true."""
    for _ in range(400):
        if true():
            return
        await asyncio.sleep(0.005)
        await bench.pass_time(step_s)
    pytest.fail("it never became true")


async def start(bench: Bench) -> None:
    bench.meter.values["battery_percent"] = 95.0
    await bench.budget.start()
    await settle()


async def test_it_thinks_first_and_decides_then(bench: Bench, thinker: Thinker) -> None:
    duty = FakeDuty()
    bench.budget.add_duty(duty, "camera")
    await start(bench)
    await until(bench, lambda: duty.applied == ["full"])
    assert thinker.thoughts == 1
    assert bench.budget.status()["price_points_per_wh"] == 7.0
    assert bench.budget.status()["governor"] == "thinker"


async def test_while_it_thinks_levels_stay_guards_hold_and_offers_are_answered(
    bench: Bench, thinker: Thinker, make_offer: Callable[..., Offer]
) -> None:
    duty = FakeDuty()
    bench.budget.add_duty(duty, "camera")
    await start(bench)
    await until(bench, lambda: duty.applied == ["full"])
    thinker.go_on.clear()
    await until(bench, lambda: thinker.inside == 1, step_s=600.0)
    handle = await bench.budget.offer(make_offer())
    assert (await bench.budget.would_grant(make_offer("job-2"))).sentence
    await bench.pass_time(7300.0, step_s=100.0)
    assert handle.lease.state is LeaseState.OFFERED
    assert duty.applied == ["full"]
    assert bench.budget.status()["thinking"] is True
    bench.meter.values["battery_v"] = LOW
    await bench.pass_time(60.0)
    assert duty.applied == ["full", "off"]
    assert thinker.worst_inside == 1
    assert not thinker.decided_inside


async def test_at_the_commit_guard_the_node_goes_to_sleep_even_while_it_thinks(
    bench: Bench, thinker: Thinker
) -> None:
    await start(bench)
    thinker.go_on.clear()
    await until(bench, lambda: thinker.inside == 1)
    bench.meter.values["battery_v"] = bench.board.values["battery_v"] = FLAT
    await bench.pass_time(600.0)
    assert "halt" in bench.events


async def test_a_thought_that_hangs_gives_way_to_thresholds_until_it_ends(
    bench: Bench, thinker: Thinker
) -> None:
    bench.budget._adviser._thinker._within_s = 0.05
    thinker.go_on.clear()
    duty = FakeDuty()
    bench.budget.add_duty(duty, "camera")
    await start(bench)
    await until(bench, lambda: duty.applied == ["full"])
    said = "goes by thresholds: the governor 'thinker' takes too long"
    assert bench.said("node").count(said) == 1
    await bench.pass_time(7200.0, step_s=60.0)
    assert thinker.worst_inside == 1
    assert not thinker.decided_inside
    assert bench.budget.status()["governor"] == "thresholds"
    thinker.go_on.set()
    await until(bench, lambda: "goes by thinker again" in bench.said("node"))
    assert bench.said("node").count(said) == 1


@pytest.mark.parametrize("wrong", ["due", "prepare", "decide"])
async def test_a_governor_that_fails_gives_way_to_thresholds_and_comes_back(
    bench: Bench, thinker: Thinker, wrong: str
) -> None:
    thinker.wrong = wrong
    duty = FakeDuty()
    bench.budget.add_duty(duty, "camera")
    await start(bench)
    await until(bench, lambda: duty.applied == ["full"])
    said = f"goes by thresholds: the governor 'thinker' failed (ZeroDivisionError: {wrong})"
    await until(bench, lambda: said in bench.said("node"))
    await bench.pass_time(3600.0, step_s=20.0)
    assert bench.said("node").count(said) == 1
    assert bench.budget.status()["governor_trouble"] == f"failed (ZeroDivisionError: {wrong})"
    thinker.wrong = ""
    await until(bench, lambda: "goes by thinker again" in bench.said("node"), step_s=60.0)
    assert bench.budget.status()["governor_trouble"] is None


async def test_a_question_that_it_cannot_answer_goes_to_thresholds(
    bench: Bench, thinker: Thinker, make_offer: Callable[..., Offer]
) -> None:
    await start(bench)
    await until(bench, lambda: thinker.thoughts == 1)
    thinker.wrong = "question"
    assert (await bench.budget.would_grant(make_offer())).sentence.startswith("granted")


async def test_what_is_remembered_while_it_thinks_is_from_before(bench: Bench, thinker: Thinker) -> None:
    await start(bench)
    await until(bench, lambda: thinker.thoughts == 1)
    thinker.lessons = 41
    await bench.budget.save()
    thinker.go_on.clear()
    await until(bench, lambda: thinker.inside == 1, step_s=600.0)
    thinker.lessons = 99
    await bench.budget.save()
    again = Thinker()
    budget = reborn(bench, again)
    await budget.start()
    await budget.stop()
    assert again.lessons == 41


async def test_what_one_governor_learned_outlives_the_use_of_another(bench: Bench, thinker: Thinker) -> None:
    thinker.lessons = 12
    await bench.budget.stop()
    plain = reborn(bench, ThresholdGovernor())
    await plain.start()
    await plain.stop()
    again = Thinker()
    budget = reborn(bench, again)
    await budget.start()
    await budget.stop()
    assert again.lessons == 12


async def test_forecasts_wait_until_it_has_thought(bench: Bench, thinker: Thinker) -> None:
    thinker.go_on.clear()
    await start(bench)
    await until(bench, lambda: thinker.inside == 1)
    forecast = SunForecast(issued_utc=NOON, start_utc=NOON, irradiance_w_m2=(500.0,) * 24, source="test")
    bench.budget._adviser.tell_forecast(forecast)
    await bench.pass_time(60.0)
    assert thinker.forecasts == []
    thinker.go_on.set()
    await until(bench, lambda: thinker.forecasts == [forecast])


async def test_the_end_of_the_node_waits_for_no_thought(bench: Bench, thinker: Thinker) -> None:
    thinker.go_on.clear()
    await start(bench)
    await until(bench, lambda: thinker.inside == 1)
    await asyncio.wait_for(bench.budget.stop(), 10.0)
    assert thinker.inside == 1


async def test_learned_powers_are_shown_and_booked(bench: Bench, thinker: Thinker) -> None:
    thinker.loads = (
        LearnedLoad(part="camera:full", stated_w=1.0, learned_w=2.5, hours=30.0),
        LearnedLoad(part="idle", stated_w=2.7, learned_w=3.1, hours=0.2),
    )
    duty = FakeDuty()
    bench.meter.values |= {"battery_a": -0.5, "input_w": 0.0}
    bench.budget.add_duty(duty, "camera")
    await start(bench)
    await until(bench, lambda: duty.applied == ["full"])
    await bench.pass_time(3600.0, step_s=60.0)
    (shown,) = bench.budget.status()["duties"]
    assert (shown["power_w"], shown["learned"]) == (2.5, True)
    assert bench.value("camera_power") == 2.5
    assert bench.states.get("energy.camera_power").reason == "learned from what the supply shows"  # type: ignore[union-attr]
    assert bench.value("node_power") == 2.7
    used = bench.budget.views.report()["ledger"]["total"]["used_wh"]
    assert used["camera"] == pytest.approx(2.5, rel=0.2)


async def test_a_job_earns_by_what_it_really_used(
    bench: Bench, thinker: Thinker, make_offer: Callable[..., Offer]
) -> None:
    thinker.loads = (LearnedLoad(part="iexec:run", stated_w=3.0, learned_w=4.5, hours=30.0),)
    await start(bench)
    handle = await bench.budget.offer(make_offer())
    await until(bench, lambda: handle.lease.state is LeaseState.GRANTED)
    await handle.started()
    await bench.pass_time(3600.0)
    (shown,) = bench.budget.status()["leases"]
    assert (shown["power_w"], shown["learned"]) == (4.5, True)
    await handle.finished()
    total = bench.budget.views.report()["earnings"]["total"]
    assert total["used_wh"] == pytest.approx(4.5, rel=0.02)


def reborn(bench: Bench, governor: Governor) -> BudgetService:
    bench.governor = governor
    return bench.build()


async def test_even_thresholds_that_fail_leave_levels_and_guards(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.budget.add_meter(bench.meter, "meter")
    duty = FakeDuty()
    bench.budget.add_duty(duty, "camera")
    await start(bench)
    await until(bench, lambda: duty.applied == ["full"])

    def broken(*_: object) -> Verdict:
        raise RuntimeError

    monkeypatch.setattr(ThresholdGovernor, "decide", broken)
    await bench.pass_time(120.0)
    assert duty.applied == ["full"]
    bench.meter.values["battery_v"] = LOW
    await bench.pass_time(60.0)
    assert duty.applied == ["full", "off"]


async def test_a_lease_can_be_committed_while_it_thinks(
    bench: Bench, thinker: Thinker, make_offer: Callable[..., Offer]
) -> None:
    await start(bench)
    await until(bench, lambda: thinker.thoughts == 1)
    handle = await bench.budget.offer(make_offer(deadline_h=9))
    await until(bench, lambda: handle.lease.state is LeaseState.GRANTED)
    thinker.go_on.clear()
    await until(bench, lambda: thinker.inside == 1, step_s=600.0)
    assert (await handle.commit()).yes
    lease: Lease = handle.lease
    assert lease.state is LeaseState.COMMITTED
    assert bench.clock.now() < NOON + timedelta(hours=3)


def test_an_adviser_is_named_as_its_governor(tmp_path: Path) -> None:
    del tmp_path
    assert Adviser(ThresholdGovernor(), None).name == "thresholds"  # type: ignore[arg-type]
