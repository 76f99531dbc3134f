from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from edgepi.sim.bus import SimulatedBus
from edgepi.sim.chips.pcf85063 import to_bcd
from edgepi.sim.chips.wittypi5 import WittyPi5
from edgepi.sim.chips.wittypi5_registers import Admin, Reason5, Reg5, State
from edgepi.sim.chips.wittypi5_switch import WittyPi5Tunables

BOARD = 0x51
START = datetime(2026, 6, 1, 12, tzinfo=UTC)
POLL_EVERY_S = 1.0


@pytest.fixture
def board() -> WittyPi5:
    chip = WittyPi5()
    chip.rtc.set(START)
    return chip


@pytest.fixture
def bus(board: WittyPi5) -> SimulatedBus:
    made = SimulatedBus()
    board.attach(made)
    return made


def read(bus: SimulatedBus, register: int) -> int:
    return bus.read_byte_data(BOARD, register)


def write(bus: SimulatedBus, register: int, value: int) -> None:
    bus.write_byte_data(BOARD, register, value)


def state(board: WittyPi5) -> State:
    return board.state


def pair(bus: SimulatedBus, register: int) -> int:
    return read(bus, register) << 8 | read(bus, register + 1)


def boot(bus: SimulatedBus, board: WittyPi5) -> None:
    """Let the node come up and be heard."""
    board.click()
    bus.step(20.0)
    read(bus, Reg5.SHUTDOWN)
    assert state(board) is State.ON


def live(bus: SimulatedBus, seconds: float) -> None:
    """Let the node poll each second, as the vendor's daemon does."""
    for _ in range(round(seconds / POLL_EVERY_S)):
        bus.step(POLL_EVERY_S)
        read(bus, Reg5.SHUTDOWN)


def sleep(bus: SimulatedBus, board: WittyPi5) -> None:
    """Let the node say that it halts, and the board cut."""
    write(bus, Reg5.SHUTDOWN, 2)
    bus.step(board.memory[Reg5.CUT_DELAY] + 1.0)
    assert not board.rail_on


def set_alarm(bus: SimulatedBus, at: datetime, first: Reg5 = Reg5.ALARM1) -> None:
    for i, value in enumerate((at.second, at.minute, at.hour, at.day)):
        write(bus, first + i, to_bcd(value))


def command(bus: SimulatedBus, wanted: int) -> int:
    write(bus, Reg5.ADMIN_PASSWORD, wanted >> 8)
    write(bus, Reg5.ADMIN_COMMAND, wanted & 0xFF)
    busy = read(bus, Reg5.ADMIN_CONTEXT)
    bus.step(0.1)
    assert busy == 0xFE
    return read(bus, Reg5.ADMIN_CONTEXT)


def kinds(board: WittyPi5) -> list[str]:
    return [event.kind for event in board.events]


