from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from edgepi.errors import DeviceNotFoundError, EdgePiError, HardwareError, VerificationError
from edgepi.model import WakePlan, WakeReasonKind
from edgepi.sim.bus import SimulatedBus
from edgepi.sim.chips import Reason, Reg, WittyPi4
from edgepi.testing.clock import ManualClock, settle
from edgepi.testing.conformance import PowerControllerConformance, SensorConformance
from edgepi.testing.doubles import FakeHardware, FakeTimers
from edgepi.testing.driving import drive
from edgepi.testing.faults import bus_garbage, bus_silent, writes_lost
from edgepi.testing.pytest_plugin import ContextFactory
from edgepi_wittypi import plugin
from edgepi_wittypi.config import WittyPiConfig
from edgepi_wittypi.gen4.registers import REASONS
from edgepi_wittypi.link import link_of
from edgepi_wittypi.quirks import ANY

from .conftest import MakeController, MakeSensor

BOARD = 0x08


@pytest.fixture
def board(simulated_bus: SimulatedBus, fake_hardware: FakeHardware, manual_clock: ManualClock) -> WittyPi4:
    """A board that has just switched the node on, wired to the fake pins."""
    chip = WittyPi4()
    chip.rtc.set(manual_clock.now())
    chip.power_on()
    chip.set_txd(True)
    simulated_bus.attach(BOARD, chip)
    fake_hardware.wires[17] = chip.set_sys_up
    chip.on_line = lambda pin, high: (
        fake_hardware.inputs[pin].set(high) if pin in fake_hardware.inputs else None
    )
    return chip


@pytest.fixture
def make(controller: MakeController, board: WittyPi4) -> MakeController:
    return controller


class TestController(PowerControllerConformance):
    @pytest.fixture
    def lose_clock(self, board: WittyPi4) -> Callable[[], None]:
        return board.lose_clock

    @pytest.fixture
    def make(self, controller: MakeController, board: WittyPi4) -> MakeController:
        return controller


class TestSensor(SensorConformance):
    @pytest.fixture
    def make(self, sensor: MakeSensor, board: WittyPi4) -> MakeSensor:
        return sensor


class TestTelemetry:
    async def test_the_input_is_the_battery_unless_told_otherwise(
        self, make: MakeController, manual_clock: ManualClock, board: WittyPi4
    ) -> None:
        board.analog.vin_v = 13.3
        controller = make()
        await controller.start()
        supply = await drive(controller.read(), manual_clock)
        assert supply.battery_v == pytest.approx(13.3, abs=0.07)
        assert supply.input_v is None
        assert supply.output_w == pytest.approx(5.1 * 0.5, rel=0.05)
        assert supply.temperature_c == 25.0
        other = make(input="supply")
        await other.start()
        supply = await drive(other.read(), manual_clock)
        assert supply.input_v == pytest.approx(13.3, abs=0.07)
        assert supply.battery_v is None

    async def test_the_board_is_spared_more_than_one_measurement_a_minute(
        self, make: MakeController, manual_clock: ManualClock, board: WittyPi4
    ) -> None:
        controller = make()
        await controller.start()
        first = await drive(controller.read(), manual_clock)
        board.analog.vin_v += 1.0
        burnt = board.eeprom_writes
        await manual_clock.advance(50.0)
        assert await drive(controller.read(), manual_clock) == first
        assert board.eeprom_writes == burnt
        await manual_clock.advance(10.0)
        later = await drive(controller.read(), manual_clock)
        assert later.battery_v is not None
        assert first.battery_v is not None
        assert later.battery_v - first.battery_v == pytest.approx(1.0, abs=0.07)

    async def test_sensor_and_controller_of_one_context_share_the_measurement(
        self, plugin_context: ContextFactory, manual_clock: ManualClock, board: WittyPi4
    ) -> None:
        context = plugin_context(WittyPiConfig(), plugin="wittypi")
        (controller,) = plugin.power_controllers(context)
        (sensor,) = plugin.sensors(context)
        await drive(controller.start(), manual_clock)
        await drive(controller.read(), manual_clock)
        board.analog.vin_v += 1.0
        burnt = board.eeprom_writes
        await sensor.start()
        values = {reading.key: reading.value for reading in await sensor.read()}
        assert board.eeprom_writes == burnt
        assert values["input_voltage"] == pytest.approx(12.8, abs=0.07)
        assert values["wake_reason"] == "power_connected"
        assert values["wake_report"] == "the input was connected"
        assert values["board_health"] == "all is well"
        assert link_of(plugin_context(WittyPiConfig(), plugin="wittypi")) is not link_of(context)

    async def test_noise_on_the_bus_is_no_measurement(
        self, make: MakeController, manual_clock: ManualClock, simulated_bus: SimulatedBus
    ) -> None:
        controller = make()
        await drive(controller.start(), manual_clock)
        with bus_garbage(simulated_bus), pytest.raises(HardwareError, match="not believed"):
            await drive(controller.read(), manual_clock)

    async def test_a_busy_controller_is_asked_again(
        self, make: MakeController, manual_clock: ManualClock, simulated_bus: SimulatedBus
    ) -> None:
        controller = make()
        await controller.start()
        simulated_bus.faults.silent_next[BOARD] = 2
        assert (await drive(controller.read(), manual_clock)).battery_v is not None


