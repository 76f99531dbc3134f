from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from edgepi.errors import BusError
from edgepi.sim.bus import SimulatedBus
from edgepi.sim.chips.pcf85063 import from_bcd
from edgepi.sim.chips.wittypi5 import WittyPi5
from edgepi.sim.chips.wittypi5_registers import Reason5, Reg5, State
from edgepi.sim.chips.wittypi5_switch import WittyPi5Tunables

from .test_wittypi5 import BOARD, START, boot, kinds, read, restart, set_alarm, sleep, state, write


@pytest.fixture
def board() -> WittyPi5:
    chip = WittyPi5()
    chip.rtc.set(START)
    return chip


@pytest.fixture
def bus(board: WittyPi5) -> SimulatedBus:
    made = SimulatedBus()
    board.attach(made)
    boot(made, board)
    return made


def until(bus: SimulatedBus, board: WittyPi5, at: datetime) -> None:
    """Let the board's clock reach a time."""
    shown = board.clock_utc()
    assert shown is not None
    bus.step((at - shown).total_seconds())


class TestWakeAlarm:
    def test_wakes_at_its_very_second(self, bus: SimulatedBus, board: WittyPi5) -> None:
        at = START + timedelta(minutes=8, seconds=17)
        set_alarm(bus, at)
        sleep(bus, board)
        until(bus, board, at - timedelta(seconds=1))
        assert not board.rail_on
        bus.step(1.5)
        assert board.rail_on
        assert read(bus, Reg5.REASON) >> 4 == Reason5.ALARM1

    def test_of_a_day_that_this_month_does_not_have_is_the_next_months(
        self, bus: SimulatedBus, board: WittyPi5
    ) -> None:
        board.set_clock(datetime(2026, 6, 29, 12, tzinfo=UTC))
        set_alarm(bus, datetime(2026, 7, 31, 6, tzinfo=UTC))
        sleep(bus, board)
        board.set_clock(datetime(2026, 6, 30, 23, 59, 58, tzinfo=UTC))
        bus.step(5.0)
        board.set_clock(datetime(2026, 7, 31, 5, 59, 58, tzinfo=UTC))
        assert not board.rail_on
        bus.step(3.0)
        assert board.rail_on

    def test_in_the_past_is_lost_for_a_month(self, bus: SimulatedBus, board: WittyPi5) -> None:
        set_alarm(bus, START - timedelta(minutes=5))
        sleep(bus, board)
        for day in (2, 3, 15, 30):
            board.set_clock(datetime(2026, 6, day, 11, 54, 58, tzinfo=UTC))
            bus.step(5.0)
            assert not board.rail_on
        board.set_clock(datetime(2026, 7, 1, 11, 54, 58, tzinfo=UTC))
        bus.step(5.0)
        assert board.rail_on

    def test_within_the_minute_that_runs_is_lost(self, bus: SimulatedBus, board: WittyPi5) -> None:
        until(bus, board, START + timedelta(minutes=2, seconds=2))
        set_alarm(bus, START + timedelta(minutes=2, seconds=40))
        sleep(bus, board)
        bus.step(3600.0)
        assert not board.rail_on

    def test_between_request_and_cut_is_lost(self, bus: SimulatedBus, board: WittyPi5) -> None:
        until(bus, board, START + timedelta(minutes=2, seconds=55))
        set_alarm(bus, START + timedelta(minutes=3, seconds=5))
        sleep(bus, board)
        bus.step(3600.0)
        assert not board.rail_on
        assert "alarm_lost" in kinds(board)

    def test_while_the_node_is_up_is_lost(self, bus: SimulatedBus, board: WittyPi5) -> None:
        set_alarm(bus, START + timedelta(minutes=10))
        until(bus, board, START + timedelta(minutes=11))
        sleep(bus, board)
        bus.step(3600.0)
        assert not board.rail_on

    def test_set_on_the_way_to_the_cut_counts(self, bus: SimulatedBus, board: WittyPi5) -> None:
        board.click()
        assert state(board) is State.STOPPING
        set_alarm(bus, START + timedelta(minutes=30))
        bus.step(20.0)
        assert not board.rail_on
        bus.step(1800.0)
        assert board.rail_on

    def test_taken_back_on_the_way_to_the_cut_does_not_come(self, bus: SimulatedBus, board: WittyPi5) -> None:
        set_alarm(bus, START + timedelta(minutes=30))
        board.click()
        for i in range(4):
            write(bus, Reg5.ALARM1 + i, 0)
        bus.step(3600.0)
        assert not board.rail_on

    @pytest.mark.parametrize("register", [93, 95])
    def test_does_not_come_where_the_clock_chip_does_not_let_it_through(
        self, bus: SimulatedBus, board: WittyPi5, register: int
    ) -> None:
        set_alarm(bus, START + timedelta(minutes=30))
        write(bus, register, 0)
        sleep(bus, board)
        bus.step(3600.0)
        assert not board.rail_on

    def test_missed_on_demand(self, bus: SimulatedBus, board: WittyPi5) -> None:
        board.alarms_to_miss = 1
        set_alarm(bus, START + timedelta(minutes=30))
        sleep(bus, board)
        bus.step(3600.0)
        assert not board.rail_on
        assert kinds(board)[-1] == "alarm_lost"

    def test_goes_by_the_boards_clock_whatever_that_shows(self, bus: SimulatedBus, board: WittyPi5) -> None:
        set_alarm(bus, START + timedelta(hours=3))
        board.set_clock(START + timedelta(hours=2))
        sleep(bus, board)
        bus.step(3600.0)
        assert board.rail_on