class TestMeasuring:
    def test_says_what_it_is(self, bus: SimulatedBus) -> None:
        assert [read(bus, r) for r in (Reg5.ID, Reg5.MAJOR, Reg5.MINOR)] == [0x51, 1, 4]

    def test_measures_voltages_in_steps_of_9_millivolts(self, bus: SimulatedBus, board: WittyPi5) -> None:
        seen = set()
        for millivolts in range(13000, 13060, 2):
            board.analog.vin_v = millivolts / 1000
            seen.add(pair(bus, Reg5.VIN))
        assert len(seen) in (7, 8)
        assert all(b - a in (8, 9) for a, b in pairwise(sorted(seen)))
        assert 0 <= 13000 - min(seen) < 9

    def test_measures_both_inputs_output_and_current(self, bus: SimulatedBus, board: WittyPi5) -> None:
        board.power_on()
        board.feed(input_v=12.5, output_v=5.15, output_a=0.63, temperature_c=20.0, usb_v=4.9)
        measured = [pair(bus, r) for r in (Reg5.VUSB, Reg5.VIN, Reg5.VOUT, Reg5.IOUT)]
        assert measured == pytest.approx([4900, 12500, 5150, 630], abs=9)

    def test_the_low_byte_is_of_the_moment_the_high_byte_was_read(
        self, bus: SimulatedBus, board: WittyPi5
    ) -> None:
        first = pair(bus, Reg5.VIN)
        board.analog.vin_v += 0.1
        assert read(bus, Reg5.VIN + 1) == first & 0xFF
        assert pair(bus, Reg5.VIN) != first

    def test_a_block_is_the_same_register_again_and_again(self, bus: SimulatedBus) -> None:
        assert bus.read_i2c_block_data(BOARD, Reg5.MAJOR, 4) == [1, 1, 1, 1]
        assert bus.read_word_data(BOARD, Reg5.MINOR) == 0x0404

    def test_a_block_that_is_written_is_taken_as_pairs_of_register_and_value(self, bus: SimulatedBus) -> None:
        bus.write_i2c_block_data(BOARD, Reg5.ALARM1, [7, 60, 9])
        assert read(bus, Reg5.ALARM1) == 7
        assert read(bus, Reg5.ALARM1 + 1) == 0
        assert read(bus, 60) == 0, "what no register is known for holds nothing"

    @pytest.mark.parametrize("celsius", [-12.5, 0.0, 31.0625])
    def test_the_temperature_is_of_sixteenths(
        self, bus: SimulatedBus, board: WittyPi5, celsius: float
    ) -> None:
        board.analog.temperature_c = celsius
        steps = pair(bus, Reg5.TMP112) >> 4
        assert (steps - 4096 if steps & 0x800 else steps) * 0.0625 == celsius

    def test_the_adjustments_are_kept_and_not_used(self, bus: SimulatedBus) -> None:
        before = pair(bus, Reg5.VIN)
        write(bus, Reg5.ADJ_VIN, 50)
        assert (read(bus, Reg5.ADJ_VIN), pair(bus, Reg5.VIN)) == (50, before)

    def test_the_top_bit_of_a_byte_may_be_wrong(self, bus: SimulatedBus, board: WittyPi5) -> None:
        board.glitches_every = 3
        assert [read(bus, Reg5.MAJOR) for _ in range(6)] == [1, 1, 0x81, 1, 1, 0x81]


class TestConfiguration:
    @pytest.fixture(autouse=True)
    def on(self, board: WittyPi5) -> None:
        board.power_on()

    def test_what_the_factory_sets(self, bus: SimulatedBus) -> None:
        wanted = {16: 0x51, 17: 255, 18: 15, 19: 10, 20: 100, 21: 0, 22: 0, 23: 0, 24: 0, 29: 0, 30: 1, 31: 1}
        wanted |= {54: 48, 55: 0}
        assert {r: read(bus, r) for r in wanted} == wanted

    @pytest.mark.parametrize("register", [Reg5.PRIORITY, Reg5.HOT_STANDBY])
    def test_two_valued_registers_take_nothing_else(self, bus: SimulatedBus, register: Reg5) -> None:
        write(bus, register, 1)
        write(bus, register, 7)
        assert read(bus, register) == 1

    def test_read_only_registers_stay(self, bus: SimulatedBus) -> None:
        write(bus, Reg5.ID, 9)
        assert read(bus, Reg5.ID) == 0x51

    def test_the_address_register_moves_nothing(self, bus: SimulatedBus, board: WittyPi5) -> None:
        write(bus, Reg5.ADDRESS, 0x52)
        bus.step(10.0)
        restart(bus, board)
        assert bus.addresses() == (BOARD,)
        assert read(bus, Reg5.ADDRESS) == 0x52

    def test_outlives_a_loss_of_power_once_it_is_saved(self, bus: SimulatedBus, board: WittyPi5) -> None:
        write(bus, Reg5.CUT_DELAY, 40)
        bus.step(10.0)
        write(bus, Reg5.CUT_DELAY, 50)
        restart(bus, board)
        assert read(bus, Reg5.CUT_DELAY) == 40, "the second was not saved yet"

    def test_is_not_saved_while_a_computer_has_the_disk_until_told(
        self, bus: SimulatedBus, board: WittyPi5
    ) -> None:
        board.memory.drive_in_use = True
        write(bus, Reg5.CUT_DELAY, 40)
        bus.step(60.0)
        assert board.eeprom_writes == 0
        assert command(bus, Admin.SYNC_CONFIGURATION) == 0
        restart(bus, board)
        assert read(bus, Reg5.CUT_DELAY) == 40

    def test_a_torn_file_is_the_factorys_again(self, bus: SimulatedBus, board: WittyPi5) -> None:
        write(bus, Reg5.DEFAULT_ON_DELAY, 5)
        bus.step(10.0)
        board.memory.tears_next_save = True
        write(bus, Reg5.CUT_DELAY, 40)
        bus.step(2.0)
        restart(bus, board)
        assert (read(bus, Reg5.DEFAULT_ON_DELAY), read(bus, Reg5.CUT_DELAY)) == (255, 15)

    def test_flash_is_written_only_for_changes(self, bus: SimulatedBus, board: WittyPi5) -> None:
        bus.step(10.0)
        before = board.eeprom_writes
        live_reads(bus)
        bus.step(10.0)
        assert board.eeprom_writes == before