class TestDetection:
    @pytest.mark.parametrize(
        ("found", "words"),
        [(0xFF, "lost its memory"), (0x42, "0x42"), (0x24, "Witty Pi 3")],
    )
    async def test_another_board_is_called_by_its_name(
        self, make: MakeController, board: WittyPi4, found: int, words: str
    ) -> None:
        board.memory.values[Reg.ID] = found
        with pytest.raises(DeviceNotFoundError, match=words):
            await make().start()

    async def test_a_missing_board_says_what_to_check(
        self, make: MakeController, simulated_bus: SimulatedBus, board: WittyPi4
    ) -> None:
        with bus_silent(simulated_bus), pytest.raises(DeviceNotFoundError, match="I2C"):
            await make().start()

    async def test_start_sets_the_board_up_for_certain_waking(
        self, make: MakeController, manual_clock: ManualClock, board: WittyPi4
    ) -> None:
        board.memory[Reg.DEFAULT_ON_DELAY] = 200
        board.memory[Reg.ALARM2 + 3] = 0x15
        await drive(make(low_voltage=11.6).start(), manual_clock)
        assert board.memory[Reg.CUT_DELAY] == 254
        assert board.memory[Reg.DEFAULT_ON] == 1
        assert board.memory[Reg.DEFAULT_ON_DELAY] == 0
        assert board.memory[Reg.LOW_VOLTAGE] == 116
        assert board.memory[Reg.ALARM2 + 3] == 0


