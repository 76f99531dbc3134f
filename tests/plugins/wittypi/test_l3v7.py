from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from edgepi.model import WakePlan, WakeReasonKind
from edgepi.sim.bus import SimulatedBus
from edgepi.sim.chips import Reason, Reg
from edgepi.sim.chips.wittypi4_l3v7 import WittyPi4L3V7
from edgepi.testing.clock import ManualClock
from edgepi.testing.conformance import PowerControllerConformance
from edgepi.testing.doubles import FakeHardware
from edgepi.testing.driving import drive
from edgepi.testing.pytest_plugin import ContextFactory
from edgepi_wittypi.config import WittyPiConfig
from edgepi_wittypi.link import Link
from edgepi_wittypi.sensor import BoardSensor

from .conftest import MakeController, Seat


def feed(board: WittyPi4L3V7, cell_v: float, usb_v: float = 0.0) -> None:
    board.feed(input_v=cell_v, output_v=5.1, output_a=0.4, temperature_c=20.0, usb_v=usb_v)


@pytest.fixture
def board(seat: Seat) -> WittyPi4L3V7:
    chip = WittyPi4L3V7()
    feed(chip, 3.8)
    seat(chip)
    return chip


class TestController(PowerControllerConformance):
    @pytest.fixture
    def lose_clock(self, board: WittyPi4L3V7) -> Callable[[], None]:
        return board.lose_clock

    @pytest.fixture
    def make(self, controller: MakeController, board: WittyPi4L3V7) -> MakeController:
        return controller


async def test_it_is_found_and_its_cell_is_the_battery(
    controller: MakeController,
    manual_clock: ManualClock,
    board: WittyPi4L3V7,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    made = controller()
    await drive(made.start(), manual_clock)
    assert "Witty Pi 4 L3V7 found" in caplog.text
    supply = await drive(made.read(), manual_clock)
    assert supply.battery_v == pytest.approx(3.8, abs=0.07)
    assert supply.input_v is None
    feed(board, 3.8, usb_v=5.0)
    await manual_clock.advance(60.0)
    supply = await drive(made.read(), manual_clock)
    assert supply.input_v == pytest.approx(5.0, abs=0.07)
    assert supply.battery_v is None, "while USB feeds it the board does not see its cell"


async def test_the_sun_on_a_panel_at_usb_is_one_more_trigger(
    controller: MakeController, manual_clock: ManualClock, simulated_bus: SimulatedBus, board: WittyPi4L3V7
) -> None:
    board.memory[Reg.RECOVERY_VOLTAGE] = 0
    made = controller()
    await drive(made.start(), manual_clock)
    await drive(made.ready(), manual_clock)
    await manual_clock.advance(10.0)
    await drive(made.ready(), manual_clock)
    receipt = await drive(made.arm(WakePlan(wake_utc=manual_clock.now() + timedelta(hours=9))), manual_clock)
    assert "5 V at USB again" in receipt.triggers
    assert board.memory[Reg.RECOVERY_VOLTAGE] != 0
    await drive(made.prepare_cut(), manual_clock)
    board.set_txd(False)
    await manual_clock.advance(30.0)
    simulated_bus.read_byte_data(0x08, 0)
    assert not board.rail_on
    feed(board, 3.8, usb_v=5.0)
    await manual_clock.advance(10.0)
    simulated_bus.read_byte_data(0x08, 0)
    assert board.rail_on
    assert board.memory[Reg.REASON] == Reason.USB_CONNECTED
    next_life = controller()
    await drive(next_life.start(), manual_clock)
    reason = await drive(next_life.last_reason(), manual_clock)
    assert reason.kind is WakeReasonKind.POWER_CONNECTED
    assert "USB" in reason.text


async def test_a_cut_off_for_12_v_is_not_taken(
    controller: MakeController,
    manual_clock: ManualClock,
    board: WittyPi4L3V7,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await drive(controller(low_voltage=11.6).start(), manual_clock)
    assert board.memory[Reg.LOW_VOLTAGE] == 31, "it would be down again three minutes after each start"
    assert "11.6 V" in caplog.text
    await drive(controller(low_voltage=3.3).start(), manual_clock)
    assert board.memory[Reg.LOW_VOLTAGE] == 33


async def test_its_charger_is_a_reading(
    plugin_context: ContextFactory,
    manual_clock: ManualClock,
    fake_hardware: FakeHardware,
    board: WittyPi4L3V7,
) -> None:
    link = Link(plugin_context(WittyPiConfig(), plugin="wittypi"))
    sensor = BoardSensor(link)
    await drive(sensor.start(), manual_clock)

    async def charger() -> object:
        return {each.key: each.value for each in await drive(sensor.read(), manual_clock)}["charger"]

    assert await charger() == "idle"
    feed(board, 3.8, usb_v=5.0)
    assert await charger() == "charging"
    assert (await drive(link.supply(), manual_clock)).battery_percent is None
    feed(board, 4.2, usb_v=5.0)
    assert await charger() == "full"
    await manual_clock.advance(60.0)
    assert (await drive(link.supply(), manual_clock)).battery_percent == 100.0, "that it cannot see otherwise"
    fake_hardware.inputs[5].set(False)
    assert await charger() is None, "both lines cannot be true"
    await sensor.stop()
    assert fake_hardware.inputs[5].closed
    assert fake_hardware.inputs[6].closed