def live_reads(bus: SimulatedBus) -> None:
    for register in range(104):
        read(bus, register)


def restart(bus: SimulatedBus, board: WittyPi5) -> None:
    """Take both inputs away and give the first back."""
    vin_v, board.analog.vin_v, board.analog.vusb_v = board.analog.vin_v, 0.0, 0.0
    bus.step(5.0)
    assert not board.powered
    board.analog.vin_v = vin_v
    bus.step(0.5)


class TestCommands:
    def test_reset_the_clock(self, bus: SimulatedBus, board: WittyPi5) -> None:
        assert command(bus, 0x387C) == 0
        assert read(bus, Reg5.RTC + 6) == 0
        assert board.clock_utc() is None

    def test_reset_the_configuration(self, bus: SimulatedBus) -> None:
        write(bus, Reg5.CUT_DELAY, 40)
        assert command(bus, 0x945B) == 0
        assert read(bus, Reg5.CUT_DELAY) == 15

    def test_load_and_purge_the_script(self, bus: SimulatedBus, board: WittyPi5) -> None:
        board.script = ((True, START + timedelta(hours=2)), (False, START + timedelta(hours=3)))
        assert command(bus, 0x9915) == 0
        assert read(bus, Reg5.MISC) & 1
        assert command(bus, 0xA260) == 0
        assert not read(bus, Reg5.MISC) & 1

    def test_others_are_refused_and_password_and_command_forgotten(self, bus: SimulatedBus) -> None:
        assert command(bus, 0x1234) != 0
        assert (read(bus, Reg5.ADMIN_PASSWORD), read(bus, Reg5.ADMIN_COMMAND)) == (0, 0)

    def test_bootsel_and_a_click_are_a_factory_reset(self, bus: SimulatedBus, board: WittyPi5) -> None:
        write(bus, Reg5.CUT_DELAY, 40)
        board.hold_bootsel()
        board.click()
        assert read(bus, Reg5.CUT_DELAY) == 15
        assert not board.rail_on, "the click did only that"

    def test_no_factory_reset_where_it_is_forbidden_or_too_late(
        self, bus: SimulatedBus, board: WittyPi5
    ) -> None:
        write(bus, Reg5.CUT_DELAY, 40)
        board.hold_bootsel()
        bus.step(6.0)
        board.click()
        write(bus, Reg5.FACTORY_RESET, 0)
        board.hold_bootsel()
        board.click()
        assert read(bus, Reg5.CUT_DELAY) == 40


