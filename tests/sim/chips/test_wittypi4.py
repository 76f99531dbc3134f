from __future__ import annotations

import json
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from edgepi.errors import BusError
from edgepi.sim.bus import SimulatedBus
from edgepi.sim.chips import Reason, Reg, WittyPi4, WittyPi4Tunables
from edgepi.sim.chips.pcf85063 import to_bcd

BOARD = 0x08
START = datetime(2026, 6, 1, 12, tzinfo=UTC)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type,misc]


@pytest.fixture
def board() -> WittyPi4:
    chip = WittyPi4()
    chip.rtc.set(START)
    return chip


@pytest.fixture
def bus(board: WittyPi4) -> SimulatedBus:
    return SimulatedBus({BOARD: board})


def boot(bus: SimulatedBus, board: WittyPi4) -> None:
    """Let the node come up."""
    board.click()
    bus.step(10.0)
    board.set_txd(True)
    bus.step(10.0)
    pulse(board)


def pulse(board: WittyPi4) -> None:
    board.set_sys_up(True)
    board.set_sys_up(False)


def sleep(bus: SimulatedBus, board: WittyPi4) -> None:
    """Let the node halt and the board cut."""
    board.set_txd(False)
    bus.step(8.0)
    assert not board.rail_on


def set_alarm(bus: SimulatedBus, at: datetime, first: Reg = Reg.ALARM1) -> None:
    for i, value in enumerate((at.second, at.minute, at.hour, at.day)):
        bus.write_byte_data(BOARD, first + i, to_bcd(value))


def kinds(board: WittyPi4) -> list[str]:
    return [event.kind for event in board.events]


class TestMeasuring:
    def test_says_what_it_is(self, bus: SimulatedBus) -> None:
        assert bus.read_byte_data(BOARD, Reg.ID) == 0x26
        assert bus.read_byte_data(BOARD, Reg.REVISION) == 7

    def test_measures_the_input_in_steps_of_61_millivolts(self, bus: SimulatedBus, board: WittyPi4) -> None:
        seen = set()
        for millivolts in range(13000, 13200, 5):
            board.analog.vin_v = millivolts / 1000
            seen.add(bus.read_byte_data(BOARD, Reg.VIN) + bus.read_byte_data(BOARD, Reg.VIN + 1) / 100)
        steps = sorted(seen)
        assert len(steps) == 5
        assert all(b - a == pytest.approx(0.0613, abs=0.011) for a, b in pairwise(steps))
        assert 13.0 - steps[0] < 0.07

    def test_the_second_half_is_refreshed_by_reading_the_first(
        self, bus: SimulatedBus, board: WittyPi4
    ) -> None:
        bus.read_byte_data(BOARD, Reg.VIN)
        before = bus.read_byte_data(BOARD, Reg.VIN + 1)
        board.analog.vin_v += 0.5
        assert bus.read_byte_data(BOARD, Reg.VIN + 1) == before
        bus.read_byte_data(BOARD, Reg.VIN)
        assert bus.read_byte_data(BOARD, Reg.VIN + 1) != before

    def test_measures_the_current_in_steps_of_21_milliamperes(
        self, bus: SimulatedBus, board: WittyPi4
    ) -> None:
        board.power_on()
        board.analog.iout_a = 0.63
        assert bus.read_byte_data(BOARD, Reg.IOUT) == 0
        assert bus.read_byte_data(BOARD, Reg.IOUT + 1) == 62  # 29 steps of 21.5 mA
        assert bus.read_byte_data(BOARD, Reg.VOUT) == 5

    def test_each_change_of_a_reading_burns_eeprom(self, bus: SimulatedBus, board: WittyPi4) -> None:
        bus.read_byte_data(BOARD, Reg.VIN)
        before = board.eeprom_writes
        bus.read_byte_data(BOARD, Reg.VIN)
        assert board.eeprom_writes == before
        board.analog.vin_v += 0.2
        bus.read_byte_data(BOARD, Reg.VIN)
        assert board.memory.writes[Reg.VIN + 1] > 1
        assert board.eeprom_writes > before

    def test_more_than_a_byte_at_a_time_is_0xff(self, bus: SimulatedBus) -> None:
        assert bus.read_i2c_block_data(BOARD, Reg.ID, 4) == [0x26, 0xFF, 0xFF, 0xFF]

    def test_only_the_first_byte_of_a_block_is_written(self, bus: SimulatedBus) -> None:
        bus.write_i2c_block_data(BOARD, Reg.ALARM1, [1, 2, 3])
        assert [bus.read_byte_data(BOARD, Reg.ALARM1 + i) for i in range(3)] == [1, 0, 0]

    @pytest.mark.parametrize("celsius", [-12.5, 0.0, 31.125])
    def test_the_temperature_is_a_word(self, bus: SimulatedBus, board: WittyPi4, celsius: float) -> None:
        board.analog.temperature_c = celsius
        word = bus.read_word_data(BOARD, Reg.LM75B)
        steps = ((word & 0xFF) << 8 | word >> 8) >> 5
        assert (steps - 2048 if steps & 0x400 else steps) * 0.125 == celsius

    @pytest.mark.parametrize(("vin_v", "mode"), [(5.0, 0), (12.0, 1)])
    def test_the_power_mode_follows_the_input(
        self, bus: SimulatedBus, board: WittyPi4, vin_v: float, mode: int
    ) -> None:
        board.analog.vin_v = vin_v
        assert bus.read_byte_data(BOARD, Reg.POWER_MODE) == mode

    def test_read_only_registers_stay(self, bus: SimulatedBus) -> None:
        bus.write_byte_data(BOARD, Reg.ID, 1)
        assert bus.read_byte_data(BOARD, Reg.ID) == 0x26


