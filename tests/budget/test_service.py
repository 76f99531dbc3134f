from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from edgepi.budget import BudgetService, PowerDesk
from edgepi.budget.store import EnergyStore, Saved
from edgepi.energy import Situation, SleepPlan, ThresholdGovernor, Verdict
from edgepi.errors import EnergyError, LeaseError, OfferError
from edgepi.model import (
    LeaseState,
    Level,
    LevelChanged,
    Offer,
    PowerGoing,
    RunPhase,
    Supply,
    SupplyRead,
    WaitPhase,
    WakeReceipt,
)
from edgepi.plugin import Budget, LeaseHandle
from edgepi.testing.clock import settle
from edgepi.testing.power import FakeDuty, FakeMeter

Bench = Any
Make = Callable[..., Offer]
EMPTY, FULL = 12.6, 13.38


async def started(bench: Bench, volts: float = FULL) -> None:
    bench.meter.values["battery_v"] = bench.board.values["battery_v"] = volts
    bench.budget.add_meter(bench.meter, "meter")
    bench.budget.add_controller(bench.board, "board")
    await bench.budget.start()
    await bench.pass_time(30.0)


async def granted(bench: Bench, offer: Offer) -> LeaseHandle:
    handle: LeaseHandle = await bench.budget.offer(offer)
    await bench.pass_time(10.0)
    assert handle.lease.state is LeaseState.GRANTED
    return handle


async def committed(bench: Bench, offer: Offer) -> LeaseHandle:
    handle = await granted(bench, offer)
    await handle.started()
    answer = await handle.commit()
    assert answer.yes, answer.sentence
    return handle


def test_it_is_the_budget_that_plugins_know(bench: Bench) -> None:
    budget: Budget = bench.budget
    assert callable(budget.offer)


async def test_a_full_battery_lets_duties_run_and_says_so_once(bench: Bench) -> None:
    duty = FakeDuty()
    bench.budget.add_duty(duty, "camera")
    await started(bench)
    await bench.pass_time(600.0)
    assert duty.applied == ["full"]
    assert len(bench.said("camera")) == 1
    assert bench.said("camera")[0].startswith("full: battery 8")
    assert [event for event in bench.published if isinstance(event, LevelChanged)] == [
        LevelChanged("camera", "off", "full")
    ]


async def test_states_are_written_in_the_vocabulary_of_the_page(bench: Bench) -> None:
    bench.budget.add_duty(FakeDuty(), "sensors of weather")
    bench.meter.values |= {"battery_a": 0.5, "input_v": 18.0, "input_a": 0.6}
    await started(bench)
    await bench.pass_time(3600.0)
    assert bench.value("battery_voltage") == FULL
    assert 80 < bench.value("battery_soc") < 95
    assert bench.value("harvest_power") == pytest.approx(10.8)
    assert bench.value("load_power") == pytest.approx(10.8 - 0.5 * FULL, abs=0.01)
    assert bench.value("harvested_total") == pytest.approx(10.8, abs=0.2)
    assert bench.value("sensors_of_weather_power") == 1.0
    assert bench.value("price") >= 0.0
    assert bench.value("guard") == "none"
    assert bench.states.info("energy.battery_soc").description.unit == "%"


async def test_what_is_not_measured_is_unknown_not_zero(bench: Bench) -> None:
    await bench.budget.start()
    await bench.pass_time(30.0)
    assert bench.value("battery_soc") is None
    assert bench.value("harvest_power") is None
    assert bench.states.get("energy.load_power").reason == "as stated by the consumers, not measured"


async def test_supply_is_published_when_it_is_new(bench: Bench) -> None:
    bench.meter.interval_s = 60.0
    bench.budget.add_meter(bench.meter, "meter")
    await bench.budget.start()
    await bench.pass_time(300.0)
    assert len([event for event in bench.published if isinstance(event, SupplyRead)]) in (5, 6)