class TestClock:
    def test_counts_and_has_the_weekday_as_a_bit(self, bus: SimulatedBus, board: WittyPi5) -> None:
        board.power_on()
        bus.step(61.0)
        shown = [read(bus, Reg5.RTC + i) for i in range(7)]
        assert shown == [0x01, 0x01, 0x12, 1 << 1, 0x01, 0x06, 0x26]  # a Monday

    def test_can_be_set_register_by_register(self, bus: SimulatedBus, board: WittyPi5) -> None:
        for i, value in enumerate((0x30, 0x59, 0x23, 1 << 4, 0x31, 0x12, 0x26)):
            write(bus, Reg5.RTC + i, value)
        assert board.clock_utc() == datetime(2026, 12, 31, 23, 59, 30, tzinfo=UTC)
        board.power_on()
        bus.step(31.0)
        assert board.clock_utc() == datetime(2027, 1, 1, 0, 0, 1, tzinfo=UTC)

    def test_runs_on_without_input_on_its_coin_cell(self, bus: SimulatedBus, board: WittyPi5) -> None:
        board.analog.vin_v = 0.0
        bus.step(3600.0)
        assert board.clock_utc() == START + timedelta(hours=1)

    def test_without_a_coin_cell_it_is_lost_and_says_so(self) -> None:
        board = WittyPi5(tunables=WittyPi5Tunables(coin_cell=False))
        board.rtc.set(START)
        bus = SimulatedBus({BOARD: board})
        assert not read(bus, Reg5.RTC + 14) & 2
        restart(bus, board)
        assert board.clock_utc() is None
        assert read(bus, Reg5.RTC + 14) & 2
        write(bus, Reg5.RTC + 14, 0)
        assert not read(bus, Reg5.RTC + 14) & 2


class TestStates:
    def test_a_node_is_starting_until_its_first_poll(self, bus: SimulatedBus, board: WittyPi5) -> None:
        assert (board.state, read(bus, Reg5.STATE)) == (State.OFF, 0)
        board.click()
        assert board.rail_on
        bus.step(10.0)
        assert read(bus, Reg5.STATE) == 1
        read(bus, Reg5.SHUTDOWN)
        assert read(bus, Reg5.STATE) == 2
        assert kinds(board) == ["on", "sys_up"]

    def test_or_until_it_writes_another_heartbeat(self, bus: SimulatedBus, board: WittyPi5) -> None:
        board.click()
        write(bus, Reg5.HEARTBEAT, 0)
        assert read(bus, Reg5.STATE) == 1, "not another"
        write(bus, Reg5.HEARTBEAT, 1)
        assert read(bus, Reg5.STATE) == 2

    def test_or_for_half_a_minute(self, bus: SimulatedBus, board: WittyPi5) -> None:
        board.click()
        bus.step(29.5)
        assert state(board) is State.STARTING
        bus.step(1.0)
        assert state(board) is State.ON

    def test_a_starting_node_is_not_asked_to_go(self, bus: SimulatedBus, board: WittyPi5) -> None:
        board.click()
        bus.step(5.0)
        board.click()
        write(bus, Reg5.SHUTDOWN, 2)
        assert state(board) is State.STARTING

    def test_each_poll_counts_a_heartbeat_but_not_twice_within_half_a_second(self, bus: SimulatedBus) -> None:
        before = read(bus, Reg5.HEARTBEAT)
        read(bus, Reg5.SHUTDOWN)
        read(bus, Reg5.SHUTDOWN)
        assert read(bus, Reg5.HEARTBEAT) == before + 1
        bus.step(0.6)
        read(bus, Reg5.SHUTDOWN)
        assert read(bus, Reg5.HEARTBEAT) == before + 2

    def test_the_button_asks_the_node_to_go_and_the_cut_comes_whatever_it_does(
        self, bus: SimulatedBus, board: WittyPi5
    ) -> None:
        boot(bus, board)
        board.press()
        assert state(board) is State.ON, "what counts is letting go"
        board.release()
        assert board.asks_to_go
        assert read(bus, Reg5.SHUTDOWN) == 1
        assert read(bus, Reg5.REASON) == Reason5.CLICK << 4 | Reason5.CLICK
        live(bus, 14.0)
        assert board.rail_on
        live(bus, 2.0)
        assert not board.rail_on
        assert kinds(board)[-2:] == ["request", "cut"]

    def test_a_request_that_was_cleared_is_kept_all_the_same(
        self, bus: SimulatedBus, board: WittyPi5
    ) -> None:
        boot(bus, board)
        board.click()
        write(bus, Reg5.SHUTDOWN, 0)
        assert read(bus, Reg5.SHUTDOWN) == 0
        bus.step(16.0)
        assert not board.rail_on

    def test_the_node_says_that_it_powers_off(self, bus: SimulatedBus, board: WittyPi5) -> None:
        boot(bus, board)
        write(bus, Reg5.CUT_DELAY, 60)
        write(bus, Reg5.SHUTDOWN, 2)
        assert read(bus, Reg5.STATE) == 3
        assert read(bus, Reg5.REASON) & 0x0F == 11
        bus.step(59.0)
        assert board.rail_on
        assert board.cut_in_s == pytest.approx(1.0)
        bus.step(1.1)
        assert not board.rail_on
        assert board.cut_in_s is None

    def test_the_node_says_that_it_reboots(self, bus: SimulatedBus, board: WittyPi5) -> None:
        boot(bus, board)
        write(bus, Reg5.SHUTDOWN, 3)
        bus.step(15.5)
        assert not board.rail_on
        bus.step(1.0)
        assert board.rail_on
        assert read(bus, Reg5.REASON) == 9 << 4 | 12