class TestClock:
    def test_counts_over_midnight_month_and_leap_day(self, bus: SimulatedBus, board: WittyPi4) -> None:
        board.rtc.set(utc(2028, 2, 28, 23, 59, 58))
        bus.step(3.0)
        assert [bus.read_byte_data(BOARD, 58 + i) for i in range(7)] == [0x01, 0, 0, 0x29, 2, 2, 0x28]
        board.rtc.set(utc(2026, 12, 31, 23, 59, 59))
        bus.step(1.0)
        assert [bus.read_byte_data(BOARD, 58 + i) for i in range(7)] == [0, 0, 0, 1, 5, 1, 0x27]

    def test_drifts_if_told_to(self, bus: SimulatedBus, board: WittyPi4) -> None:
        board.rtc.drift_ppm = 10000.0
        bus.step(100.0)
        assert board.rtc.stamp % 86400 == 12 * 3600 + 101

    def test_is_set_register_by_register(self, bus: SimulatedBus) -> None:
        for i, value in enumerate((0x30, 0x15, 0x08, 0x09, 1, 0x11, 0x26)):
            bus.write_byte_data(BOARD, 58 + i, value)
        bus.step(1.0)
        assert [bus.read_byte_data(BOARD, 58 + i) for i in range(7)] == [0x31, 0x15, 8, 9, 1, 0x11, 0x26]

    def test_stands_still_while_stopped(self, bus: SimulatedBus) -> None:
        bus.write_byte_data(BOARD, Reg.RTC, 0x20)
        bus.step(5.0)
        assert bus.read_byte_data(BOARD, 58) == 0

    def test_year_zero_says_that_the_time_was_lost(self) -> None:
        chip = WittyPi4(tunables=WittyPi4Tunables(coin_cell=False))
        chip.rtc.set(START)
        chip.analog.vin_v = 0.0
        chip.step(1.0)
        chip.analog.vin_v = 12.0
        chip.step(1.0)
        assert chip.read(64) == 0

    def test_a_coin_cell_keeps_the_time(self, board: WittyPi4) -> None:
        board.analog.vin_v = 0.0
        for _ in range(60):
            board.step(1.0)
        assert board.rtc.fields[:3] == [0, 1, 12]