async def test_an_offer_is_granted_at_once_and_lives_its_life(bench: Bench, make_offer: Make) -> None:
    await started(bench)
    handle = await bench.budget.offer(make_offer(deadline_h=9))
    changed = await handle.changed()
    assert changed.state is LeaseState.GRANTED
    await handle.started()
    await bench.pass_time(1800.0)
    assert handle.lease.used_wh == pytest.approx(1.5, abs=0.05)
    assert (await handle.commit()).yes
    await handle.started()
    await handle.finished()
    assert handle.lease.state is LeaseState.FINISHED
    assert [lease.state for lease in bench.leases() if not lease.finishing] == [
        LeaseState.OFFERED,
        LeaseState.GRANTED,
        LeaseState.RUNNING,
        LeaseState.COMMIT_ASKED,
        LeaseState.COMMITTED,
        LeaseState.FINISHED,
    ]
    assert bench.said("job-1")[0].startswith("granted: needs 3.4 Wh")
    assert bench.budget.status()["ledger"]["total"]["used_wh"]["iexec"] == pytest.approx(1.5, abs=0.1)


async def test_an_offer_waits_with_one_sentence_and_status_keeps_its_numbers_fresh(
    bench: Bench, make_offer: Make
) -> None:
    await started(bench, 13.25)
    handle = await bench.budget.offer(make_offer())
    await bench.pass_time(3600.0)
    assert handle.lease.state is LeaseState.OFFERED
    assert len(bench.said("job-1")) == 1
    assert "jobs start at 80 %, next chance" in bench.said("job-1")[0]
    assert bench.budget.status()["leases"][0]["sentence"].startswith("waiting: battery 5")


async def test_nonsense_is_refused_with_an_error(bench: Bench, make_offer: Make) -> None:
    await started(bench)
    nonsense = make_offer(run=RunPhase(energy_wh=-1.0, duration_s=60.0))
    with pytest.raises(OfferError):
        await bench.budget.offer(nonsense)
    with pytest.raises(OfferError):
        await bench.budget.would_grant(nonsense)


async def test_would_grant_answers_and_grants_nothing(bench: Bench, make_offer: Make) -> None:
    await started(bench)
    assert (await bench.budget.would_grant(make_offer())).yes
    assert bench.budget.leases.open == ()


async def test_a_handle_used_out_of_turn_is_an_error(bench: Bench, make_offer: Make) -> None:
    await started(bench)
    handle = await granted(bench, make_offer())
    await handle.give_back("no longer wanted")
    for act in (handle.started, handle.finished, handle.commit):
        with pytest.raises(LeaseError):
            await act()
    assert handle.lease.sentence == "given back: no longer wanted"


async def test_a_commit_that_is_not_safe_gives_the_job_back(bench: Bench, make_offer: Make) -> None:
    await started(bench)
    handle = await granted(bench, make_offer(deadline_h=9))
    await handle.started()
    bench.meter.values["battery_v"] = 12.3
    await bench.pass_time(10.0)
    answer = await handle.commit()
    assert answer.sentence == "no: the battery is below the run guard"
    assert handle.lease.state is LeaseState.GIVEN_BACK


async def test_a_promise_is_on_disk_before_it_is_given(bench: Bench, make_offer: Make) -> None:
    await started(bench)
    await committed(bench, make_offer(deadline_h=9))
    (lease,) = json.loads((bench.state_dir / "energy.json").read_text())["leases"]
    assert lease["state"] == "committed"