class TestLowInput:
    @pytest.fixture
    def low(self, bus: SimulatedBus, board: WittyPi5) -> None:
        write(bus, Reg5.LOW_VOLTAGE, 120)
        set_alarm(bus, START + timedelta(minutes=30))
        sleep(bus, board)
        board.analog.vin_v = 11.5
        bus.step(1805.0)

    @pytest.mark.usefixtures("low")
    def test_puts_the_alarm_off_a_minute_at_a_time(self, bus: SimulatedBus, board: WittyPi5) -> None:
        assert not board.rail_on
        bus.step(1200.0)
        assert not board.rail_on
        board.analog.vin_v = 12.1
        bus.step(61.0)
        assert board.rail_on
        assert read(bus, Reg5.REASON) >> 4 == Reason5.ALARM1

    def test_below_five_volts_the_alarm_is_lost(self, bus: SimulatedBus, board: WittyPi5) -> None:
        set_alarm(bus, START + timedelta(minutes=30))
        sleep(bus, board)
        board.analog.vin_v = 4.5
        bus.step(1900.0)
        assert kinds(board)[-1] == "alarm_lost"
        board.analog.vin_v = 12.8
        bus.step(1200.0)
        assert not board.rail_on

    def test_a_firmware_that_does_not_judge_it_starts_and_asks_to_go_at_once(self) -> None:
        board = WittyPi5(tunables=WittyPi5Tunables(judges_vin_when_off=False))
        board.rtc.set(START)
        bus = SimulatedBus({BOARD: board})
        boot(bus, board)
        write(bus, Reg5.LOW_VOLTAGE, 120)
        set_alarm(bus, START + timedelta(minutes=30))
        sleep(bus, board)
        board.analog.vin_v = 11.5
        bus.step(1785.0 - 15.0)
        assert state(board) is State.STARTING
        bus.step(31.0)
        assert state(board) is State.STOPPING


class TestStopAlarm:
    def test_asks_the_node_to_go(self, bus: SimulatedBus, board: WittyPi5) -> None:
        set_alarm(bus, START + timedelta(minutes=10, seconds=3), Reg5.ALARM2)
        until(bus, board, START + timedelta(minutes=10, seconds=2))
        assert not board.asks_to_go
        bus.step(2.0)
        assert board.asks_to_go
        assert read(bus, Reg5.REASON) & 0x0F == Reason5.ALARM2

    def test_is_loaded_when_the_node_is_started(self, bus: SimulatedBus, board: WittyPi5) -> None:
        sleep(bus, board)
        board.memory[Reg5.ALARM2 + 1], board.memory[Reg5.ALARM2 + 2], board.memory[Reg5.ALARM2 + 3] = (
            0x30,
            0x12,
            1,
        )
        board.click()
        bus.step(1900.0)
        assert "request" in kinds(board)