class TestSwitching:
    def test_a_halt_by_software_starts_the_delay_at_its_end(self, bus: SimulatedBus, board: WittyPi4) -> None:
        boot(bus, board)
        board.set_txd(False)
        bus.step(6.9)
        assert board.rail_on
        bus.step(0.2)
        assert not board.rail_on
        assert kinds(board)[-2:] == ["halt_seen", "cut"]

    def test_without_sys_up_the_halt_is_never_seen(self, bus: SimulatedBus, board: WittyPi4) -> None:
        board.click()
        bus.step(10.0)
        board.set_txd(True)
        board.set_txd(False)
        bus.step(600.0)
        assert board.rail_on

    def test_sys_up_is_not_seen_while_the_led_shines(self, bus: SimulatedBus, board: WittyPi4) -> None:
        board.click()
        bus.step(1.0)
        pulse(board)
        assert "sys_up" not in kinds(board)
        bus.step(3.0)
        pulse(board)
        assert "sys_up" in kinds(board)

    def test_another_hat_on_txd_hides_the_halt(self, bus: SimulatedBus, board: WittyPi4) -> None:
        board.txd_held_high = True
        boot(bus, board)
        board.set_txd(False)
        bus.step(600.0)
        assert board.rail_on

    def test_a_reboot_is_told_from_a_halt(self, bus: SimulatedBus, board: WittyPi4) -> None:
        boot(bus, board)
        board.set_txd(False)
        bus.step(3.0)
        board.set_txd(True)
        bus.step(10.0)
        assert board.rail_on
        assert bus.read_byte_data(BOARD, Reg.REASON) == Reason.REBOOT

    def test_the_board_s_own_request_does_not_wait_for_the_halt(
        self, bus: SimulatedBus, board: WittyPi4
    ) -> None:
        lines: list[bool] = []
        board.on_line = lambda _pin, high: lines.append(high)
        boot(bus, board)
        lines.clear()
        set_alarm(bus, utc(2026, 6, 1, 12, 1, 0), Reg.ALARM2)
        bus.step(40.5)
        assert lines == [False, True]
        assert board.asks_to_go
        bus.step(5.0)
        board.set_txd(False)  # halted late: the delay does not start again
        bus.step(2.0)
        assert not board.rail_on

    def test_the_delay_is_what_register_21_says(self, bus: SimulatedBus, board: WittyPi4) -> None:
        bus.write_byte_data(BOARD, Reg.CUT_DELAY, 254)
        boot(bus, board)
        board.set_txd(False)
        bus.step(25.3)
        assert board.rail_on
        bus.step(0.2)
        assert not board.rail_on

    def test_a_stored_255_means_the_factory_s_value_after_power_comes_back(
        self, bus: SimulatedBus, board: WittyPi4
    ) -> None:
        bus.write_byte_data(BOARD, Reg.CUT_DELAY, 255)
        assert bus.read_byte_data(BOARD, Reg.CUT_DELAY) == 255
        board.analog.vin_v = 0.0
        bus.step(1.0)
        board.analog.vin_v = 12.0
        bus.step(1.0)
        assert bus.read_byte_data(BOARD, Reg.CUT_DELAY) == 70

    def test_a_click_asks_the_node_to_go(self, bus: SimulatedBus, board: WittyPi4) -> None:
        boot(bus, board)
        board.click()
        assert board.cut_in_s == pytest.approx(7.0)
        assert bus.read_byte_data(BOARD, Reg.REASON) == Reason.CLICK
        bus.step(7.1)
        assert not board.rail_on

    def test_a_button_held_down_cuts_a_hanging_node(self, bus: SimulatedBus, board: WittyPi4) -> None:
        board.power_on()
        bus.step(10.0)
        board.press()
        assert not board.gpio4
        bus.step(7.1)
        assert not board.rail_on

    def test_default_on_starts_the_node_when_power_comes(self, bus: SimulatedBus, board: WittyPi4) -> None:
        bus.write_byte_data(BOARD, Reg.DEFAULT_ON, 1)
        bus.write_byte_data(BOARD, Reg.DEFAULT_ON_DELAY, 3)
        board.analog.vin_v = 0.0
        bus.step(1.0)
        with pytest.raises(BusError):
            bus.read_byte_data(BOARD, Reg.ID)
        board.analog.vin_v = 12.0
        bus.step(2.5)
        assert not board.rail_on
        bus.step(1.0)
        assert board.rail_on
        assert bus.read_byte_data(BOARD, Reg.REASON) == Reason.POWER_CONNECTED

    def test_a_default_on_delay_above_32_seconds_overflows(self, bus: SimulatedBus, board: WittyPi4) -> None:
        bus.write_byte_data(BOARD, Reg.DEFAULT_ON, 1)
        bus.write_byte_data(BOARD, Reg.DEFAULT_ON_DELAY, 33)
        board.analog.vin_v = 0.0
        bus.step(1.0)
        board.analog.vin_v = 12.0
        bus.step(3600.0)
        assert not board.rail_on

    def test_losing_the_input_kills_the_node_at_once(self, bus: SimulatedBus, board: WittyPi4) -> None:
        boot(bus, board)
        board.analog.vin_v = 2.0
        bus.step(0.1)
        assert not board.rail_on
        assert kinds(board)[-1] == "power_lost"