class TestWatchdog:
    def test_is_off_from_the_factory(self, bus: SimulatedBus, board: WittyPi5) -> None:
        boot(bus, board)
        bus.step(3600.0)
        assert state(board) is State.ON

    def test_cycles_the_power_after_more_misses_than_allowed_of_a_minute_each(
        self, bus: SimulatedBus, board: WittyPi5
    ) -> None:
        boot(bus, board)
        write(bus, Reg5.WATCHDOG, 2)
        bus.step(121.0)
        assert read(bus, Reg5.MISSED_HEARTBEATS) == 2
        assert state(board) is State.ON
        bus.step(60.0)
        assert state(board) is State.STOPPING
        bus.step(17.0)
        assert state(board) is State.STARTING
        assert read(bus, Reg5.REASON) == 9 << 4 | 10
        assert kinds(board)[-3:] == ["watchdog", "cut", "on"]

    def test_is_fed_by_polling(self, bus: SimulatedBus, board: WittyPi5) -> None:
        boot(bus, board)
        write(bus, Reg5.WATCHDOG, 1)
        live(bus, 600.0)
        assert state(board) is State.ON
        assert read(bus, Reg5.MISSED_HEARTBEATS) == 0

    def test_cycles_a_node_that_never_came_up(self, bus: SimulatedBus, board: WittyPi5) -> None:
        write(bus, Reg5.WATCHDOG, 1)
        board.click()
        bus.step(121.0)
        assert state(board) is State.STOPPING


class TestInputs:
    def test_usb_comes_first_unless_told_otherwise(self, bus: SimulatedBus, board: WittyPi5) -> None:
        board.analog.vusb_v = 5.1
        boot(bus, board)
        assert read(bus, Reg5.POWER_MODE) == 0
        write(bus, Reg5.PRIORITY, 1)
        bus.step(1.0)
        assert read(bus, Reg5.POWER_MODE) == 1

    @pytest.mark.parametrize(
        ("vin_v", "vusb_v", "starts"), [(4.95, 4.7, False), (5.05, 0.0, True), (0.0, 4.8, True)]
    )
    def test_needs_5_volts_or_four_and_three_quarters_at_usb(
        self, bus: SimulatedBus, board: WittyPi5, vin_v: float, vusb_v: float, starts: bool
    ) -> None:
        board.analog.vin_v, board.analog.vusb_v = vin_v, vusb_v
        board.click()
        assert board.rail_on is starts

    def test_nothing_feeds_a_node_that_is_off(self, bus: SimulatedBus) -> None:
        assert read(bus, Reg5.POWER_MODE) == 255

    def test_losing_usb_is_a_gap_without_hot_standby(self, bus: SimulatedBus, board: WittyPi5) -> None:
        board.analog.vusb_v = 5.1
        boot(bus, board)
        board.analog.vusb_v = 0.0
        assert not board.rail_on
        bus.step(1.0)
        assert board.rail_on

    def test_losing_usb_is_not_felt_with_hot_standby(self, bus: SimulatedBus, board: WittyPi5) -> None:
        board.analog.vusb_v = 5.1
        write(bus, Reg5.HOT_STANDBY, 1)
        boot(bus, board)
        board.analog.vusb_v = 0.0
        assert board.rail_on

    def test_a_low_input_has_the_node_asked_to_go(self, bus: SimulatedBus, board: WittyPi5) -> None:
        write(bus, Reg5.LOW_VOLTAGE, 120)
        boot(bus, board)
        board.analog.vin_v = 11.9
        bus.step(1.0)
        assert state(board) is State.STOPPING
        assert read(bus, Reg5.REASON) & 0x0F == 4

    def test_a_low_voltage_of_0_is_none_but_5_volts_are_needed(
        self, bus: SimulatedBus, board: WittyPi5
    ) -> None:
        boot(bus, board)
        board.analog.vin_v = 5.05
        bus.step(5.0)
        assert state(board) is State.ON
        board.analog.vin_v = 4.9
        bus.step(1.0)
        assert state(board) is State.STOPPING