async def test_a_promise_that_cannot_be_saved_is_not_given(
    bench: Bench, make_offer: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    await started(bench)
    handle = await granted(bench, make_offer(deadline_h=9))
    await handle.started()

    def full(*_: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr("edgepi.budget.store.atomic_write", full)
    answer = await handle.commit()
    monkeypatch.undo()
    assert answer.sentence == "no: the promise cannot be saved: no space left on device"
    assert handle.lease.state is LeaseState.GIVEN_BACK


async def test_a_committed_lease_survives_a_restart(bench: Bench, make_offer: Make) -> None:
    await started(bench)
    offer = make_offer(deadline_h=9)
    await committed(bench, offer)
    await bench.budget.stop()
    bench.budget = bench.build()
    await bench.budget.start()
    assert [lease.state for lease in bench.budget.leases.open] == [LeaseState.COMMITTED]
    handle = await bench.budget.offer(offer)
    assert handle.lease.state is LeaseState.COMMITTED
    await handle.started()
    await handle.finished()


async def test_below_the_run_guard_duties_are_shed_and_nothing_starts(bench: Bench, make_offer: Make) -> None:
    camera, station = FakeDuty(), FakeDuty()
    bench.budget.add_duty(camera, "camera", 5.0)
    bench.budget.add_duty(station, "station", 50.0)
    await started(bench)
    bench.meter.values["battery_v"] = 12.3
    await bench.pass_time(40.0)
    assert camera.applied == ["full", "off"]
    assert station.applied == ["full", "saver"]
    assert bench.said("camera")[-1] == "off: battery at 12.30 V, below the run guard of 12.40 V"
    handle = await bench.budget.offer(make_offer())
    await bench.pass_time(400.0)
    assert handle.lease.state is LeaseState.OFFERED
    assert station.applied[-1] == "off"


async def test_a_low_node_arms_saves_and_halts_in_this_order(bench: Bench) -> None:
    async def flush() -> None:
        assert bench.value("next_wake") == bench.board.plan.wake_utc
        bench.events.append("recorder flushed")

    bench.budget.add_saver("recorder", flush)
    await started(bench, EMPTY)
    await bench.pass_time(300.0)
    assert [event for event in bench.events if not event.startswith("phase")] == [
        "ready",
        "arm",  # stands by for whatever may come before
        "arm",
        "recorder flushed",
        "prepare_cut",
        "halt",
    ]
    assert bench.said("node")[-1].startswith("sleeping until 14:05: battery")
    assert [event.reason for event in bench.published if isinstance(event, PowerGoing)] == [
        bench.said("node")[-1]
    ]
    assert json.loads((bench.state_dir / "energy.json").read_text())["going"] is True


async def test_a_board_that_lies_about_its_alarm_keeps_the_node_awake(bench: Bench) -> None:
    bench.board.lie = WakeReceipt(wake_utc=None, triggers=("alarm",))
    await started(bench, EMPTY)
    await bench.pass_time(3600.0)
    assert "halt" not in bench.events
    assert bench.said("node") == [
        "if its power went now, the node's return would not be certain: the board holds no alarm",
        "stays awake: the board holds no alarm",
    ]
    assert bench.events.count("arm") == 13, "it is tried again, but not at every turn"


async def test_without_a_board_or_leave_nothing_is_halted(bench: Bench) -> None:
    bench.meter.values["battery_v"] = 11.0
    bench.budget.add_meter(bench.meter, "meter")
    await bench.budget.start()
    await bench.pass_time(3600.0)
    assert bench.events == []


async def test_below_the_commit_guard_it_goes_down_even_if_the_wake_is_not_certain(bench: Bench) -> None:
    bench.board.lie = WakeReceipt(wake_utc=None, triggers=())
    await started(bench, 11.5)
    await bench.pass_time(30.0)
    assert bench.events.count("halt") == 1
    assert "the wake is not certain" in bench.said("node")[-1]


async def test_when_the_board_asks_the_node_goes_in_order(bench: Bench) -> None:
    await started(bench)
    bench.board.on_shutdown_request("the power board asks the node to shut down: button")
    await bench.clock.advance(0.0)
    await bench.pass_time(10.0)
    assert [event for event in bench.events if not event.startswith("phase")] == [
        "ready",
        "arm",  # stands by for whatever may come before
        "arm",
        "prepare_cut",
        "halt",
    ]
    assert bench.said("node")[-1].startswith("shutting down: the power board asks")


async def test_a_machine_that_does_not_halt_is_noticed(bench: Bench) -> None:
    await started(bench, EMPTY)
    await bench.pass_time(1200.0)
    assert "still awake: the machine did not halt" in bench.said("node")


async def test_people_may_ask_for_sleep_and_hear_why_not(bench: Bench) -> None:
    desk = PowerDesk(bench.budget)
    with pytest.raises(EnergyError, match="no power board was found"):
        await desk.off(wake_utc=None, reason="x")
    await started(bench)
    wake = bench.clock.now() + timedelta(hours=3)
    answer = await desk.off(wake_utc=wake, reason="asked for by a person")
    assert answer == {"sentence": "sleeping until 15:00: asked for by a person"}
    await bench.pass_time(10.0)
    assert bench.events[-1] == "halt"
    assert bench.board.plan.wake_utc == wake


async def test_a_wake_that_was_asked_for_holds_for_the_next_sleep(bench: Bench) -> None:
    await started(bench)
    wake = bench.clock.now() + timedelta(hours=5)
    held = await PowerDesk(bench.budget).wake_at(wake)
    assert held["wake_utc"] == wake
    assert bench.value("next_wake") == wake
    bench.meter.values["battery_v"] = 11.5
    await bench.pass_time(60.0)
    assert bench.events[-1] == "halt"
    assert bench.board.plan.wake_utc == wake


async def test_people_hear_what_is_wrong_with_a_board_that_fails(bench: Bench) -> None:
    await started(bench)
    bench.board.fails = True
    await bench.pass_time(180.0)
    desk = PowerDesk(bench.budget)
    with pytest.raises(EnergyError, match="the meter does not answer"):
        await desk.off(wake_utc=None, reason="x")
    with pytest.raises(EnergyError, match="the meter does not answer"):
        await desk.wake_at(bench.clock.now() + timedelta(hours=3))


async def test_a_promise_is_woken_for_whatever_people_ask(bench: Bench, make_offer: Make) -> None:
    await started(bench)
    until = bench.clock.now() + timedelta(hours=5)
    await committed(bench, make_offer(deadline_h=2, wait=WaitPhase(until_utc=until)))
    await bench.budget.request_sleep(until)
    await bench.pass_time(10.0)
    assert bench.board.plan.wake_utc < bench.clock.now() + timedelta(hours=2)


async def test_a_promise_made_after_people_asked_is_woken_for_too(bench: Bench, make_offer: Make) -> None:
    await started(bench)
    handle = await granted(bench, make_offer(deadline_h=2))
    await handle.started()
    await bench.budget.request_sleep(bench.clock.now() + timedelta(hours=5))
    assert (await handle.commit()).yes
    await bench.pass_time(10.0)
    assert bench.events[-1] == "halt"
    assert bench.board.plan.wake_utc < bench.clock.now() + timedelta(hours=2)


async def test_who_just_promised_has_time_to_do_it_before_the_node_sleeps(
    bench: Bench, make_offer: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    await started(bench)
    await committed(bench, make_offer(deadline_h=9))
    decide, wake_plan = bench.governor.decide, bench.governor.wake_plan

    def sleepy(situation: Situation) -> Verdict:
        plan = SleepPlan(wake=wake_plan(situation), sentence="sleeping")
        verdict: Verdict = replace(decide(situation), sleep=plan)
        return verdict

    monkeypatch.setattr(bench.governor, "decide", sleepy)
    await bench.pass_time(100.0)
    assert "halt" not in bench.events
    await bench.pass_time(60.0)
    assert bench.events[-1] == "halt"


async def test_nothing_is_promised_any_more_once_the_wake_is_set(bench: Bench, make_offer: Make) -> None:
    await started(bench)
    handle = await granted(bench, make_offer(deadline_h=2))
    await handle.started()
    await bench.budget.request_sleep(bench.clock.now() + timedelta(hours=5))
    await bench.pass_time(10.0)
    answer = await handle.commit()
    assert answer.sentence == "no: the node is going down"
    assert handle.lease.state is LeaseState.GIVEN_BACK


async def test_a_save_that_is_slow_never_takes_a_promise_back(
    bench: Bench, make_offer: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    await started(bench)
    handle = await granted(bench, make_offer(deadline_h=9))
    await handle.started()
    slow, save = asyncio.Event(), EnergyStore.save

    async def late(store: EnergyStore, saved: Saved) -> None:
        if not any(lease.state is LeaseState.COMMITTED for lease in saved.leases):
            await slow.wait()
        await save(store, saved)

    monkeypatch.setattr(EnergyStore, "save", late)
    saving = asyncio.create_task(bench.budget.save())
    promising = asyncio.create_task(handle.commit())
    await settle()
    slow.set()
    await saving
    assert (await promising).yes
    (lease,) = json.loads((bench.state_dir / "energy.json").read_text())["leases"]
    assert lease["state"] == "committed"


async def test_a_hanging_duty_and_a_hanging_meter_harm_nothing(bench: Bench) -> None:
    hanging, well = FakeDuty(), FakeDuty()
    hanging.hangs = True
    meter = FakeMeter(bench.clock)
    meter.hangs = True
    bench.budget.add_duty(hanging, "hanging")
    bench.budget.add_duty(well, "well")
    bench.budget.add_meter(meter, "hanging meter")
    await started(bench)
    await bench.pass_time(60.0)
    assert well.applied == ["full"]
    assert bench.value("battery_voltage") == FULL


async def test_a_failing_duty_is_said_and_shown(bench: Bench) -> None:
    duty = FakeDuty()
    duty.fails = True
    bench.budget.add_duty(duty, "camera")
    await started(bench)
    sentence = "taking camera to full failed: the duty's device does not answer; it is tried again"
    assert sentence in bench.said("camera")
    assert bench.budget.status()["duties"][0]["failure"] in sentence
    duty.fails = False
    await bench.pass_time(120.0)
    assert "follows again" in bench.said("camera")


class Breaking(ThresholdGovernor):
    broken = False

    def decide(self, situation: Situation) -> Verdict:
        if self.broken:
            raise ZeroDivisionError
        return super().decide(situation)


async def test_the_guards_hold_even_if_the_governor_breaks(bench: Bench) -> None:
    duty = FakeDuty()
    bench.governor = governor = Breaking()
    bench.budget = bench.build()
    bench.budget.add_duty(duty, "camera")
    await started(bench)
    governor.broken = True
    bench.meter.values["battery_v"] = 12.3
    await bench.pass_time(60.0)
    assert duty.applied == ["full", "off"]


class Greedy(ThresholdGovernor):
    def decide(self, situation: Situation) -> Verdict:
        return Verdict(levels={duty.consumer: "full" for duty in situation.duties} | {"nobody": "full"})


async def test_no_governor_can_switch_anything_on_below_a_guard(bench: Bench) -> None:
    duty = FakeDuty()
    bench.governor = Greedy()
    bench.budget = bench.build()
    bench.budget.add_duty(duty, "camera")
    await started(bench, 12.3)
    await bench.pass_time(120.0)
    assert duty.applied == []


@pytest.mark.parametrize("jump_s", [365 * 86400.0, -3600.0, -365 * 86400.0])
async def test_a_jump_of_the_clock_books_no_energy_and_ends_no_promise(
    bench: Bench, make_offer: Make, jump_s: float
) -> None:
    bench.meter.values |= {"battery_a": 0.0, "input_w": 5.0}
    await started(bench)
    await committed(bench, make_offer(deadline_h=9))
    await bench.pass_time(600.0)
    before = bench.budget.status()["ledger"]["total"]["harvested_wh"]
    bench.clock.step_wall(jump_s)
    await bench.pass_time(60.0)
    after = bench.budget.status()["ledger"]["total"]["harvested_wh"]
    assert after - before == pytest.approx(5.0 / 60, rel=0.2)
    assert [lease.state for lease in bench.budget.leases.open] == [LeaseState.COMMITTED]


async def test_books_go_on_after_a_night_off_with_the_boot_and_the_gap(bench: Bench) -> None:
    await started(bench, 13.0)
    await bench.budget.request_sleep(bench.clock.now() + timedelta(hours=3))
    await bench.pass_time(20.0)
    await bench.budget.stop()
    await bench.clock.advance(3 * 3600.0)
    bench.budget = bench.build()
    early = FakeMeter(bench.clock, input_w=1.0)
    bench.budget.add_meter(early, "a panel's meter that is read before any voltage")
    bench.meter.fails = bench.board.fails = True
    await started(bench, 13.2)
    bench.meter.fails = bench.board.fails = False
    await bench.pass_time(90.0)
    ledger = bench.budget.status()["ledger"]["total"]
    assert ledger["used_wh"]["boot"] == pytest.approx(0.06)
    assert ledger["gap_s"] == pytest.approx(3 * 3600.0, abs=200.0)
    assert ledger["gap_wh"] > 5.0
    assert bench.budget.status()["boots"] == 1
    total = ledger["total_used_wh"] + ledger["stored_wh"] + ledger["lost_wh"]
    assert ledger["harvested_wh"] == pytest.approx(total, abs=1e-6)


async def test_books_are_saved_every_five_minutes_and_when_it_stops(bench: Bench) -> None:
    await started(bench)
    assert not (bench.state_dir / "energy.json").exists()
    await bench.pass_time(300.0)
    async with asyncio.timeout(5.0):
        while not (bench.state_dir / "energy.json").exists():  # noqa: ASYNC110 (a thread writes it)
            await asyncio.sleep(0.01)
    (bench.state_dir / "energy.json").unlink()
    await bench.budget.stop()
    assert (bench.state_dir / "energy.json").exists()


async def test_a_torn_file_is_said_and_the_books_begin_anew(bench: Bench) -> None:
    (bench.state_dir / "energy.json").write_text("{")
    await started(bench)
    assert bench.said("node")[0].startswith("energy.json cannot be read; it was moved to")


async def test_the_machine_hears_levels_and_leases_when_they_change(bench: Bench, make_offer: Make) -> None:
    bench.budget.add_duty(FakeDuty(), "camera")
    await started(bench)
    handle = await granted(bench, make_offer())
    told = len(bench.machine.told)
    await bench.pass_time(100.0)
    assert len(bench.machine.told) == told
    await handle.started()
    await bench.pass_time(10.0)
    levels, leases = bench.machine.told[-1]
    assert levels == {"camera": "full"}
    assert [lease.state for lease in leases] == [LeaseState.RUNNING]


async def test_a_removed_duty_stops_and_its_power_is_unavailable(bench: Bench) -> None:
    duty = FakeDuty()
    bench.budget.add_duty(duty, "camera")
    await started(bench)
    await bench.budget.remove(duty)
    await bench.pass_time(10.0)
    assert duty.stopped
    assert bench.states.get("energy.camera_power").availability == "unavailable"


async def test_status_is_json(bench: Bench, make_offer: Make) -> None:
    bench.budget.add_duty(FakeDuty(Level("off", 0, 0), Level("on", 1, 1)), "camera")
    await started(bench)
    await granted(bench, make_offer(deadline_h=9))
    status = json.loads(json.dumps(bench.budget.status()))
    assert status["board"]["last_reason"] == {"kind": "alarm", "text": "the alarm was due"}
    assert status["duties"][0]["level"] == "on"
    assert status["leases"][0]["state"] == "granted"
    assert {"supply", "soc", "guard", "price_points_per_wh", "ledger", "plan"} <= set(status)


def test_a_consumer_cannot_be_added_twice(bench: Bench) -> None:
    budget: BudgetService = bench.budget
    budget.add_duty(FakeDuty(), "camera")
    with pytest.raises(EnergyError):
        budget.add_duty(FakeDuty(), "camera")


async def test_meters_boards_and_duties_that_fail_are_told_of_once_and_once_they_recover(
    bench: Bench,
) -> None:
    duty = FakeDuty()
    bench.budget.add_duty(duty, "camera.motion")
    await started(bench)
    duty.fails = bench.meter.fails = bench.board.fails = True
    bench.meter.values["battery_v"] = bench.board.values["battery_v"] = 12.3
    await bench.pass_time(600.0)
    assert sorted(bench.troubles, key=str) == [
        ("board", "reading board failed: the meter does not answer"),
        ("meter", "reading meter failed: the meter does not answer"),
    ]
    bench.troubles.clear()
    bench.meter.fails = bench.board.fails = False
    await bench.pass_time(600.0)
    assert ("board", None) in bench.troubles
    assert ("meter", None) in bench.troubles
    (failed,) = [trouble for name, trouble in bench.troubles if name == "camera.motion"]
    assert failed == "taking camera.motion to off failed: the duty's device does not answer"
    duty.fails = False
    await bench.pass_time(600.0)
    assert bench.troubles[-1] == ("camera.motion", None)


async def test_what_is_taken_back_troubles_no_longer(bench: Bench) -> None:
    bench.meter.fails = True
    await started(bench)
    await bench.budget.remove(bench.meter)
    assert bench.troubles[-1] == ("meter", None)


async def test_a_boards_watchdog_is_fed_each_round_even_while_it_cannot_be_read(bench: Bench) -> None:
    bench.board.able = replace(bench.board.able, has_watchdog=True)
    await started(bench)
    bench.events.clear()
    await bench.pass_time(100.0)
    assert bench.events.count("heartbeat") == 10
    bench.board.fails = True
    await bench.pass_time(100.0)
    assert bench.events.count("heartbeat") == 20


async def test_a_board_that_wants_a_beat_each_second_gets_it_however_slow_the_rounds(bench: Bench) -> None:
    bench.board.able = replace(bench.board.able, has_watchdog=True, heartbeat_s=1.0)
    await started(bench)
    bench.events.clear()
    await bench.pass_time(100.0, step_s=1.0)
    assert 99 <= bench.events.count("heartbeat") <= 101


async def test_a_loop_that_hangs_feeds_no_watchdog(bench: Bench) -> None:
    bench.board.able = replace(bench.board.able, has_watchdog=True, heartbeat_s=1.0)
    await started(bench)
    async with bench.budget._rounds.going_round:
        for _ in range(100):
            await bench.clock.advance(1.0)
            await settle()
        bench.events.clear()
        await bench.clock.advance(10.0)
        await settle()
        assert "heartbeat" not in bench.events
    await bench.pass_time(20.0)
    assert "heartbeat" in bench.events


async def test_a_board_taken_back_gets_no_heartbeat(bench: Bench) -> None:
    bench.board.able = replace(bench.board.able, has_watchdog=True, heartbeat_s=1.0)
    await started(bench)
    await bench.budget.remove(bench.board)
    await bench.pass_time(20.0)
    bench.events.clear()
    await bench.pass_time(20.0)
    assert "heartbeat" not in bench.events


async def test_why_the_board_switched_the_node_on_is_told_as_an_event(bench: Bench) -> None:
    await started(bench)
    assert bench.said("board") == ["switched on: the alarm was due"]


async def test_what_ails_a_board_is_shown_and_logged_once(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.board.ails = ("its coin cell is empty",)
    await started(bench)
    await bench.pass_time(100.0)
    assert bench.budget.status()["board"]["health"] == ["its coin cell is empty"]
    assert caplog.text.count("its coin cell is empty") == 1
    bench.board.ails = ()
    await bench.pass_time(20.0)
    assert bench.budget.status()["board"]["health"] == []


async def test_a_board_that_measures_nothing_leaves_the_supply_to_the_meters(bench: Bench) -> None:
    bench.board.able = replace(bench.board.able, measures=False)
    bench.board.values.clear()
    await started(bench)
    await bench.pass_time(30.0)
    assert bench.budget.status()["supply"]["source"] == "fake"
    assert bench.budget.status()["supply"]["battery_v"] is not None
    assert bench.budget.status()["board"]["working"]


async def test_a_board_without_a_watchdog_or_not_found_yet_gets_no_heartbeat(bench: Bench) -> None:
    await started(bench)
    await bench.pass_time(100.0)
    assert "heartbeat" not in bench.events


async def test_a_heartbeat_that_hangs_or_fails_holds_nobody_up_and_is_said_once(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.board.able = replace(bench.board.able, has_watchdog=True)
    await started(bench)
    bench.board.heartbeat_fails = True
    await bench.pass_time(100.0)
    assert caplog.text.count("feeding the watchdog of board failed") == 1
    bench.board.hangs_at_heartbeat = True
    duty = FakeDuty()
    bench.budget.add_duty(duty, "camera")
    await bench.pass_time(60.0)
    assert duty.applied == ["full"]


async def test_books_that_cannot_be_saved_are_said_once_and_once_they_can(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    caplog.set_level("INFO")
    await started(bench)
    monkeypatch.setattr("edgepi.budget.store.atomic_write", full)
    for _ in range(3):
        await bench.budget.save()
    assert caplog.text.count("the energy books cannot be saved") == 1
    monkeypatch.undo()
    for _ in range(3):
        await bench.budget.save()
    assert caplog.text.count("the energy books are saved again") == 1


async def test_no_secret_gets_into_sentences_decisions_or_status(bench: Bench) -> None:
    class Talkative(FakeDuty):
        async def apply(self, level: str) -> None:
            raise OSError(f"cannot log in with hunter2 to go {level}")

    class TalkativeMeter(FakeMeter):
        async def read(self) -> Supply:
            raise OSError("no answer to hunter2")

    bench.budget.add_duty(Talkative(), "camera")
    bench.budget.add_meter(TalkativeMeter(bench.clock), "meter of a talker")
    await started(bench)
    await bench.pass_time(60.0)
    seen = json.dumps(bench.budget.status()) + " ".join(bench.said("camera"))
    assert "cannot log in with ****" in seen
    assert "no answer to ****" in seen
    assert "hunter2" not in seen


async def test_jobs_hear_what_earnings_are_worth_and_may_move_their_deadline(
    bench: Bench, make_offer: Make
) -> None:
    await started(bench)
    assert bench.budget.points_per_rlc == bench.settings.points_per_rlc
    handle = await bench.budget.offer(make_offer(deadline_h=5))
    later = bench.clock.now() + timedelta(hours=9)
    await handle.move_deadline(later)
    assert handle.lease.offer.finish is not None
    assert handle.lease.offer.finish.deadline_utc == later
