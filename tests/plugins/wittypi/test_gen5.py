from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from edgepi.errors import DeviceNotFoundError, EdgePiError, HardwareError, VerificationError
from edgepi.model import WakePlan, WakeReasonKind
from edgepi.sim.bus import SimulatedBus
from edgepi.sim.chips.pcf85063 import PCF85063
from edgepi.sim.chips.wittypi5 import WittyPi5
from edgepi.sim.chips.wittypi5_registers import Reg5, State
from edgepi.sim.chips.wittypi5_switch import WittyPi5Tunables
from edgepi.testing.clock import ManualClock
from edgepi.testing.conformance import PowerControllerConformance, SensorConformance
from edgepi.testing.doubles import FakeHardware
from edgepi.testing.driving import drive
from edgepi.testing.faults import bus_garbage, writes_lost
from edgepi.testing.pytest_plugin import ContextFactory
from edgepi_wittypi.config import WittyPiConfig
from edgepi_wittypi.controller import WittyPiController
from edgepi_wittypi.detection import detect
from edgepi_wittypi.link import Link

from .conftest import MakeController, MakeSensor, begin

BOARD = 0x51
CUT_S = 120.0


@pytest.fixture
def board(simulated_bus: SimulatedBus, manual_clock: ManualClock) -> WittyPi5:
    """A board that has just switched the node on."""
    chip = WittyPi5()
    chip.rtc.set(manual_clock.now())
    chip.attach(simulated_bus)
    chip.power_on()
    return chip


@pytest.fixture
def make(controller: MakeController, board: WittyPi5) -> MakeController:
    return controller


class TestController(PowerControllerConformance):
    @pytest.fixture
    def lose_clock(self, board: WittyPi5) -> Callable[[], None]:
        return board.lose_clock

    @pytest.fixture
    def make(self, controller: MakeController, board: WittyPi5) -> MakeController:
        return controller


class TestSensor(SensorConformance):
    @pytest.fixture
    def make(self, sensor: MakeSensor, board: WittyPi5) -> MakeSensor:
        return sensor


async def beats(controller: WittyPiController, clock: ManualClock, count: int) -> None:
    for _ in range(count):
        await clock.advance(1.0)
        await drive(controller.heartbeat(), clock)


async def cut(bus: SimulatedBus, clock: ManualClock, board: WittyPi5) -> None:
    await clock.advance(CUT_S + 1.0)
    bus.step(0.0)
    catch_up(bus)
    assert not board.rail_on


def catch_up(bus: SimulatedBus) -> None:
    """Let the chips reach the clock's time, though nobody asks them anything."""
    with pytest.raises(EdgePiError):
        bus.read_byte(0x7F)


def alarm_of(board: WittyPi5) -> datetime | None:
    return board._alarm_time(Reg5.ALARM1)


class TestFinding:
    async def test_is_found_where_it_is(self, make: MakeController, manual_clock: ManualClock) -> None:
        controller = make()
        await begin(controller, manual_clock)
        can = controller.capabilities
        assert can.has_watchdog
        assert can.heartbeat_s == 1.0
        assert not can.needs_up_signal
        assert can.cut_delay_s == (CUT_S, CUT_S)

    async def test_watches_and_drives_no_pin(
        self, make: MakeController, manual_clock: ManualClock, fake_hardware: FakeHardware
    ) -> None:
        controller = make()
        await begin(controller, manual_clock)
        await drive(controller.prepare_cut(), manual_clock)
        assert not fake_hardware.inputs
        assert not fake_hardware.outputs

    def test_says_its_firmware(self, board: WittyPi5, simulated_bus: SimulatedBus) -> None:
        found = detect(simulated_bus)
        assert (found.model, found.firmware) == ("Witty Pi 5 HAT+", "1.4")

    @pytest.mark.parametrize("identity", [0x00, 0x20])
    def test_a_clock_at_its_address_is_none(self, simulated_bus: SimulatedBus, identity: int) -> None:
        clock = PCF85063()
        clock.others[0] = identity
        simulated_bus.attach(BOARD, clock)
        with pytest.raises(DeviceNotFoundError, match="clock chip"):
            detect(simulated_bus, BOARD)
        with pytest.raises(DeviceNotFoundError, match="no Witty Pi answers"):
            detect(simulated_bus)

    def test_a_chip_with_only_its_id_is_none(self, simulated_bus: SimulatedBus) -> None:
        class Odd(PCF85063):
            def read(self, register: int) -> int:
                return 0x51

        simulated_bus.attach(BOARD, Odd())
        with pytest.raises(DeviceNotFoundError, match="nothing else of it"):
            detect(simulated_bus, BOARD)

    async def test_leaves_the_board_to_the_vendors_daemon(
        self, make: MakeController, manual_clock: ManualClock, fake_hardware: FakeHardware, board: WittyPi5
    ) -> None:
        fake_hardware.processes.append("wp5d")
        before = board.memory.to_dict()
        controller = make()
        await begin(controller, manual_clock)
        assert board.memory.to_dict() == before
        with pytest.raises(HardwareError, match="daemon"):
            await drive(controller.prepare_cut(), manual_clock)
        await drive(controller.read(), manual_clock)
        await controller.stop()
        assert board.memory.to_dict() == before


