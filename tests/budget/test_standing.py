from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import AsyncMock

import pytest

from edgepi.budget.cuts import UNPROVEN, UNSEEN
from edgepi.budget.standing import STANDING_H, standing_wake
from edgepi.model import FinishPhase, LeaseState, WakeReason, WakeReasonKind, WakeReceipt
from edgepi.plugin import PowerCapabilities
from tests.energy.conftest import build_lease, build_offer, build_situation

Bench = Any
NOON = datetime(2025, 6, 1, 10, 0, tzinfo=UTC)  # where the bench's clock begins


async def started(bench: Bench) -> None:
    bench.budget.add_meter(bench.meter, "meter")
    bench.budget.add_controller(bench.board, "board")
    await bench.budget.start()
    await bench.pass_time(30.0)


async def test_a_wake_is_armed_from_the_start_for_whatever_may_take_the_power(bench: Bench) -> None:
    await started(bench)
    assert bench.board.plan is not None
    assert bench.board.plan.wake_utc - NOON > timedelta(hours=11)
    assert bench.board.plan.fallback_hours == 1
    assert bench.value("next_wake") is None, "no wake is planned"


@pytest.mark.slow
async def test_it_is_armed_anew_long_before_its_alarm_could_come(bench: Bench) -> None:
    await started(bench)
    await bench.pass_time(13 * 3600.0, step_s=600.0)
    assert bench.board.plan is not None
    assert bench.board.plan.wake_utc > bench.clock.now() + timedelta(hours=5)
    assert bench.events.count("arm") == 3, "each arming wears the board's memory"


async def test_a_sleep_that_cannot_be_made_sure_of_leaves_no_node_without_a_wake(bench: Bench) -> None:
    await started(bench)
    bench.machine.can_halt = True
    bench.board.lie = WakeReceipt(wake_utc=None, triggers=("recovery voltage", "alarm"))
    answer = await bench.budget.request_sleep(NOON + timedelta(hours=3))
    assert not answer.yes
    bench.board.lie = None
    await bench.pass_time(30.0)
    assert bench.board.plan is not None
    assert bench.board.plan.wake_utc > NOON + timedelta(hours=11)


async def test_a_halt_that_fails_leaves_no_board_ready_to_cut(bench: Bench) -> None:
    await started(bench)
    bench.machine.can_halt, bench.machine.halts = True, False
    await bench.budget.request_sleep(NOON + timedelta(hours=3))
    await bench.pass_time(30.0)
    assert bench.events[-4:-1] == ["prepare_cut", "disarm", "phase ready"]
    assert bench.events[-1] == "arm"


async def test_that_nothing_could_be_armed_is_said_and_that_it_could_in_the_end(bench: Bench) -> None:
    bench.board.lie = WakeReceipt(wake_utc=None, triggers=())
    await started(bench)
    assert "would not be certain: the board holds no wake trigger" in bench.said("node")[-1]
    await bench.pass_time(600.0)
    assert len(bench.said("node")) == 1
    bench.board.lie = None
    bench.budget._departure._standing.renew()
    await bench.pass_time(30.0)
    assert bench.said("node")[-1] == "whoever takes the node's power, it comes back"


async def test_a_wake_that_a_person_wants_stays_armed(bench: Bench) -> None:
    await started(bench)
    await bench.budget.wake_at(NOON + timedelta(hours=8))
    await bench.pass_time(7 * 3600.0, step_s=600.0)
    assert bench.board.plan is not None
    assert bench.board.plan.wake_utc == NOON + timedelta(hours=8)


async def test_a_board_that_wakes_nobody_is_asked_nothing(bench: Bench) -> None:
    bench.board.able = PowerCapabilities(can_cut=True, can_wake_at=False)
    await started(bench)
    assert "arm" not in bench.events


async def test_a_board_that_asks_while_no_wake_is_certain_hears_a_node_that_says_so(bench: Bench) -> None:
    await started(bench)
    bench.machine.can_halt = True
    bench.board.lie = WakeReceipt(wake_utc=None, triggers=())
    assert bench.board.on_shutdown_request is not None
    bench.board.on_shutdown_request("the board asks: low voltage")
    await bench.pass_time(20.0)
    assert any("the wake is not certain" in sentence for sentence in bench.said("node"))


