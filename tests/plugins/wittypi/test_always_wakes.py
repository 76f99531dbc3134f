"""What stands behind the alarm of a Witty Pi 4, and behind its sight of the halt."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from edgepi.model import WakePlan
from edgepi.sim.bus import SimulatedBus
from edgepi.sim.chips import Reason, Reg, WittyPi4
from edgepi.testing.clock import ManualClock
from edgepi.testing.doubles import FakeHardware
from edgepi.testing.driving import drive
from edgepi.testing.pytest_plugin import ContextFactory
from edgepi_wittypi.config import WittyPiConfig
from edgepi_wittypi.controller import WittyPiController
from edgepi_wittypi.link import Link

Asleep = Callable[[float], WittyPi4]


@pytest.fixture
def board(simulated_bus: SimulatedBus, fake_hardware: FakeHardware, manual_clock: ManualClock) -> WittyPi4:
    chip = WittyPi4()
    chip.set_clock(manual_clock.now())
    chip.power_on()
    chip.set_txd(True)
    simulated_bus.attach(0x08, chip)
    fake_hardware.wires[17] = chip.set_sys_up
    return chip


@pytest.fixture
def controller(plugin_context: ContextFactory, board: WittyPi4) -> WittyPiController:
    context = plugin_context(WittyPiConfig(low_voltage=11.6), plugin="wittypi")
    return WittyPiController(context, Link(context))


async def ready_to_cut(controller: WittyPiController, clock: ManualClock, wake_s: float) -> None:
    await drive(controller.start(), clock)
    plan = WakePlan(wake_utc=clock.now() + timedelta(seconds=wake_s), recovery_v=13.0)
    await drive(controller.arm(plan), clock)
    await drive(controller.prepare_cut(), clock)


def passes(board: WittyPi4, seconds: int) -> None:
    for _ in range(seconds):
        board.step(1.0)


async def test_a_board_that_never_sees_the_halt_cuts_all_the_same(
    controller: WittyPiController, manual_clock: ManualClock, board: WittyPi4
) -> None:
    board.txd_held_high = True
    await ready_to_cut(controller, manual_clock, 3600.0)
    board.set_txd(False)
    passes(board, 170)
    assert board.rail_on, "a halt may take its time"
    passes(board, 60)
    assert not board.rail_on
    assert board.memory[Reg.REASON] == Reason.ALARM2
    passes(board, 3600)
    assert board.rail_on


async def test_a_halt_that_was_called_off_is_not_cut(
    controller: WittyPiController, manual_clock: ManualClock, board: WittyPi4
) -> None:
    await ready_to_cut(controller, manual_clock, 3600.0)
    await drive(controller.disarm(), manual_clock)
    passes(board, 300)
    assert board.rail_on


async def test_a_process_that_starts_anew_calls_the_cut_off(
    controller: WittyPiController, manual_clock: ManualClock, board: WittyPi4, plugin_context: ContextFactory
) -> None:
    await ready_to_cut(controller, manual_clock, 3600.0)
    context = plugin_context(WittyPiConfig(), plugin="wittypi")
    await drive(WittyPiController(context, Link(context)).start(), manual_clock)
    passes(board, 300)
    assert board.rail_on


async def test_a_wake_soon_after_the_halt_is_not_ended_by_the_cut_that_was_to_make_sure(
    controller: WittyPiController, manual_clock: ManualClock, board: WittyPi4
) -> None:
    await ready_to_cut(controller, manual_clock, 130.0)
    passes(board, 100)
    board.set_txd(False)
    passes(board, 30)
    assert not board.rail_on
    passes(board, 120)
    assert board.rail_on
    passes(board, 300)
    assert board.rail_on


async def test_without_a_clock_there_is_no_alarm_that_could_cut_at_any_time(
    controller: WittyPiController, manual_clock: ManualClock, board: WittyPi4
) -> None:
    await drive(controller.start(), manual_clock)
    board.lose_clock()
    await drive(controller.prepare_cut(), manual_clock)
    assert board.memory[Reg.ALARM2 + 3] == 0


@pytest.mark.parametrize(("input_v", "wakes"), [(12.9, False), (13.1, True)])
async def test_the_recovery_voltage_is_the_true_one(
    controller: WittyPiController, manual_clock: ManualClock, board: WittyPi4, input_v: float, wakes: bool
) -> None:
    await ready_to_cut(controller, manual_clock, 6 * 3600.0)
    board.set_txd(False)
    passes(board, 60)
    board.memory[Reg.LV_SHUTDOWN] = 1
    board.feed(input_v=input_v, output_v=5.1, output_a=0.5, temperature_c=20.0)
    passes(board, 30)
    assert board.rail_on is wakes


async def test_a_board_learns_that_the_node_is_up_once_the_vendors_daemon_has_stopped(
    controller: WittyPiController, manual_clock: ManualClock, board: WittyPi4, fake_hardware: FakeHardware
) -> None:
    fake_hardware.processes = ["/bin/bash /home/pi/wittypi/daemon.sh"]
    await drive(controller.start(), manual_clock)
    await drive(controller.ready(), manual_clock)
    assert "sys_up" not in [event.kind for event in board.events]
    fake_hardware.processes = []
    await drive(controller.read(), manual_clock)
    assert "sys_up" in [event.kind for event in board.events]