class TestAlarms:
    def test_wakes_at_its_second(self, bus: SimulatedBus, board: WittyPi4) -> None:
        boot(bus, board)
        set_alarm(bus, utc(2026, 6, 1, 12, 2, 0))
        sleep(bus, board)
        bus.step(91.0)
        assert not board.rail_on
        bus.step(2.0)
        assert board.rail_on
        assert bus.read_byte_data(BOARD, Reg.REASON) == Reason.ALARM1
        assert bus.read_byte_data(BOARD, Reg.ALARM1_TRIGGERED) == 1
        assert bus.read_byte_data(BOARD, Reg.FLAG_ALARM1) == 1

    def test_an_alarm_in_the_past_never_comes(self, bus: SimulatedBus, board: WittyPi4) -> None:
        boot(bus, board)
        set_alarm(bus, utc(2026, 6, 1, 11, 59, 0))
        sleep(bus, board)
        bus.step(4 * 3600.0)
        assert not board.rail_on

    def test_a_clock_set_over_the_alarm_loses_it(self, bus: SimulatedBus, board: WittyPi4) -> None:
        boot(bus, board)
        set_alarm(bus, utc(2026, 6, 1, 13, 0, 0))
        sleep(bus, board)
        board.rtc.set(utc(2026, 6, 1, 13, 0, 3))
        bus.step(3600.0)
        assert not board.rail_on

    def test_an_alarm_while_the_node_is_on_starts_it_after_the_cut(
        self, bus: SimulatedBus, board: WittyPi4
    ) -> None:
        boot(bus, board)
        set_alarm(bus, utc(2026, 6, 1, 12, 0, 25))
        bus.step(30.0)
        sleep(bus, board)
        bus.step(4.0)
        assert board.rail_on
        assert bus.read_byte_data(BOARD, Reg.REASON) == Reason.ALARM1_DELAYED

    def test_a_missed_alarm_passes_as_if_it_had_never_been(self, bus: SimulatedBus, board: WittyPi4) -> None:
        boot(bus, board)
        board.alarms_to_miss = 1
        set_alarm(bus, utc(2026, 6, 1, 12, 2, 0))
        sleep(bus, board)
        bus.step(3600.0)
        assert not board.rail_on
        assert kinds(board).count("alarm_lost") == 1
        assert bus.read_byte_data(BOARD, Reg.ALARM1_TRIGGERED) == 0
        set_alarm(bus, utc(2026, 6, 1, 14, 0, 0))
        bus.step(3600.0)
        assert board.rail_on

    def test_unless_that_is_switched_off(self, bus: SimulatedBus, board: WittyPi4) -> None:
        boot(bus, board)
        bus.write_byte_data(BOARD, Reg.MISC, 1)
        set_alarm(bus, utc(2026, 6, 1, 12, 0, 25))
        bus.step(30.0)
        sleep(bus, board)
        bus.step(60.0)
        assert not board.rail_on

    def test_writing_an_alarm_makes_it_live_again(self, bus: SimulatedBus, board: WittyPi4) -> None:
        boot(bus, board)
        set_alarm(bus, utc(2026, 6, 1, 12, 0, 25))
        bus.step(30.0)
        assert bus.read_byte_data(BOARD, Reg.ALARM1_TRIGGERED) == 1
        set_alarm(bus, utc(2026, 6, 1, 12, 5, 0))
        assert bus.read_byte_data(BOARD, Reg.ALARM1_TRIGGERED) == 0

    def test_an_alarm_due_below_the_low_voltage_is_lost(self, bus: SimulatedBus, board: WittyPi4) -> None:
        bus.write_byte_data(BOARD, Reg.LOW_VOLTAGE, 115)
        boot(bus, board)
        set_alarm(bus, utc(2026, 6, 1, 12, 2, 0))
        sleep(bus, board)
        board.analog.vin_v = 11.0
        bus.step(120.0)
        assert "alarm_lost" in kinds(board)
        board.analog.vin_v = 13.0
        bus.step(7200.0)
        assert not board.rail_on