class TestTelemetry:
    async def test_measures_in_steps_of_9_millivolts(
        self, make: MakeController, manual_clock: ManualClock, board: WittyPi5
    ) -> None:
        board.feed(input_v=12.831, output_v=5.12, output_a=0.642, temperature_c=-7.25)
        controller = make()
        await drive(controller.start(), manual_clock)
        supply = await drive(controller.read(), manual_clock)
        assert supply.battery_v == pytest.approx(12.831, abs=0.009)
        assert supply.output_v == pytest.approx(5.12, abs=0.009)
        assert supply.output_a == pytest.approx(0.642, abs=0.003)
        assert supply.temperature_c == pytest.approx(-7.25)

    async def test_with_nothing_at_the_terminals_usb_is_the_input(
        self, make: MakeController, manual_clock: ManualClock, board: WittyPi5
    ) -> None:
        board.feed(input_v=0.0, output_v=5.1, output_a=0.6, temperature_c=20.0, usb_v=5.05)
        controller = make()
        await drive(controller.start(), manual_clock)
        supply = await drive(controller.read(), manual_clock)
        assert supply.battery_v is None
        assert supply.input_v == pytest.approx(5.05, abs=0.009)

    @pytest.mark.parametrize("every", [5, 7, 11])
    async def test_a_bit_turned_over_now_and_then_does_no_harm(
        self, make: MakeController, manual_clock: ManualClock, board: WittyPi5, every: int
    ) -> None:
        controller = make()
        await begin(controller, manual_clock)
        board.glitches_every = every
        for _ in range(20):
            await manual_clock.advance(60.0)
            supply = await drive(controller.read(), manual_clock)
            assert supply.battery_v == pytest.approx(12.8, abs=0.13)
            assert await drive(controller.clock(), manual_clock) is not None
        wanted = manual_clock.now() + timedelta(hours=8)
        receipt = await drive(controller.arm(WakePlan(wake_utc=wanted)), manual_clock)
        assert receipt.certain
        assert alarm_of(board) == receipt.wake_utc

    async def test_a_board_that_answers_garbage_is_not_believed(
        self, make: MakeController, manual_clock: ManualClock, simulated_bus: SimulatedBus
    ) -> None:
        controller = make()
        await begin(controller, manual_clock)
        await manual_clock.advance(60.0)
        with bus_garbage(simulated_bus), pytest.raises(EdgePiError):
            await drive(controller.read(), manual_clock)