class TestScript:
    def test_takes_the_place_of_what_was_set(self, bus: SimulatedBus, board: WittyPi5) -> None:
        board.script = ((True, START + timedelta(hours=2)), (False, START + timedelta(hours=3)))
        set_alarm(bus, START + timedelta(hours=1))
        write(bus, Reg5.SHUTDOWN, 2)
        assert read(bus, Reg5.MISC) == 1
        assert from_bcd(read(bus, Reg5.ALARM1 + 2)) == 14
        bus.step(3700.0)
        assert not board.rail_on
        bus.step(3600.0)
        assert board.rail_on

    def test_that_is_over_leaves_the_registers_alone(self, bus: SimulatedBus, board: WittyPi5) -> None:
        board.script = ((True, START - timedelta(hours=2)), (False, START - timedelta(hours=1)))
        set_alarm(bus, START + timedelta(hours=1))
        write(bus, Reg5.SHUTDOWN, 2)
        assert read(bus, Reg5.MISC) == 0
        assert from_bcd(read(bus, Reg5.ALARM1 + 2)) == 13


class TestTemperature:
    def test_two_is_shut_down_and_one_is_start(self, bus: SimulatedBus, board: WittyPi5) -> None:
        board.analog.temperature_c = 25.0
        bus.step(2.0)  # over the factory's 0 degrees
        write(bus, Reg5.BELOW_ACTION, 2)
        write(bus, Reg5.BELOW_POINT, 5)
        write(bus, Reg5.OVER_ACTION, 1)
        write(bus, Reg5.OVER_POINT, 20)
        board.analog.temperature_c = 3.0
        bus.step(20.0)
        assert state(board) is State.OFF
        board.analog.temperature_c = 22.0
        bus.step(2.0)
        assert state(board) is State.STARTING
        assert read(bus, Reg5.REASON) >> 4 == Reason5.OVER_TEMPERATURE

    def test_tells_of_crossing_a_point_only(self, bus: SimulatedBus, board: WittyPi5) -> None:
        write(bus, Reg5.BELOW_POINT, 30)
        write(bus, Reg5.OVER_POINT, 60)
        write(bus, Reg5.OVER_ACTION, 2)
        bus.step(2.0)
        board.analog.temperature_c = 65.0
        bus.step(20.0)
        assert state(board) is State.OFF
        board.click()
        bus.step(120.0)
        assert state(board) is State.ON

    def test_puts_the_alarm_off_while_it_would_have_the_node_go(
        self, bus: SimulatedBus, board: WittyPi5
    ) -> None:
        write(bus, Reg5.OVER_ACTION, 2)
        write(bus, Reg5.OVER_POINT, 60)
        set_alarm(bus, START + timedelta(minutes=30))
        sleep(bus, board)
        board.analog.temperature_c = 65.0
        bus.step(3600.0)
        assert not board.rail_on
        board.analog.temperature_c = 55.0
        bus.step(61.0)
        assert board.rail_on

    def test_a_start_waits_for_a_pending_alarm(self, bus: SimulatedBus, board: WittyPi5) -> None:
        write(bus, Reg5.OVER_ACTION, 1)
        write(bus, Reg5.OVER_POINT, 60)
        set_alarm(bus, START + timedelta(hours=1))
        sleep(bus, board)
        board.analog.temperature_c = 65.0
        bus.step(1800.0)
        assert not board.rail_on