class TestVoltage:
    def test_low_voltage_asks_the_node_to_go_after_the_first_three_minutes(
        self, bus: SimulatedBus, board: WittyPi4
    ) -> None:
        bus.write_byte_data(BOARD, Reg.LOW_VOLTAGE, 115)
        boot(bus, board)
        board.analog.vin_v = 11.0
        bus.step(159.0)
        assert not board.asks_to_go
        bus.step(2.0)
        assert board.asks_to_go
        bus.step(8.0)
        assert not board.rail_on
        assert bus.read_byte_data(BOARD, Reg.REASON) == Reason.LOW_VOLTAGE
        assert bus.read_byte_data(BOARD, Reg.LV_SHUTDOWN) == 1

    def low(self, bus: SimulatedBus, board: WittyPi4) -> None:
        self.test_low_voltage_asks_the_node_to_go_after_the_first_three_minutes(bus, board)

    def test_the_recovery_voltage_brings_it_back(self, bus: SimulatedBus, board: WittyPi4) -> None:
        bus.write_byte_data(BOARD, Reg.RECOVERY_VOLTAGE, 128)
        self.low(bus, board)
        board.analog.vin_v = 12.9  # the check misses the adjustment of 0.2 V
        bus.step(60.0)
        assert not board.rail_on
        board.analog.vin_v = 13.1
        bus.step(5.0)
        assert board.rail_on
        assert bus.read_byte_data(BOARD, Reg.REASON) == Reason.VOLTAGE_RESTORED
        bus.step(10.0)
        pulse(board)
        assert bus.read_byte_data(BOARD, Reg.LV_SHUTDOWN) == 0

    def test_without_recovery_voltage_it_stays_dark(self, bus: SimulatedBus, board: WittyPi4) -> None:
        self.low(bus, board)
        board.analog.vin_v = 14.0
        bus.step(7200.0)
        assert not board.rail_on

    def test_recovery_without_low_voltage_wakes_from_any_shut_down(
        self, bus: SimulatedBus, board: WittyPi4
    ) -> None:
        bus.write_byte_data(BOARD, Reg.RECOVERY_VOLTAGE, 120)
        boot(bus, board)
        sleep(bus, board)
        bus.step(5.0)
        assert board.rail_on

    def test_guaranteed_wake_comes_whatever_happened(self, bus: SimulatedBus, board: WittyPi4) -> None:
        bus.write_byte_data(BOARD, Reg.GUARANTEED_WAKE, 2)
        boot(bus, board)
        sleep(bus, board)
        bus.step(7190.0)
        assert not board.rail_on
        bus.step(15.0)
        assert board.rail_on
        assert bus.read_byte_data(BOARD, Reg.REASON) == Reason.GUARANTEED_WAKE

    def test_guaranteed_wake_counts_days_too_and_waits_for_the_recovery_voltage(
        self, bus: SimulatedBus, board: WittyPi4
    ) -> None:
        bus.write_byte_data(BOARD, Reg.GUARANTEED_WAKE, 0x80 | 1)
        bus.write_byte_data(BOARD, Reg.LOW_VOLTAGE, 115)
        bus.write_byte_data(BOARD, Reg.RECOVERY_VOLTAGE, 130)
        boot(bus, board)
        sleep(bus, board)
        bus.step(86500.0)
        assert not board.rail_on
        board.analog.vin_v = 13.5
        bus.step(2.0)
        assert board.rail_on
        assert bus.read_byte_data(BOARD, Reg.REASON) == Reason.GUARANTEED_WAKE