class TestReasons:
    @pytest.mark.parametrize(
        ("register", "kind"),
        [
            (0x10, WakeReasonKind.ALARM),
            (0x30, WakeReasonKind.BUTTON),
            (0x54, WakeReasonKind.VOLTAGE_RECOVERED),
            (0x60, WakeReasonKind.TEMPERATURE),
            (0x70, WakeReasonKind.TEMPERATURE),
            (0x80, WakeReasonKind.POWER_CONNECTED),
            (0x9C, WakeReasonKind.REBOOT),
            (0x9A, WakeReasonKind.WATCHDOG),
            (0x00, WakeReasonKind.UNKNOWN),
        ],
    )
    async def test_each_has_its_kind(
        self,
        make: MakeController,
        manual_clock: ManualClock,
        board: WittyPi5,
        register: int,
        kind: WakeReasonKind,
    ) -> None:
        board._v.reason = register
        controller = make()
        await begin(controller, manual_clock)
        reason = await controller.last_reason()
        assert reason.kind is kind
        assert reason.text


class TestSettings:
    async def test_the_board_is_set_up_for_a_node_that_always_comes_back(
        self, make: MakeController, manual_clock: ManualClock, board: WittyPi5
    ) -> None:
        board.memory[Reg5.ALARM2 + 3] = 0x05
        board.memory[Reg5.DST_OFFSET] = 60
        controller = make(low_voltage=11.8)
        await begin(controller, manual_clock)
        await beats(controller, manual_clock, 1)
        held = {r: board.memory[r] for r in (17, 18, 22, 29, 36, 37, 38, 39, 44, 53)}
        assert held == {17: 5, 18: 120, 22: 118, 29: 9, 36: 0, 37: 0, 38: 0, 39: 0, 44: 0, 53: 0}

    async def test_a_default_on_delay_of_the_owner_stays(
        self, make: MakeController, manual_clock: ManualClock, board: WittyPi5
    ) -> None:
        board.memory[Reg5.DEFAULT_ON_DELAY] = 90
        await begin(make(), manual_clock)
        assert board.memory[Reg5.DEFAULT_ON_DELAY] == 90

    async def test_a_schedule_of_the_boards_own_is_taken_off(
        self,
        make: MakeController,
        manual_clock: ManualClock,
        board: WittyPi5,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        begun = manual_clock.now()
        board.script = ((False, begun + timedelta(hours=1)), (True, begun + timedelta(hours=2)))
        board._v.script_in_use = True
        controller = make()
        await begin(controller, manual_clock)
        assert not board.script
        assert "schedule script" in caplog.text
        wanted = manual_clock.now() + timedelta(hours=8)
        assert (await drive(controller.arm(WakePlan(wake_utc=wanted)), manual_clock)).certain

    async def test_a_schedule_that_cannot_be_taken_off_is_a_doubt(
        self, make: MakeController, manual_clock: ManualClock, board: WittyPi5
    ) -> None:
        controller = make()
        await begin(controller, manual_clock)
        board._v.script_in_use = True
        wanted = manual_clock.now() + timedelta(hours=8)
        receipt = await drive(controller.arm(WakePlan(wake_utc=wanted)), manual_clock)
        assert "schedule script" in receipt.doubts[0]

    async def test_a_clock_chip_whose_alarm_does_not_reach_the_board_is_mended(
        self, make: MakeController, manual_clock: ManualClock, board: WittyPi5
    ) -> None:
        board.rtc.others[13] = board.rtc.others[15] = 0
        await begin(make(), manual_clock)
        assert board.rtc.others[13] & 0x40
        assert board.rtc.others[15] & 0x08

    async def test_settings_are_saved_even_while_a_computer_has_the_boards_disk(
        self, make: MakeController, manual_clock: ManualClock, board: WittyPi5
    ) -> None:
        board.memory.drive_in_use = True
        await begin(make(), manual_clock)
        assert board.memory.file is not None
        assert board.memory.file[Reg5.CUT_DELAY] == CUT_S

    async def test_flash_is_not_written_when_nothing_changes(
        self, make: MakeController, manual_clock: ManualClock, board: WittyPi5
    ) -> None:
        controller = make()
        await begin(controller, manual_clock)
        await beats(controller, manual_clock, 30)
        await drive(controller.read(), manual_clock)
        before = board.eeprom_writes
        await beats(controller, manual_clock, 120)
        await drive(controller.start(), manual_clock)
        await drive(controller.read(), manual_clock)
        assert board.eeprom_writes == before

    async def test_health_says_what_a_person_should_read(
        self, make: MakeController, manual_clock: ManualClock, board: WittyPi5
    ) -> None:
        controller = make()
        await begin(controller, manual_clock)
        assert not await drive(controller.health(), manual_clock)
        board.rtc.lose_power()
        board._v.missed = 3
        board.memory[Reg5.OVER_ACTION], board.memory[Reg5.OVER_POINT] = 2, 70
        board.memory[Reg5.BELOW_ACTION], board.memory[Reg5.BELOW_POINT] = 2, 256 - 12
        said = " / ".join(await drive(controller.health(), manual_clock))
        for words in ("coin cell", "for 3 min", "above 70 °C", "below -12 °C"):
            assert words in said


class TestArming:
    async def test_wakes_the_node_at_the_second_it_says(
        self, make: MakeController, manual_clock: ManualClock, simulated_bus: SimulatedBus, board: WittyPi5
    ) -> None:
        controller = make()
        await begin(controller, manual_clock)
        wanted = manual_clock.now() + timedelta(hours=1, seconds=13)
        receipt = await drive(controller.arm(WakePlan(wake_utc=wanted)), manual_clock)
        await drive(controller.prepare_cut(), manual_clock)
        await cut(simulated_bus, manual_clock, board)
        assert receipt.wake_utc is not None
        left_s = (receipt.wake_utc - manual_clock.now()).total_seconds()
        await manual_clock.advance(left_s - 1.5)
        catch_up(simulated_bus)
        assert not board.rail_on
        await manual_clock.advance(2.0)
        catch_up(simulated_bus)
        assert board.rail_on

    @pytest.mark.parametrize("ahead_s", [-3600.0, 5.0, 45.0, 119.0, 200.0, 290.0])
    async def test_a_wake_too_near_is_put_off_until_it_will_come(
        self,
        make: MakeController,
        manual_clock: ManualClock,
        simulated_bus: SimulatedBus,
        board: WittyPi5,
        ahead_s: float,
    ) -> None:
        controller = make()
        await begin(controller, manual_clock)
        await manual_clock.advance(ahead_s % 60 // 2)
        wanted = manual_clock.now() + timedelta(seconds=ahead_s)
        receipt = await drive(controller.arm(WakePlan(wake_utc=wanted)), manual_clock)
        await drive(controller.prepare_cut(), manual_clock)
        await cut(simulated_bus, manual_clock, board)
        assert receipt.wake_utc is not None
        await manual_clock.advance((receipt.wake_utc - manual_clock.now()).total_seconds() + 1.5)
        catch_up(simulated_bus)
        assert board.rail_on

    async def test_a_node_that_dawdles_between_arming_and_going_wakes_all_the_same(
        self, make: MakeController, manual_clock: ManualClock, simulated_bus: SimulatedBus, board: WittyPi5
    ) -> None:
        controller = make()
        await begin(controller, manual_clock)
        await drive(
            controller.arm(WakePlan(wake_utc=manual_clock.now() + timedelta(minutes=6))), manual_clock
        )
        await manual_clock.advance(280.0)
        await drive(controller.prepare_cut(), manual_clock)
        await cut(simulated_bus, manual_clock, board)
        await manual_clock.advance(300.0)
        catch_up(simulated_bus)
        assert board.rail_on

    @pytest.mark.parametrize("hours", [(0.7, 1.0), (5.0, 24.0)])
    async def test_an_alarm_that_was_lost_comes_again_within_the_hour_or_day(
        self,
        make: MakeController,
        manual_clock: ManualClock,
        simulated_bus: SimulatedBus,
        board: WittyPi5,
        hours: tuple[float, float],
    ) -> None:
        ahead, again = hours
        controller = make()
        await begin(controller, manual_clock)
        wanted = manual_clock.now() + timedelta(hours=ahead)
        await drive(controller.arm(WakePlan(wake_utc=wanted)), manual_clock)
        await drive(controller.prepare_cut(), manual_clock)
        await cut(simulated_bus, manual_clock, board)
        board.analog.vin_v = 4.0
        await manual_clock.advance(ahead * 3600.0)
        catch_up(simulated_bus)
        board.analog.vin_v = 12.8
        await manual_clock.advance(again * 3600.0 - CUT_S - 30.0)
        catch_up(simulated_bus)
        assert not board.rail_on
        await manual_clock.advance(60.0)
        catch_up(simulated_bus)
        assert board.rail_on

    async def test_one_set_on_the_way_to_the_cut_comes_again_too(
        self, make: MakeController, manual_clock: ManualClock, simulated_bus: SimulatedBus, board: WittyPi5
    ) -> None:
        controller = make()
        await begin(controller, manual_clock)
        await beats(controller, manual_clock, 1)
        board.click()
        await drive(
            controller.arm(WakePlan(wake_utc=manual_clock.now() + timedelta(minutes=20))), manual_clock
        )
        await drive(controller.prepare_cut(), manual_clock)
        board.alarms_to_miss = 1
        await cut(simulated_bus, manual_clock, board)
        await manual_clock.advance(1200.0)
        catch_up(simulated_bus)
        assert not board.rail_on
        await manual_clock.advance(3600.0)
        catch_up(simulated_bus)
        assert board.rail_on

    async def test_an_alarm_days_ahead_comes_on_its_day_only(
        self, make: MakeController, manual_clock: ManualClock, board: WittyPi5
    ) -> None:
        controller = make()
        await begin(controller, manual_clock)
        wanted = manual_clock.now() + timedelta(hours=40)
        await drive(controller.arm(WakePlan(wake_utc=wanted)), manual_clock)
        await drive(controller.prepare_cut(), manual_clock)
        assert not board.rtc.others[9] & 0x80
        assert not board.rtc.others[10] & 0x80

    async def test_arming_on_the_way_to_the_cut_counts(
        self, make: MakeController, manual_clock: ManualClock, simulated_bus: SimulatedBus, board: WittyPi5
    ) -> None:
        controller = make()
        await begin(controller, manual_clock)
        await beats(controller, manual_clock, 1)
        board.click()
        assert board.state is State.STOPPING
        wanted = manual_clock.now() + timedelta(minutes=20)
        await drive(controller.arm(WakePlan(wake_utc=wanted)), manual_clock)
        await drive(controller.prepare_cut(), manual_clock)
        await cut(simulated_bus, manual_clock, board)
        await manual_clock.advance(1200.0)
        catch_up(simulated_bus)
        assert board.rail_on

    async def test_recovery_is_held_but_counted_as_no_wake_of_its_own(
        self,
        make: MakeController,
        manual_clock: ManualClock,
        board: WittyPi5,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        controller = make(low_voltage=11.8)
        await begin(controller, manual_clock)
        plan = WakePlan(wake_utc=manual_clock.now() + timedelta(hours=8), recovery_v=12.6)
        receipt = await drive(controller.arm(plan), manual_clock)
        assert board.memory[Reg5.RECOVERY_VOLTAGE] == 126
        assert len(receipt.triggers) == 2
        assert "put off while the input is below 11.8 V" in receipt.triggers[0]
        assert receipt.triggers[1] == "input connected again"
        assert "recovery voltage" in caplog.text

    async def test_a_lost_clock_is_set_or_doubted(
        self, make: MakeController, manual_clock: ManualClock, board: WittyPi5
    ) -> None:
        board.lose_clock()
        controller = make()
        await begin(controller, manual_clock)
        assert board.clock_utc() == manual_clock.now().replace(microsecond=0)
        assert not board.rtc.others[14] & 2

    async def test_writes_that_are_lost_are_told(
        self, make: MakeController, manual_clock: ManualClock, simulated_bus: SimulatedBus
    ) -> None:
        controller = make()
        await begin(controller, manual_clock)
        with writes_lost(simulated_bus), pytest.raises(VerificationError, match="no notice"):
            await drive(controller.prepare_cut(), manual_clock)


class TestStandingBy:
    """A wake that nobody planned, for a cut that nobody planned."""

    async def test_one_is_always_ahead(
        self, make: MakeController, manual_clock: ManualClock, board: WittyPi5
    ) -> None:
        controller = make()
        await begin(controller, manual_clock)
        for _ in range(3):
            ahead = alarm_of(board)
            assert ahead is not None
            assert (
                timedelta(hours=3) - timedelta(minutes=11) < ahead - manual_clock.now() <= timedelta(hours=12)
            )
            await manual_clock.advance(4 * 3600.0)
            await beats(controller, manual_clock, 601)

    async def test_a_planned_one_stays_until_it_has_passed(
        self, make: MakeController, manual_clock: ManualClock, board: WittyPi5
    ) -> None:
        controller = make()
        await begin(controller, manual_clock)
        wanted = manual_clock.now() + timedelta(minutes=30)
        receipt = await drive(controller.arm(WakePlan(wake_utc=wanted)), manual_clock)
        await beats(controller, manual_clock, 700)
        assert alarm_of(board) == receipt.wake_utc
        await manual_clock.advance(1800.0)
        await beats(controller, manual_clock, 601)
        ahead = alarm_of(board)
        assert ahead is not None
        assert ahead - manual_clock.now() < timedelta(hours=12, minutes=1)

    async def test_taking_a_plan_back_leaves_one(
        self, make: MakeController, manual_clock: ManualClock, board: WittyPi5
    ) -> None:
        controller = make()
        await begin(controller, manual_clock)
        plan = WakePlan(wake_utc=manual_clock.now() + timedelta(days=20))
        await drive(controller.arm(plan), manual_clock)
        await drive(controller.disarm(), manual_clock)
        ahead = alarm_of(board)
        assert ahead is not None
        assert ahead - manual_clock.now() <= timedelta(hours=12)

    @pytest.mark.parametrize("judges", [True, False])
    async def test_wakes_a_hung_node_whose_input_fell_when_there_is_enough_again(
        self,
        plugin_context: ContextFactory,
        manual_clock: ManualClock,
        simulated_bus: SimulatedBus,
        judges: bool,
    ) -> None:
        board = WittyPi5(tunables=WittyPi5Tunables(judges_vin_when_off=judges))
        board.rtc.set(manual_clock.now())
        board.attach(simulated_bus)
        board.power_on()
        context = plugin_context(WittyPiConfig(low_voltage=12.0), plugin="wittypi")
        controller = WittyPiController(context, Link(context))
        await begin(controller, manual_clock)
        await beats(controller, manual_clock, 2)
        board.analog.vin_v = 11.5
        await manual_clock.advance(130.0)
        catch_up(simulated_bus)
        assert not board.rail_on
        await manual_clock.advance(11 * 3600.0)
        board.analog.vin_v = 13.0
        await manual_clock.advance(3700.0)
        catch_up(simulated_bus)
        assert board.rail_on


class TestWatchdog:
    async def test_a_node_that_beats_is_left_alone_and_one_that_hangs_is_cycled(
        self, make: MakeController, manual_clock: ManualClock, simulated_bus: SimulatedBus, board: WittyPi5
    ) -> None:
        controller = make()
        await begin(controller, manual_clock)
        await beats(controller, manual_clock, 900)
        states = [board.state]
        for wait_s in (601.0, 122.0):
            await manual_clock.advance(wait_s)
            catch_up(simulated_bus)
            states.append(board.state)
        assert states == [State.ON, State.STOPPING, State.STARTING]
        again = make()
        await drive(again.start(), manual_clock)
        assert (await again.last_reason()).kind is WakeReasonKind.WATCHDOG

    @pytest.mark.parametrize(
        ("seconds", "misses"), [(600.0, 9), (150.0, 2), (120.0, 1), (None, 0), (1e6, 255)]
    )
    async def test_is_configured_in_time(
        self,
        make: MakeController,
        manual_clock: ManualClock,
        board: WittyPi5,
        seconds: float | None,
        misses: int,
    ) -> None:
        controller = make(watchdog=seconds)
        await begin(controller, manual_clock)
        await beats(controller, manual_clock, 1)
        assert board.memory[Reg5.WATCHDOG] == misses

    async def test_is_not_begun_by_who_only_looks_at_the_board(
        self, make: MakeController, manual_clock: ManualClock, board: WittyPi5
    ) -> None:
        controller = make()
        await begin(controller, manual_clock)
        await drive(controller.read(), manual_clock)
        assert board.memory[Reg5.WATCHDOG] == 0

    async def test_stops_with_edgepi_and_starts_with_it(
        self, make: MakeController, manual_clock: ManualClock, board: WittyPi5
    ) -> None:
        controller = make()
        await begin(controller, manual_clock)
        await beats(controller, manual_clock, 1)
        await controller.stop()
        assert board.memory[Reg5.WATCHDOG] == 0
        await begin(controller, manual_clock)
        await beats(controller, manual_clock, 1)
        assert board.memory[Reg5.WATCHDOG] == 9

    async def test_stays_for_the_next_life_when_the_node_goes(
        self, make: MakeController, manual_clock: ManualClock, board: WittyPi5
    ) -> None:
        controller = make()
        await begin(controller, manual_clock)
        await beats(controller, manual_clock, 1)
        await drive(controller.prepare_cut(), manual_clock)
        await controller.stop()
        assert board.memory[Reg5.WATCHDOG] == 9


class TestGoing:
    async def test_tells_the_board_and_the_cut_comes_after_the_whole_delay(
        self, make: MakeController, manual_clock: ManualClock, simulated_bus: SimulatedBus, board: WittyPi5
    ) -> None:
        controller = make()
        await begin(controller, manual_clock)
        await drive(controller.prepare_cut(), manual_clock)
        assert board.state is State.STOPPING
        await manual_clock.advance(CUT_S - 1.0)
        catch_up(simulated_bus)
        assert board.rail_on
        await manual_clock.advance(2.0)
        catch_up(simulated_bus)
        assert not board.rail_on

    @pytest.mark.parametrize("cause", ["button", "low", "alarm", "hot"])
    async def test_passes_on_why_the_board_asks_the_node_to_go_once(
        self, make: MakeController, manual_clock: ManualClock, board: WittyPi5, cause: str
    ) -> None:
        said: list[str] = []
        controller = make(low_voltage=12.0)
        controller.on_shutdown_request = said.append
        await begin(controller, manual_clock)
        await beats(controller, manual_clock, 3)
        assert not said
        _trouble(board, manual_clock.now(), cause)
        await beats(controller, manual_clock, 63)
        assert len(said) == 1
        words = {"button": "button", "low": "low voltage", "alarm": "shut-down alarm", "hot": "too hot"}
        assert words[cause] in said[0]

    async def test_what_the_node_asked_for_itself_is_no_request_of_the_board(
        self, make: MakeController, manual_clock: ManualClock
    ) -> None:
        said: list[str] = []
        controller = make()
        controller.on_shutdown_request = said.append
        await begin(controller, manual_clock)
        await drive(controller.prepare_cut(), manual_clock)
        await beats(controller, manual_clock, 25)
        assert not said
        await beats(controller, manual_clock, 10)
        assert "told that the node powers off" in said[0], "it did not halt, and will be cut"

    async def test_a_restarted_edgepi_hears_of_a_request_that_still_stands(
        self, make: MakeController, manual_clock: ManualClock, board: WittyPi5
    ) -> None:
        first = make()
        await begin(first, manual_clock)
        await beats(first, manual_clock, 1)
        board.click()
        await beats(first, manual_clock, 1)
        await first.stop()
        said: list[str] = []
        second = make()
        second.on_shutdown_request = said.append
        await begin(second, manual_clock)
        await beats(second, manual_clock, 1)
        assert len(said) == 1


def _trouble(board: WittyPi5, now: datetime, cause: str) -> None:
    if cause == "button":
        board.click()
    elif cause == "low":
        board.analog.vin_v = 11.0
    elif cause == "hot":
        board.memory[Reg5.OVER_ACTION], board.memory[Reg5.OVER_POINT] = 2, 60
        board._hot = False
        board.analog.temperature_c = 70.0
    else:
        at = now + timedelta(seconds=60)
        board.rtc.set_alarm(at.day, at.hour, at.minute)
        board._v.alarm_type = "shutdown"
