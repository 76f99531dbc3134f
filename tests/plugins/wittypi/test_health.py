from __future__ import annotations

from datetime import timedelta

import pytest

from edgepi.errors import HardwareError
from edgepi.model import WakePlan
from edgepi.sim.bus import SimulatedBus
from edgepi.sim.chips import Reason, Reg, WittyPi4
from edgepi.sim.chips.wittypi4 import WittyPi4Mini
from edgepi.testing.clock import ManualClock
from edgepi.testing.doubles import FakeHardware
from edgepi.testing.driving import drive
from edgepi_wittypi.controller import WittyPiController
from edgepi_wittypi.quirks import ANY

from .conftest import MakeController, Seat

STOP = 0x20


@pytest.fixture
def board(seat: Seat) -> WittyPi4:
    chip = WittyPi4()
    seat(chip)
    return chip


async def started(made: WittyPiController, clock: ManualClock) -> tuple[str, ...]:
    await drive(made.start(), clock)
    return tuple(await drive(made.health(), clock))


async def test_a_board_in_order_has_nothing_to_say(
    controller: MakeController, manual_clock: ManualClock, board: WittyPi4
) -> None:
    assert await started(controller(), manual_clock) == ()


@pytest.mark.parametrize(("revision", "words"), [(5, "no guaranteed wake"), (0, "lost its memory")])
async def test_old_and_lost_firmware_is_said(
    controller: MakeController, manual_clock: ManualClock, board: WittyPi4, revision: int, words: str
) -> None:
    board.memory.values[Reg.REVISION] = revision
    (said,) = await started(controller(), manual_clock)
    assert words in said


async def test_a_clock_that_lost_its_time_or_stands_is_said(
    controller: MakeController, manual_clock: ManualClock, board: WittyPi4
) -> None:
    made = controller()
    await drive(made.start(), manual_clock)
    board.lose_clock()
    (said,) = await drive(made.health(), manual_clock)
    assert "lost its clock" in said
    board.rtc.write(0, STOP)
    (said,) = await drive(made.health(), manual_clock)
    assert "stopped" in said


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({Reg.BELOW_ACTION: 1}, ["below 75 °C"]),
        ({Reg.OVER_ACTION: 1}, []),
        ({Reg.OVER_ACTION: 1, Reg.OVER_POINT: 30}, ["above 30 °C"]),
        ({Reg.BELOW_ACTION: 1, Reg.BELOW_POINT: 256 - 20}, []),
        ({Reg.BELOW_ACTION: 2}, []),
    ],
)
async def test_a_temperature_action_that_would_keep_the_node_off_is_said(
    controller: MakeController,
    manual_clock: ManualClock,
    board: WittyPi4,
    settings: dict[int, int],
    words: list[str],
) -> None:
    for register, value in settings.items():
        board.memory[register] = value
    said = await started(controller(), manual_clock)
    assert len(said) == len(words)
    assert all(word in sentence for word, sentence in zip(words, said, strict=True))


async def test_a_stopped_clock_is_started_before_a_wake_is_armed(
    controller: MakeController, manual_clock: ManualClock, board: WittyPi4
) -> None:
    made = controller()
    await drive(made.start(), manual_clock)
    board.rtc.write(0, STOP)
    await drive(made.arm(WakePlan(wake_utc=manual_clock.now() + timedelta(hours=1))), manual_clock)
    assert board.rtc.read(0) == 0


async def test_the_machine_around_it_is_looked_at(
    controller: MakeController, manual_clock: ManualClock, board: WittyPi4, fake_hardware: FakeHardware
) -> None:
    tree = "/proc/device-tree"
    fake_hardware.attributes = {
        f"{tree}/onewire@4/compatible": "w1-gpio",
        f"{tree}/aliases/serial0": "/soc/serial@7e215040",
        f"{tree}/soc/serial@7e215040/status": "disabled",
    }
    fake_hardware.processes = [ANY.vendor[0]]
    one_wire, serial, vendor = await started(controller(), manual_clock)
    assert "gpiopin=27" in one_wire
    assert "do_serial_hw 0" in serial
    assert "systemctl disable --now wittypi" in vendor