class TestWaking:
    async def test_the_alarm_wakes_the_node(
        self, make: MakeController, manual_clock: ManualClock, simulated_bus: SimulatedBus, board: WittyPi4
    ) -> None:
        controller = make()
        await drive(controller.start(), manual_clock)
        await drive(controller.ready(), manual_clock)
        await manual_clock.advance(10.0)
        await drive(controller.ready(), manual_clock)
        wanted = manual_clock.now() + timedelta(hours=7)
        receipt = await drive(controller.arm(WakePlan(wake_utc=wanted, fallback_hours=20)), manual_clock)
        assert receipt.certain
        assert receipt.wake_utc is not None
        assert len(receipt.triggers) == 3
        await drive(controller.prepare_cut(), manual_clock)
        board.set_txd(False)
        await manual_clock.advance(26.0)
        simulated_bus.step(0.0001)
        simulated_bus.read_byte_data(BOARD, 0)
        assert not board.rail_on
        await manual_clock.advance((receipt.wake_utc - manual_clock.now()).total_seconds() + 2.0)
        simulated_bus.read_byte_data(BOARD, 0)
        assert board.rail_on
        assert board.memory[Reg.REASON] == Reason.ALARM1

    @pytest.mark.parametrize("minutes", [-600, 0, 1])
    async def test_a_wake_past_or_too_near_is_moved_and_that_is_said(
        self, make: MakeController, manual_clock: ManualClock, board: WittyPi4, minutes: float
    ) -> None:
        controller = make()
        await drive(controller.start(), manual_clock)
        plan = WakePlan(wake_utc=manual_clock.now() + timedelta(minutes=minutes))
        receipt = await drive(controller.arm(plan), manual_clock)
        assert receipt.wake_utc is not None
        assert timedelta(seconds=119) < receipt.wake_utc - manual_clock.now() < timedelta(seconds=125)
        assert "too near" in receipt.triggers[0]

    async def test_a_wake_beyond_a_month_is_moved_to_what_the_board_can_hold(
        self, make: MakeController, manual_clock: ManualClock, board: WittyPi4
    ) -> None:
        controller = make()
        await drive(controller.start(), manual_clock)
        plan = WakePlan(wake_utc=manual_clock.now() + timedelta(days=40))
        receipt = await drive(controller.arm(plan), manual_clock)
        assert receipt.wake_utc is not None
        assert receipt.wake_utc - manual_clock.now() < timedelta(days=28)
        assert "too far" in receipt.triggers[0]

    async def test_recovery_voltage_is_armed_with_a_low_voltage(
        self, make: MakeController, manual_clock: ManualClock, board: WittyPi4
    ) -> None:
        controller = make(low_voltage=11.6)
        await drive(controller.start(), manual_clock)
        plan = WakePlan(wake_utc=manual_clock.now() + timedelta(hours=5), recovery_v=12.9)
        receipt = await drive(controller.arm(plan), manual_clock)
        assert board.memory[Reg.RECOVERY_VOLTAGE] == 127, "it is compared before 0.20 V of adjustment"
        assert any("12.9 V" in trigger for trigger in receipt.triggers)

    async def test_recovery_voltage_is_left_off_where_it_would_wake_the_node_at_once(
        self,
        make: MakeController,
        manual_clock: ManualClock,
        board: WittyPi4,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        board.memory[Reg.RECOVERY_VOLTAGE] = 120
        controller = make()
        await drive(controller.start(), manual_clock)
        plan = WakePlan(wake_utc=manual_clock.now() + timedelta(hours=5), recovery_v=12.9)
        receipt = await drive(controller.arm(plan), manual_clock)
        assert board.memory[Reg.RECOVERY_VOLTAGE] == 255
        assert not any("12.9" in trigger for trigger in receipt.triggers)
        assert "low_voltage" in caplog.text

    @pytest.mark.parametrize(("asked", "register"), [(26, 26), (None, 7), (1, 1), (200, 0x80 | 9)])
    async def test_the_guaranteed_wake_comes_next_after_the_alarm_unless_another_is_asked_for(
        self,
        make: MakeController,
        manual_clock: ManualClock,
        board: WittyPi4,
        asked: int | None,
        register: int,
    ) -> None:
        controller = make()
        await drive(controller.start(), manual_clock)
        plan = WakePlan(wake_utc=manual_clock.now() + timedelta(hours=6.5), fallback_hours=asked)
        await drive(controller.arm(plan), manual_clock)
        assert board.memory[Reg.GUARANTEED_WAKE] == register

    async def test_older_firmware_has_no_guaranteed_wake(
        self, make: MakeController, manual_clock: ManualClock, board: WittyPi4
    ) -> None:
        board.memory.values[Reg.REVISION] = 6
        controller = make()
        await drive(controller.start(), manual_clock)
        plan = WakePlan(wake_utc=manual_clock.now() + timedelta(hours=5))
        receipt = await drive(controller.arm(plan), manual_clock)
        assert not any("guaranteed" in trigger for trigger in receipt.triggers)
        assert board.memory[Reg.GUARANTEED_WAKE] == 0

    async def test_an_alarm_that_was_used_up_is_armed_again(
        self, make: MakeController, manual_clock: ManualClock, board: WittyPi4
    ) -> None:
        controller = make()
        await drive(controller.start(), manual_clock)
        plan = WakePlan(wake_utc=manual_clock.now() + timedelta(hours=5))
        await drive(controller.arm(plan), manual_clock)
        board.memory[Reg.ALARM1_TRIGGERED] = 1
        await drive(controller.arm(plan), manual_clock)
        assert board.memory[Reg.ALARM1_TRIGGERED] == 0

    async def test_arming_the_same_again_burns_nothing(
        self, make: MakeController, manual_clock: ManualClock, board: WittyPi4
    ) -> None:
        controller = make()
        await drive(controller.start(), manual_clock)
        plan = WakePlan(wake_utc=manual_clock.now() + timedelta(hours=5))
        await drive(controller.arm(plan), manual_clock)
        burnt = board.eeprom_writes
        await drive(controller.arm(plan), manual_clock)
        assert board.eeprom_writes == burnt

    async def test_no_half_written_alarm_can_fire(
        self, make: MakeController, manual_clock: ManualClock, board: WittyPi4
    ) -> None:
        controller = make()
        await drive(controller.start(), manual_clock)
        held: list[tuple[int, ...]] = []
        write = board.write_block

        def noting(register: int, data: Any) -> None:
            write(register, data)
            if Reg.ALARM1 <= register < Reg.ALARM2:
                held.append(tuple(board.memory[Reg.ALARM1 + i] for i in range(4)))

        board.write_block = noting  # type: ignore[method-assign]
        first = manual_clock.now() + timedelta(days=1, hours=5, minutes=4, seconds=3)
        await drive(controller.arm(WakePlan(wake_utc=first)), manual_clock)
        held.clear()
        await drive(controller.arm(WakePlan(wake_utc=first - timedelta(hours=3, seconds=2))), manual_clock)
        assert len(held) > 2
        assert all(day == 0 for _, _, _, day in held[:-1])
        assert held[-1][3] != 0

    async def test_a_cleared_alarm_never_wakes(
        self, make: MakeController, manual_clock: ManualClock, board: WittyPi4
    ) -> None:
        controller = make()
        await drive(controller.start(), manual_clock)
        plan = WakePlan(wake_utc=manual_clock.now() + timedelta(hours=5))
        await drive(controller.arm(plan), manual_clock)
        await drive(controller.disarm(), manual_clock)
        assert [board.memory[Reg.ALARM1 + i] for i in range(4)] == [0, 0, 0, 0]
        assert board.memory[Reg.GUARANTEED_WAKE] > 0

    async def test_what_the_board_does_not_keep_is_an_error(
        self, make: MakeController, manual_clock: ManualClock, simulated_bus: SimulatedBus, board: WittyPi4
    ) -> None:
        controller = make()
        await drive(controller.start(), manual_clock)
        plan = WakePlan(wake_utc=manual_clock.now() + timedelta(hours=5))
        with writes_lost(simulated_bus), pytest.raises(VerificationError, match="holds"):
            await drive(controller.arm(plan), manual_clock)


class TestClocks:
    async def test_a_trusted_node_corrects_the_board(
        self, make: MakeController, manual_clock: ManualClock, board: WittyPi4
    ) -> None:
        board.rtc.set(manual_clock.now() + timedelta(hours=2))
        controller = make()
        await drive(controller.start(), manual_clock)
        held = await controller.clock()
        assert held is not None
        assert abs(held - manual_clock.now()) <= timedelta(seconds=1)

    async def test_a_board_less_than_two_seconds_off_is_left_alone(
        self, make: MakeController, manual_clock: ManualClock, board: WittyPi4
    ) -> None:
        board.rtc.set(manual_clock.now() + timedelta(seconds=1.5))
        controller = make()
        await drive(controller.start(), manual_clock)
        held = await controller.clock()
        assert held is not None
        assert held - manual_clock.now() >= timedelta(seconds=1)

    async def test_a_node_without_time_takes_the_board_s(
        self, make: MakeController, manual_clock: ManualClock, fake_hardware: FakeHardware, board: WittyPi4
    ) -> None:
        await drive(make().start(), manual_clock)  # sees to it that the board holds UTC
        right = manual_clock.now()
        manual_clock.step_wall(-86400.0 * 100)
        manual_clock.trusted = False
        await drive(make().start(), manual_clock)
        assert len(fake_hardware.clock_sets) == 1
        assert abs(fake_hardware.clock_sets[0] - right) <= timedelta(seconds=1)

    async def test_a_lost_clock_is_never_taken_for_the_time(
        self, make: MakeController, manual_clock: ManualClock, fake_hardware: FakeHardware, board: WittyPi4
    ) -> None:
        board.rtc.lose_power()
        manual_clock.trusted = False
        controller = make()
        await drive(controller.start(), manual_clock)
        assert fake_hardware.clock_sets == []
        assert await controller.clock() is None
        plan = WakePlan(wake_utc=manual_clock.now() + timedelta(hours=5))
        receipt = await drive(controller.arm(plan), manual_clock)
        assert not receipt.certain
        assert "clock was lost" in receipt.doubts[0]

    async def test_once_the_node_knows_the_time_the_board_learns_it(
        self, make: MakeController, manual_clock: ManualClock, board: WittyPi4
    ) -> None:
        board.rtc.lose_power()
        manual_clock.trusted = False
        controller = make()
        await drive(controller.start(), manual_clock)
        manual_clock.trusted = True
        await drive(controller.read(), manual_clock)
        assert await controller.clock() is not None

    async def test_the_end_of_a_minute_is_waited_for(
        self, make: MakeController, manual_clock: ManualClock, board: WittyPi4
    ) -> None:
        controller = make()
        await drive(controller.start(), manual_clock)
        await manual_clock.advance(58.5)
        await drive(controller.set_clock(manual_clock.now() + timedelta(hours=1)), manual_clock)
        held = await controller.clock()
        assert held is not None
        assert abs(held - manual_clock.now() - timedelta(hours=1)) <= timedelta(seconds=1)
        assert manual_clock.now().second < 57


class TestLines:
    async def test_ready_is_told_until_the_board_can_see_it(
        self, make: MakeController, manual_clock: ManualClock, fake_timers: FakeTimers, board: WittyPi4
    ) -> None:
        board.click()  # its LED shines for three seconds
        controller = make()
        await drive(controller.start(), manual_clock)
        await drive(controller.ready(), manual_clock)
        assert "sys_up" not in [event.kind for event in board.events]
        await manual_clock.advance(5.0)
        await drive(controller.clock(), manual_clock)
        await drive(fake_timers["witty pi: SYS_UP again"].fire(), manual_clock)
        assert "sys_up" in [event.kind for event in board.events]

    async def test_the_board_s_request_reaches_the_node_with_its_reason(
        self, make: MakeController, manual_clock: ManualClock, simulated_bus: SimulatedBus, board: WittyPi4
    ) -> None:
        asked: list[str] = []
        controller = make(low_voltage=11.6)
        controller.on_shutdown_request = asked.append
        await drive(controller.start(), manual_clock)
        await manual_clock.advance(5.0)
        await drive(controller.ready(), manual_clock)
        board.analog.vin_v = 11.0
        for _ in range(200):
            board.step(1.0)
        await _until(lambda: bool(asked))
        assert asked == ["the power board asks the node to shut down: the input fell below the low voltage"]

    async def test_noise_on_the_line_is_no_request(
        self,
        make: MakeController,
        manual_clock: ManualClock,
        fake_hardware: FakeHardware,
        board: WittyPi4,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        asked: list[str] = []
        controller = make()
        controller.on_shutdown_request = asked.append
        await drive(controller.start(), manual_clock)
        with caplog.at_level(logging.INFO):
            fake_hardware.inputs[4].set(False)
            await _until(lambda: "has not asked" in caplog.text)
        assert asked == []

    async def test_a_request_is_believed_when_the_board_cannot_be_asked_why(
        self,
        make: MakeController,
        manual_clock: ManualClock,
        fake_hardware: FakeHardware,
        simulated_bus: SimulatedBus,
    ) -> None:
        asked: list[str] = []
        controller = make()
        controller.on_shutdown_request = asked.append
        await drive(controller.start(), manual_clock)
        with bus_silent(simulated_bus):
            fake_hardware.inputs[4].set(False)
            await _until(lambda: bool(asked))
        assert "no reason" in asked[0]

    async def test_stop_lets_go_of_the_pins(
        self, make: MakeController, manual_clock: ManualClock, fake_hardware: FakeHardware
    ) -> None:
        controller = make()
        await drive(controller.start(), manual_clock)
        await drive(controller.ready(), manual_clock)
        await controller.stop()
        assert fake_hardware.inputs[4].closed
        assert fake_hardware.outputs[17].closed


class TestVendorDaemon:
    async def test_nothing_is_written_while_it_runs(
        self,
        make: MakeController,
        manual_clock: ManualClock,
        fake_hardware: FakeHardware,
        board: WittyPi4,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        fake_hardware.processes = [f"/bin/bash /home/pi/{ANY.vendor[0]}"]
        board.rtc.set(manual_clock.now() + timedelta(hours=2))
        before = board.to_dict()
        controller = make(low_voltage=11.6)
        await drive(controller.start(), manual_clock)
        await drive(controller.ready(), manual_clock)
        plan = WakePlan(wake_utc=manual_clock.now() + timedelta(hours=5))
        refused: list[Callable[[], Any]] = [
            lambda: controller.arm(plan),
            controller.disarm,
            controller.prepare_cut,
            lambda: controller.set_clock(manual_clock.now()),
        ]
        for each in refused:
            with pytest.raises(HardwareError, match="systemctl disable --now wittypi"):
                await drive(each(), manual_clock)
        after = board.to_dict()
        assert after["memory"]["cells"] == before["memory"]["cells"]
        assert after["rtc"]["fields"][2:] == before["rtc"]["fields"][2:]
        assert 17 not in fake_hardware.outputs
        assert (await drive(controller.read(), manual_clock)).battery_v is not None
        assert caplog.text.count("only read") == 1

    async def test_no_wake_is_set_even_where_the_clocks_agree(
        self, make: MakeController, manual_clock: ManualClock, fake_hardware: FakeHardware, board: WittyPi4
    ) -> None:
        fake_hardware.processes = [f"/bin/bash /home/pi/{ANY.vendor[0]}"]
        controller = make()
        await drive(controller.start(), manual_clock)
        plan = WakePlan(wake_utc=manual_clock.now() + timedelta(hours=5))
        with pytest.raises(HardwareError, match="systemctl"):
            await drive(controller.arm(plan), manual_clock)
        assert board.memory[Reg.ALARM1 + 3] == 0

    async def test_the_board_is_set_up_once_it_has_stopped(
        self, make: MakeController, manual_clock: ManualClock, fake_hardware: FakeHardware, board: WittyPi4
    ) -> None:
        fake_hardware.processes = [f"/bin/bash /home/pi/{ANY.vendor[0]}"]
        controller = make()
        await drive(controller.start(), manual_clock)
        assert board.memory[Reg.CUT_DELAY] == 70
        fake_hardware.processes = []
        await drive(controller.read(), manual_clock)
        assert board.memory[Reg.CUT_DELAY] == 254


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        (Reason.ALARM1, WakeReasonKind.ALARM),
        (Reason.ALARM1_DELAYED, WakeReasonKind.ALARM),
        (Reason.GUARANTEED_WAKE, WakeReasonKind.GUARANTEED),
        (Reason.VOLTAGE_RESTORED, WakeReasonKind.VOLTAGE_RECOVERED),
        (Reason.CLICK, WakeReasonKind.BUTTON),
        (99, WakeReasonKind.UNKNOWN),
    ],
)
async def test_the_reason_is_that_of_the_start(
    make: MakeController, manual_clock: ManualClock, board: WittyPi4, reason: int, kind: WakeReasonKind
) -> None:
    board.memory[Reg.REASON] = reason
    controller = make()
    await drive(controller.start(), manual_clock)
    board.memory[Reg.REASON] = Reason.LOW_VOLTAGE
    found = await controller.last_reason()
    assert found.kind is kind
    assert found.text


def test_each_of_the_twelve_reasons_has_words_of_its_own() -> None:
    told = {reason: REASONS[reason] for reason in Reason}
    assert [reason for reason, each in told.items() if each.kind is WakeReasonKind.UNKNOWN] == [Reason.NONE]
    assert len({each.text for each in told.values()}) == len(Reason) == 13


async def test_measuring_goes_on_when_the_board_cannot_be_set_up(
    make: MakeController, manual_clock: ManualClock, simulated_bus: SimulatedBus, board: WittyPi4
) -> None:
    controller = make()
    with writes_lost(simulated_bus):
        await drive(controller.start(), manual_clock)
        assert (await drive(controller.read(), manual_clock)).battery_v is not None
        with pytest.raises(EdgePiError):
            await drive(controller.prepare_cut(), manual_clock)


async def _until(condition: Callable[[], bool]) -> None:
    for _ in range(500):
        if condition():
            return
        await settle()
        await asyncio.sleep(0.002)
    raise AssertionError("it never came")
