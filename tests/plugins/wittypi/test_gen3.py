"""The driver of the Witty Pi 3, on a simulated one."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from datetime import timedelta

import pytest

from edgepi.errors import BusError, DeviceNotFoundError
from edgepi.model import WakePlan, WakeReasonKind
from edgepi.sim.bus import SimulatedBus
from edgepi.sim.chips.pcf85063 import to_bcd
from edgepi.sim.chips.wittypi3 import WittyPi3
from edgepi.sim.chips.wittypi3_registers import Reg3
from edgepi.testing.clock import ManualClock
from edgepi.testing.conformance import PowerControllerConformance, SensorConformance
from edgepi.testing.driving import drive
from edgepi.testing.faults import bus_silent
from edgepi_wittypi.controller import WittyPiController
from edgepi_wittypi.detection import detect

from .conftest import MakeController, MakeSensor, Seat, begin

BOARD, CLOCK = 0x69, 0x68
CONTROL, STATUS = 0x0E, 0x0F
CUT_S = 25.4


def feed(board: WittyPi3, input_v: float) -> None:
    board.feed(input_v=input_v, output_v=5.1, output_a=0.5, temperature_c=21.5)


@pytest.fixture
def board(seat: Seat) -> WittyPi3:
    chip = WittyPi3()
    feed(chip, 12.8)
    chip.step(1.0)
    seat(chip)
    return chip


class TestController(PowerControllerConformance):
    @pytest.fixture
    def make(self, controller: MakeController, board: WittyPi3) -> Callable[[], WittyPiController]:
        return controller

    @pytest.fixture
    def lose_clock(self, board: WittyPi3) -> Callable[[], None]:
        return board.lose_clock


class TestSensor(SensorConformance):
    @pytest.fixture
    def make(self, sensor: MakeSensor, board: WittyPi3) -> MakeSensor:
        return sensor


async def sleep(
    controller: WittyPiController, clock: ManualClock, board: WittyPi3, plan: WakePlan
) -> tuple[str, ...]:
    receipt = await drive(controller.arm(plan), clock)
    assert receipt.certain, receipt.doubts
    await drive(controller.prepare_cut(), clock)
    board.set_line(14, high=False)
    return receipt.triggers


async def passes(bus: SimulatedBus, clock: ManualClock, seconds: float) -> None:
    await clock.advance(seconds)
    bus.read_byte_data(CLOCK, STATUS)


async def until(look: Callable[[], bool]) -> None:
    for _ in range(500):
        if look():
            return
        await asyncio.sleep(0.01)
    pytest.fail("never happened")


def soon(clock: ManualClock, seconds: float) -> WakePlan:
    return WakePlan(wake_utc=clock.now() + timedelta(seconds=seconds), recovery_v=13.0)


class TestWaking:
    async def test_a_night(
        self,
        controller: MakeController,
        manual_clock: ManualClock,
        simulated_bus: SimulatedBus,
        board: WittyPi3,
    ) -> None:
        made = controller(low_voltage=11.6)
        await begin(made, manual_clock)
        triggers = await sleep(made, manual_clock, board, soon(manual_clock, 3600.0))
        assert "each day again" in triggers[0]
        assert triggers[1:] == (
            "second alarm at 13:03 UTC",
            "input above 13.0 V after a low-voltage shut-down",
            "input connected again",
        )
        await passes(simulated_bus, manual_clock, CUT_S - 1.0)
        assert board.rail_on
        await passes(simulated_bus, manual_clock, 2.0)
        assert not board.rail_on
        await passes(simulated_bus, manual_clock, 3540.0)
        assert not board.rail_on
        await passes(simulated_bus, manual_clock, 60.0)
        assert board.rail_on
        next_life = controller()
        await drive(next_life.start(), manual_clock)
        reason = await drive(next_life.last_reason(), manual_clock)
        assert (reason.kind, reason.text) == (WakeReasonKind.ALARM, "the wake alarm was due")

    async def test_behind_a_missed_alarm_stands_the_second(
        self,
        controller: MakeController,
        manual_clock: ManualClock,
        simulated_bus: SimulatedBus,
        board: WittyPi3,
    ) -> None:
        made = controller()
        await begin(made, manual_clock)
        await sleep(made, manual_clock, board, soon(manual_clock, 3600.0))
        await passes(simulated_bus, manual_clock, 60.0)
        board.alarms_to_miss = 1
        await passes(simulated_bus, manual_clock, 3600.0)
        assert not board.rail_on
        await passes(simulated_bus, manual_clock, 200.0)
        assert board.rail_on
        next_life = controller()
        await drive(next_life.start(), manual_clock)
        assert "second" in (await drive(next_life.last_reason(), manual_clock)).text

    async def test_behind_both_stands_the_first_on_the_next_day(
        self,
        controller: MakeController,
        manual_clock: ManualClock,
        simulated_bus: SimulatedBus,
        board: WittyPi3,
    ) -> None:
        made = controller()
        await begin(made, manual_clock)
        await sleep(made, manual_clock, board, soon(manual_clock, 3600.0))
        await passes(simulated_bus, manual_clock, 60.0)
        board.alarms_to_miss = 2
        await passes(simulated_bus, manual_clock, 3600.0 + 240.0)
        assert not board.rail_on
        assert board.alarms_to_miss == 0
        await passes(simulated_bus, manual_clock, 86400.0)
        assert board.rail_on

    async def test_an_alarm_more_than_a_day_away_comes_on_its_day(
        self,
        controller: MakeController,
        manual_clock: ManualClock,
        simulated_bus: SimulatedBus,
        board: WittyPi3,
    ) -> None:
        made = controller()
        await begin(made, manual_clock)
        await sleep(made, manual_clock, board, soon(manual_clock, 30 * 3600.0))
        await passes(simulated_bus, manual_clock, 7 * 3600.0)
        assert not board.rail_on
        assert board.rtc.read(0x0A) < 0x80

    async def test_without_low_voltage_the_recovery_voltage_stays_off(
        self, controller: MakeController, manual_clock: ManualClock, board: WittyPi3
    ) -> None:
        made = controller()
        await begin(made, manual_clock)
        receipt = await drive(made.arm(soon(manual_clock, 3600.0)), manual_clock)
        assert board.memory[Reg3.RECOVERY_VOLTAGE] == 255
        assert not any("above" in trigger for trigger in receipt.triggers)

    async def test_fed_by_5_v_no_recovery_is_promised(
        self, controller: MakeController, manual_clock: ManualClock, board: WittyPi3
    ) -> None:
        feed(board, 5.0)
        made = controller(low_voltage=4.5)
        await begin(made, manual_clock)
        receipt = await drive(made.arm(soon(manual_clock, 3600.0)), manual_clock)
        assert not any("above" in trigger for trigger in receipt.triggers)

    async def test_an_alarm_between_arming_and_cut_starts_the_node_after_the_cut(
        self,
        controller: MakeController,
        manual_clock: ManualClock,
        simulated_bus: SimulatedBus,
        board: WittyPi3,
    ) -> None:
        made = controller()
        await begin(made, manual_clock)
        receipt = await drive(made.arm(soon(manual_clock, 200.0)), manual_clock)
        assert receipt.certain
        await passes(simulated_bus, manual_clock, 201.0)
        board.set_line(14, high=False)
        await passes(simulated_bus, manual_clock, CUT_S + 0.5)
        assert not board.rail_on
        await passes(simulated_bus, manual_clock, 4.0)
        assert board.rail_on

    async def test_a_flag_of_an_old_alarm_does_not_wake_it_at_once(
        self,
        controller: MakeController,
        manual_clock: ManualClock,
        simulated_bus: SimulatedBus,
        board: WittyPi3,
    ) -> None:
        made = controller()
        await begin(made, manual_clock)
        await drive(made.arm(soon(manual_clock, 200.0)), manual_clock)
        await passes(simulated_bus, manual_clock, 400.0)
        await sleep(made, manual_clock, board, soon(manual_clock, 3600.0))
        await passes(simulated_bus, manual_clock, 600.0)
        assert not board.rail_on

    async def test_a_wake_taken_back_does_not_come(
        self,
        controller: MakeController,
        manual_clock: ManualClock,
        simulated_bus: SimulatedBus,
        board: WittyPi3,
    ) -> None:
        made = controller()
        await begin(made, manual_clock)
        await drive(made.arm(soon(manual_clock, 300.0)), manual_clock)
        await drive(made.disarm(), manual_clock)
        board.set_line(14, high=False)
        await passes(simulated_bus, manual_clock, 2 * 3600.0)
        assert not board.rail_on

    async def test_a_clock_that_was_lost_makes_the_wake_uncertain(
        self, controller: MakeController, manual_clock: ManualClock, board: WittyPi3
    ) -> None:
        manual_clock.trusted = False
        made = controller()
        await begin(made, manual_clock)
        board.lose_clock()
        receipt = await drive(made.arm(soon(manual_clock, 3600.0)), manual_clock)
        assert "clock was lost" in receipt.doubts[0]
        assert any("lost its clock" in each for each in await drive(made.health(), manual_clock))

    async def test_a_node_that_knows_the_time_sets_a_lost_clock(
        self, controller: MakeController, manual_clock: ManualClock, board: WittyPi3
    ) -> None:
        board.lose_clock()
        made = controller()
        await begin(made, manual_clock)
        shown = await drive(made.clock(), manual_clock)
        assert shown is not None
        assert abs(shown - manual_clock.now()) < timedelta(seconds=2)

    async def test_a_shut_down_that_other_software_planned_is_off(
        self, controller: MakeController, manual_clock: ManualClock, board: WittyPi3
    ) -> None:
        board.rtc.write(CONTROL, 0x07)
        await begin(controller(), manual_clock)
        assert board.rtc.read(CONTROL) == 0x05

    @pytest.mark.parametrize("write", range(1, 9))
    async def test_an_alarm_that_is_half_written_is_on_no_day(
        self,
        controller: MakeController,
        manual_clock: ManualClock,
        simulated_bus: SimulatedBus,
        board: WittyPi3,
        write: int,
    ) -> None:
        made = controller()
        await begin(made, manual_clock)
        wake = manual_clock.now().replace(microsecond=0) + timedelta(days=3, hours=1, minutes=2, seconds=3)
        simulated_bus.faults.cut_at_write[CLOCK] = write
        with contextlib.suppress(BusError):
            await drive(made.arm(WakePlan(wake_utc=wake)), manual_clock)
        day, other_day = board.rtc.read(0x0A), board.rtc.read(0x0D)
        assert day == 0 or [board.rtc.read(r) for r in (9, 8, 7)] == [to_bcd(wake.hour), 2, 3]
        assert other_day == 0 or board.rtc.read(0x0C) == to_bcd(wake.hour)


class TestFinding:
    async def test_it_is_found_by_its_id(
        self,
        controller: MakeController,
        manual_clock: ManualClock,
        board: WittyPi3,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        caplog.set_level("INFO")
        made = controller()
        await drive(made.start(), manual_clock)
        assert "Witty Pi 3 found, firmware 1.04" in caplog.text
        assert made.capabilities.needs_up_signal
        assert made.capabilities.cut_delay_s == (CUT_S, CUT_S)

    def test_finding_it_writes_nothing(self, board: WittyPi3, simulated_bus: SimulatedBus) -> None:
        before = board.to_dict()
        assert detect(simulated_bus).model == "Witty Pi 3"
        assert board.to_dict()["memory"] == before["memory"]
        assert board.to_dict()["rtc"] == before["rtc"]

    def test_another_chip_with_that_number_is_none(self) -> None:
        class Motion:
            def read(self, register: int) -> int:
                return 0x24 if register == 0 else 0x11

            def write(self, register: int, value: int) -> None:
                raise AssertionError("it must not be written to")

            def step(self, dt_s: float) -> None:
                """Nothing happens."""

        with pytest.raises(DeviceNotFoundError):
            detect(SimulatedBus({BOARD: Motion()}), BOARD)

    def test_one_that_was_moved_is_found_where_it_is_said_to_be(self) -> None:
        chip = WittyPi3()
        chip.memory[Reg3.ADDRESS] = 0x70
        bus = SimulatedBus()
        chip.attach(bus)
        assert detect(bus, 0x70).model == "Witty Pi 3"


class TestMeasuring:
    async def test_what_it_measures(
        self, controller: MakeController, manual_clock: ManualClock, board: WittyPi3
    ) -> None:
        made = controller()
        await begin(made, manual_clock)
        supply = await drive(made.read(), manual_clock)
        assert supply.battery_v == pytest.approx(12.8, abs=0.07)
        assert supply.output_v == pytest.approx(5.1, abs=0.07)
        assert supply.output_a == pytest.approx(0.5, abs=0.022)
        assert supply.temperature_c == 21.5

    async def test_reading_each_ten_seconds_wears_nothing(
        self, controller: MakeController, manual_clock: ManualClock, board: WittyPi3
    ) -> None:
        made = controller(interval=10.0)
        await begin(made, manual_clock)
        assert made.interval_s == 10.0
        before = board.eeprom_writes
        for input_v in (12.7, 12.6, 12.5):
            feed(board, input_v)
            await manual_clock.advance(10.0)
            supply = await drive(made.read(), manual_clock)
            assert supply.battery_v == pytest.approx(input_v, abs=0.07)
        assert board.eeprom_writes == before

    async def test_fed_by_5_v_its_input_is_its_output(
        self, controller: MakeController, manual_clock: ManualClock, board: WittyPi3
    ) -> None:
        made = controller(interval=10.0)
        await begin(made, manual_clock)
        board.tunables = type(board.tunables)(brown_out_v=0.0)
        feed(board, 0.1)
        await manual_clock.advance(10.0)
        supply = await drive(made.read(), manual_clock)
        assert supply.battery_v is None
        assert supply.input_v == supply.output_v

    async def test_without_its_clock_voltages_are_still_measured(
        self,
        controller: MakeController,
        manual_clock: ManualClock,
        simulated_bus: SimulatedBus,
        board: WittyPi3,
    ) -> None:
        made = controller()
        await begin(made, manual_clock)
        await manual_clock.advance(60.0)
        with bus_silent(simulated_bus, CLOCK):
            supply = await drive(made.read(), manual_clock)
        assert supply.battery_v is not None
        assert supply.temperature_c is None


class TestReasons:
    async def why(self, controller: MakeController, clock: ManualClock) -> tuple[WakeReasonKind, str]:
        made = controller()
        await drive(made.start(), clock)
        reason = await drive(made.last_reason(), clock)
        return reason.kind, reason.text

    async def halted(self, made: WittyPiController, clock: ManualClock, board: WittyPi3) -> None:
        await drive(made.read(), clock)
        board.set_line(14, high=False)
        board.step(30.0)
        assert not board.rail_on

    async def test_input_that_was_connected(
        self, controller: MakeController, manual_clock: ManualClock, board: WittyPi3
    ) -> None:
        kind, _ = await self.why(controller, manual_clock)
        assert kind is WakeReasonKind.POWER_CONNECTED

    async def test_the_button_leaves_no_trace(
        self, controller: MakeController, manual_clock: ManualClock, board: WittyPi3
    ) -> None:
        made = controller()
        await begin(made, manual_clock)
        await self.halted(made, manual_clock, board)
        board.click()
        kind, text = await self.why(controller, manual_clock)
        assert kind is WakeReasonKind.UNKNOWN
        assert "no reason" in text

    @pytest.mark.parametrize(
        ("recovery_v", "kind"), [(130, WakeReasonKind.VOLTAGE_RECOVERED), (255, WakeReasonKind.BUTTON)]
    )
    async def test_a_wake_after_low_voltage(
        self,
        controller: MakeController,
        manual_clock: ManualClock,
        board: WittyPi3,
        recovery_v: int,
        kind: WakeReasonKind,
    ) -> None:
        made = controller(low_voltage=11.6)
        await begin(made, manual_clock)
        board.memory[Reg3.RECOVERY_VOLTAGE] = recovery_v
        feed(board, 11.0)
        board.step(2.0)
        await self.halted(made, manual_clock, board)
        feed(board, 13.3)
        board.step(5.0)
        if recovery_v == 255:
            board.click()
        assert board.rail_on
        found, text = await self.why(controller, manual_clock)
        assert found is kind
        assert "low-voltage" in text

    async def test_an_alarm_that_had_to_wait_for_the_voltage(
        self, controller: MakeController, manual_clock: ManualClock, board: WittyPi3
    ) -> None:
        made = controller(low_voltage=11.6)
        await begin(made, manual_clock)
        await drive(made.arm(soon(manual_clock, 300.0)), manual_clock)
        await self.halted(made, manual_clock, board)
        feed(board, 11.0)
        for _ in range(400):
            board.step(1.0)
        assert not board.rail_on
        feed(board, 13.3)
        board.step(5.0)
        assert board.rail_on
        kind, text = await self.why(controller, manual_clock)
        assert kind is WakeReasonKind.ALARM
        assert "too low" in text


class TestRequests:
    @pytest.fixture
    async def asked(
        self, controller: MakeController, manual_clock: ManualClock, board: WittyPi3
    ) -> list[str]:
        made = controller(low_voltage=11.6)
        said: list[str] = []
        made.on_shutdown_request = said.append
        await begin(made, manual_clock)
        return said

    async def test_the_button(self, asked: list[str], board: WittyPi3) -> None:
        board.click()
        await until(lambda: bool(asked))
        assert ["button" in each for each in asked] == [True]

    async def test_low_voltage(self, asked: list[str], board: WittyPi3) -> None:
        feed(board, 11.0)
        board.step(2.0)
        await until(lambda: bool(asked))
        assert ["low voltage" in each for each in asked] == [True]

    async def test_an_alarm_that_comes_while_the_node_is_up_asks_nothing(
        self,
        asked: list[str],
        simulated_bus: SimulatedBus,
        board: WittyPi3,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        caplog.set_level("INFO")
        for register in (7, 8, 9, 10):
            simulated_bus.write_byte_data(CLOCK, register, 0x80)
        board.step(1.0)
        await until(lambda: "has not asked" in caplog.text)
        assert asked == []