class TestRecovery:
    @pytest.fixture
    def low(self, bus: SimulatedBus, board: WittyPi5) -> None:
        write(bus, Reg5.LOW_VOLTAGE, 120)
        write(bus, Reg5.RECOVERY_VOLTAGE, 130)
        boot(bus, board)

    def drop(self, bus: SimulatedBus, board: WittyPi5) -> None:
        board.analog.vin_v = 11.9
        bus.step(20.0)
        assert state(board) is State.OFF

    @pytest.mark.usefixtures("low")
    def test_wakes_after_a_drop_within_a_pulse(self, bus: SimulatedBus, board: WittyPi5) -> None:
        self.drop(bus, board)
        board.analog.vin_v = 12.95
        bus.step(60.0)
        assert state(board) is State.OFF
        board.analog.vin_v = 13.05
        bus.step(10.5)
        assert state(board) is State.STARTING
        assert read(bus, Reg5.REASON) >> 4 == 5

    @pytest.mark.usefixtures("low")
    def test_does_not_wake_after_any_other_shut_down(self, bus: SimulatedBus, board: WittyPi5) -> None:
        sleep(bus, board)
        board.analog.vin_v = 14.0
        bus.step(600.0)
        assert state(board) is State.OFF

    @pytest.mark.usefixtures("low")
    def test_does_not_wake_before_a_pending_alarm(self, bus: SimulatedBus, board: WittyPi5) -> None:
        set_alarm(bus, START + timedelta(hours=2))
        self.drop(bus, board)
        board.analog.vin_v = 14.0
        bus.step(3600.0)
        assert state(board) is State.OFF
        bus.step(3600.0)
        assert read(bus, Reg5.REASON) >> 4 == 1

    @pytest.mark.usefixtures("low")
    def test_is_forgotten_with_the_boards_own_power(self, bus: SimulatedBus, board: WittyPi5) -> None:
        self.drop(bus, board)
        restart(bus, board)
        board.analog.vin_v = 14.0
        bus.step(600.0)
        assert state(board) is State.OFF


class TestPowerConnected:
    def test_does_nothing_from_the_factory(self, bus: SimulatedBus, board: WittyPi5) -> None:
        bus.step(10.0)
        restart(bus, board)
        bus.step(600.0)
        assert state(board) is State.OFF

    def test_starts_the_node_after_the_delay(self, bus: SimulatedBus, board: WittyPi5) -> None:
        write(bus, Reg5.DEFAULT_ON_DELAY, 5)
        bus.step(10.0)
        restart(bus, board)
        bus.step(4.0)
        assert not board.rail_on
        bus.step(1.0)
        assert board.rail_on
        assert read(bus, Reg5.REASON) == 8 << 4

    def test_holds_the_alarm_again(self, bus: SimulatedBus, board: WittyPi5) -> None:
        set_alarm(bus, START + timedelta(hours=1))
        bus.step(10.0)
        restart(bus, board)
        bus.step(3600.0)
        assert read(bus, Reg5.REASON) >> 4 == 1