class TestSummerTime:
    def test_shifts_the_clock_at_the_next_start(self, bus: SimulatedBus, board: WittyPi5) -> None:
        for i, value in enumerate((60, 0x03, 0x00, 0x02, 0x00, 0x10, 0x00, 0x03, 0x00)):
            write(bus, Reg5.DST_OFFSET + i, value)  # last Sundays of March and October
        sleep(bus, board)
        before = board.clock_utc()
        assert before is not None
        board.click()
        assert board.clock_utc() == before + timedelta(seconds=60), "the minutes are added as seconds"
        assert read(bus, Reg5.DST_APPLIED) == 1

    def test_by_date_and_back_again(self, bus: SimulatedBus, board: WittyPi5) -> None:
        for i, value in enumerate((0x80 | 30, 0x03, 0x01, 0, 0, 0x05, 0x01, 0, 0, 1)):
            write(bus, Reg5.DST_OFFSET + i, value)  # ended on 1 May
        sleep(bus, board)
        before = board.clock_utc()
        assert before is not None
        board.click()
        assert board.clock_utc() == before - timedelta(seconds=30)
        assert read(bus, Reg5.DST_APPLIED) == 0

    def test_is_nothing_from_the_factory(self, bus: SimulatedBus, board: WittyPi5) -> None:
        sleep(bus, board)
        before = board.clock_utc()
        board.click()
        assert board.clock_utc() == before


class TestHibernation:
    def test_answers_nobody_between_pulses(self, bus: SimulatedBus, board: WittyPi5) -> None:
        sleep(bus, board)
        bus.step(10.0)
        with pytest.raises(BusError, match="hibernates"):
            read(bus, Reg5.ID)

    def test_forgets_why_the_node_went_off(self, bus: SimulatedBus, board: WittyPi5) -> None:
        set_alarm(bus, START + timedelta(minutes=30))
        sleep(bus, board)
        bus.step(1800.0)
        assert read(bus, Reg5.REASON) == Reason5.ALARM1 << 4

    def test_older_firmware_does_not_sleep_and_does_not_forget(self) -> None:
        board = WittyPi5(tunables=WittyPi5Tunables(hibernates=False))
        bus = SimulatedBus({BOARD: board})
        boot(bus, board)
        sleep(bus, board)
        bus.step(60.0)
        assert read(bus, Reg5.REASON) & 0x0F == Reason5.EXTERNAL_SHUTDOWN

    def test_no_power_no_answer(self, bus: SimulatedBus, board: WittyPi5) -> None:
        board.analog.vin_v = 0.0
        bus.step(1.0)
        with pytest.raises(BusError, match="no power"):
            read(bus, Reg5.ID)


class TestAsABoardOfTheWorld:
    def test_has_no_lines(self, bus: SimulatedBus, board: WittyPi5) -> None:
        before = board.to_dict()
        for pin in (4, 14, 17):
            board.set_line(pin, high=True)
            board.set_line(pin, high=False)
        assert board.lines() == {}
        assert board.to_dict() == before

    def test_says_its_reason_in_words(self, bus: SimulatedBus, board: WittyPi5) -> None:
        assert board.reason() == "click"
        write(bus, Reg5.SHUTDOWN, 2)
        assert board.reason() == "external shutdown"

    def test_goes_through_a_file_and_on(self, bus: SimulatedBus, board: WittyPi5) -> None:
        set_alarm(bus, START + timedelta(minutes=30))
        board.script = ((False, START + timedelta(days=40)), (True, START + timedelta(days=41)))
        sleep(bus, board)
        again = WittyPi5.from_dict(json.loads(json.dumps(board.to_dict())))
        assert again.to_dict() == board.to_dict()
        for each in (board, again):
            for _ in range(1900):
                each.step(1.0)
        assert again.to_dict() == board.to_dict()
        assert again.rail_on

    def test_a_lost_clock_is_told(self, bus: SimulatedBus, board: WittyPi5) -> None:
        board.lose_clock()
        assert board.clock_utc() is None

    def test_losing_and_regaining_power_is_told(self, bus: SimulatedBus, board: WittyPi5) -> None:
        restart(bus, board)
        assert kinds(board)[-2:] == ["power_lost", "power_back"]