async def test_a_request_line_that_somebody_else_holds_is_told_with_what_to_do(
    controller: MakeController,
    manual_clock: ManualClock,
    board: WittyPi4,
    fake_hardware: FakeHardware,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def busy(*_: object, **__: object) -> None:
        raise HardwareError("pin 4 is in use by onewire@4")

    made = controller()
    with monkeypatch.context() as patch:
        patch.setattr(fake_hardware, "input_line", busy)
        (said,) = await started(made, manual_clock)
    assert "onewire@4" in said
    assert "gpiopin=27" in said
    plan = WakePlan(wake_utc=manual_clock.now() + timedelta(hours=1))
    assert (await drive(made.arm(plan), manual_clock)).triggers, "a board that cannot ask can still wake"
    await manual_clock.advance(60.0)
    await drive(made.read(), manual_clock)
    assert await drive(made.health(), manual_clock) == (), "the line was free again"
    assert 4 in fake_hardware.inputs


async def test_a_mini_on_five_volts_heeds_its_voltage(
    controller: MakeController, manual_clock: ManualClock, seat: Seat, caplog: pytest.LogCaptureFixture
) -> None:
    mini = WittyPi4Mini()
    mini.analog.vin_v = 5.0
    seat(mini)
    made = controller(low_voltage=4.6)
    await drive(made.start(), manual_clock)
    assert mini.memory[Reg.IGNORE_POWER_MODE] == 1
    assert "register 41" in caplog.text
    await drive(made.ready(), manual_clock)
    await manual_clock.advance(10.0)
    await drive(made.ready(), manual_clock)
    mini.analog.vin_v = 4.4
    for _ in range(230):
        mini.step(1.0)
    assert not mini.rail_on
    await drive(controller().start(), manual_clock)


@pytest.mark.parametrize("vin_v", [0.0, 12.8])
async def test_a_board_on_usb_or_a_battery_is_left_as_it_is(
    controller: MakeController, manual_clock: ManualClock, board: WittyPi4, vin_v: float
) -> None:
    board.analog.vin_v = vin_v
    board.tunables = type(board.tunables)(brown_out_v=-1.0)
    await drive(controller().start(), manual_clock)
    assert board.memory[Reg.IGNORE_POWER_MODE] == 0


class TestLastWake:
    async def test_low_voltage_before_it_is_told(
        self, controller: MakeController, manual_clock: ManualClock, board: WittyPi4
    ) -> None:
        board.memory[Reg.REASON] = Reason.VOLTAGE_RESTORED
        board.memory[Reg.LV_SHUTDOWN] = 1
        made = controller()
        await drive(made.start(), manual_clock)
        reason = await drive(made.last_reason(), manual_clock)
        assert reason.text == "the input rose to the recovery voltage; it had gone down for low voltage"

    @pytest.mark.parametrize(("reason", "told"), [(Reason.CLICK, True), (Reason.ALARM1, False)])
    async def test_an_alarm_that_came_to_a_node_with_power_is_told_by_the_next_life(
        self,
        controller: MakeController,
        manual_clock: ManualClock,
        board: WittyPi4,
        reason: Reason,
        *,
        told: bool,
    ) -> None:
        board.memory[Reg.FLAG_ALARM1] = 1
        board.memory[Reg.REASON] = reason
        made = controller()
        await drive(made.start(), manual_clock)
        why = await drive(made.last_reason(), manual_clock)
        assert ("TXD (GPIO14)" in why.text) is told
        await drive(made.ready(), manual_clock)
        assert board.memory[Reg.FLAG_ALARM1] == 0

    @pytest.mark.parametrize("before", [True, False])
    async def test_an_alarm_that_comes_while_the_node_is_up_does_not_wake_it_after_the_next_cut(
        self,
        controller: MakeController,
        manual_clock: ManualClock,
        simulated_bus: SimulatedBus,
        board: WittyPi4,
        *,
        before: bool,
    ) -> None:
        made = controller()
        await drive(made.start(), manual_clock)
        soon = WakePlan(wake_utc=manual_clock.now() + timedelta(minutes=5))
        if before:  # it woke early, and stays up; else the alarm only stood by
            await drive(made.arm(soon), manual_clock)
        await manual_clock.advance(10.0)
        await drive(made.ready(), manual_clock)
        if not before:
            await drive(made.arm(soon), manual_clock)
        await manual_clock.advance(400.0)
        simulated_bus.read_byte_data(0x08, 0)
        await drive(made.arm(WakePlan(wake_utc=manual_clock.now() + timedelta(hours=5))), manual_clock)
        await drive(made.prepare_cut(), manual_clock)
        board.set_txd(False)
        await manual_clock.advance(60.0)
        simulated_bus.read_byte_data(0x08, 0)
        assert not board.rail_on
        assert board.memory[Reg.FLAG_ALARM1] == 0