@pytest.mark.parametrize(
    ("state", "watchdog_s", "said"),
    [("active", 0.0, False), ("inactive", 0.0, True), (None, 0.0, True), (None, 600.0, False)],
)
async def test_a_machine_that_nothing_would_restart_if_it_froze_is_told_of_once(
    bench: Bench, state: str | None, watchdog_s: float, said: bool
) -> None:
    bench.machine.simulated = False
    bench.board.able = replace(bench.board.able, has_watchdog=watchdog_s > 0.0, watchdog_s=watchdog_s)
    if state is not None:
        bench.machine.attributes["/sys/class/watchdog/watchdog0/state"] = state
    await started(bench)
    bench.budget._departure._standing.renew()
    await bench.pass_time(30.0)
    assert bench.events.count("arm") == 2
    assert sum("froze" in sentence for sentence in bench.said("node")) == int(said)


def test_what_is_being_finished_sets_no_alarm_that_would_come_while_the_node_is_up() -> None:
    finish = FinishPhase(energy_wh=0.1, duration_s=1800.0, deadline_utc=NOON + timedelta(minutes=20))
    offer = replace(build_offer(), finish=finish)
    lease = build_lease(LeaseState.COMMITTED, offer, finishing=True)
    plan = standing_wake(build_situation(leases=(lease,)))
    assert plan.wake_utc == NOON + timedelta(hours=STANDING_H)


@pytest.mark.parametrize(
    ("woken_by", "said"),
    [(WakeReasonKind.ALARM, False), (WakeReasonKind.POWER_CONNECTED, True), (None, True)],
)
@pytest.mark.parametrize("doubt", [UNSEEN, UNPROVEN])
async def test_a_board_that_needs_to_see_the_halt_is_not_trusted_before_it_was_seen_to_cut(
    bench: Bench,
    woken_by: WakeReasonKind | None,
    said: bool,
    doubt: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bench.board.able = replace(bench.board.able, needs_up_signal=True, cuts_only_if_halt_seen=doubt == UNSEEN)
    bench.machine.can_halt = True
    await started(bench)
    if woken_by is not None:
        assert (await bench.budget.request_sleep(NOON + timedelta(hours=3))).yes
        await bench.pass_time(30.0)
        assert doubt in bench.said("node")[-1]
        await bench.budget.stop()
        bench.budget = bench.build()
        reason = WakeReason(woken_by, "that is why")
        monkeypatch.setattr(bench.board, "last_reason", AsyncMock(return_value=reason))
        await started(bench)
    assert (await bench.budget.request_sleep(NOON + timedelta(hours=5))).yes
    await bench.pass_time(30.0)
    assert (doubt in bench.said("node")[-1]) is said


async def test_what_stands_by_is_told_apart_from_what_a_sleep_armed(bench: Bench) -> None:
    bench.budget.add_controller(bench.board, "board")
    await bench.budget.start()
    await bench.pass_time(60)
    board = bench.budget.status()["board"]
    assert board["armed"] is None
    assert board["standing"]["triggers"]
    await bench.budget.wake_at(NOON + timedelta(hours=8))
    board = bench.budget.status()["board"]
    assert board["armed"]["triggers"]
    assert board["standing"] is None


async def test_the_fallback_follows_the_wake_that_a_person_wants(bench: Bench) -> None:
    await started(bench)
    bench.machine.can_halt = True
    assert (await bench.budget.request_sleep(NOON + timedelta(hours=14))).yes
    assert bench.board.plan is not None
    assert bench.board.plan.fallback_hours == 14, "whole hours from now, half a minute into the life"


@pytest.mark.parametrize(("harmless", "armed"), [(True, True), (False, False)])
async def test_a_recovery_voltage_stands_armed_in_a_full_battery_only_where_it_wakes_nobody_at_once(
    bench: Bench, harmless: bool, armed: bool
) -> None:
    bench.board.able = replace(bench.board.able, recovers_from_low_only=harmless)
    await started(bench)
    assert bench.board.plan is not None
    assert (bench.board.plan.recovery_v is not None) is armed