class TestTemperature:
    def test_heat_shuts_down_after_two_minutes(self, bus: SimulatedBus, board: WittyPi4) -> None:
        bus.write_byte_data(BOARD, Reg.OVER_ACTION, 1)
        bus.write_byte_data(BOARD, Reg.OVER_POINT, 60)
        boot(bus, board)
        board.analog.temperature_c = 65.0
        bus.step(90.0)
        assert not board.asks_to_go
        bus.step(20.0)
        assert not board.rail_on or board.asks_to_go
        assert bus.read_byte_data(BOARD, Reg.REASON) == Reason.OVER_TEMPERATURE

    def test_cold_may_start_the_node(self, bus: SimulatedBus, board: WittyPi4) -> None:
        bus.write_byte_data(BOARD, Reg.BELOW_ACTION, 2)
        bus.write_byte_data(BOARD, Reg.BELOW_POINT, 0x100 - 5)
        bus.step(5.0)
        assert not board.rail_on
        board.analog.temperature_c = -10.0
        bus.step(2.0)
        assert board.rail_on
        assert bus.read_byte_data(BOARD, Reg.REASON) == Reason.BELOW_TEMPERATURE


def test_can_be_saved_and_loaded_at_any_moment(bus: SimulatedBus, board: WittyPi4) -> None:
    boot(bus, board)
    set_alarm(bus, utc(2026, 6, 1, 12, 2, 0))
    board.set_txd(False)
    bus.step(3.3)
    copy = WittyPi4.from_dict(json.loads(json.dumps(board.to_dict())))
    assert copy.to_dict() == board.to_dict()
    for each in (board, copy):
        twin = SimulatedBus({BOARD: each})
        twin.step(3.5)
        assert each.rail_on
        twin.step(0.5)
        assert not each.rail_on
        twin.step(95.0)
        assert each.rail_on
    assert copy.to_dict() == board.to_dict()


@pytest.mark.parametrize("dt_s", [0.01, 0.3, 1.0])
def test_the_length_of_steps_makes_no_difference(dt_s: float) -> None:
    board = WittyPi4()
    board.rtc.set(START)
    bus = SimulatedBus({BOARD: board})
    boot(bus, board)
    set_alarm(bus, utc(2026, 6, 1, 12, 1, 0))
    board.set_txd(False)
    for _ in range(round(60.0 / dt_s)):
        board.step(dt_s)
    assert [(event.kind, round(event.at_s, 1)) for event in board.events][-3:] == [
        ("halt_seen", 20.0),
        ("cut", 27.0),
        ("on", 60.0),
    ]
