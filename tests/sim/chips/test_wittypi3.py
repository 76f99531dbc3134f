from __future__ import annotations

from datetime import UTC, datetime

import pytest

from edgepi.errors import BusError
from edgepi.sim.bus import SimulatedBus
from edgepi.sim.chips.powerboard import GPIO4, SYS_UP, TXD
from edgepi.sim.chips.wittypi3 import WittyPi3
from edgepi.sim.chips.wittypi3_registers import Reg3

BOARD, CLOCK = 0x69, 0x68
ALARM1, ALARM2, CONTROL, STATUS = 0x07, 0x0B, 0x0E, 0x0F
NOON = datetime(2026, 6, 1, 12, 0, 0, tzinfo=UTC)


@pytest.fixture
def board() -> WittyPi3:
    chip = WittyPi3()
    chip.set_clock(NOON)
    feed(chip, 12.8)
    return chip


@pytest.fixture
def bus(board: WittyPi3) -> SimulatedBus:
    made = SimulatedBus()
    board.attach(made)
    return made


@pytest.fixture
def falls(board: WittyPi3) -> list[int]:
    """Each fall of GPIO4."""
    seen: list[int] = []
    board.on_line = lambda pin, high: None if high else seen.append(pin)
    return seen


def feed(board: WittyPi3, input_v: float) -> None:
    board.feed(input_v=input_v, output_v=5.1, output_a=0.5, temperature_c=20.0)


def up(board: WittyPi3) -> None:
    """Start the node: its system comes up and says so."""
    board.power_on()
    board.set_line(TXD, high=True)
    board.set_line(SYS_UP, high=True)
    board.set_line(SYS_UP, high=False)


def halt(board: WittyPi3) -> None:
    board.set_line(TXD, high=False)
    board.step(6.0)
    assert not board.rail_on


def alarm(bus: SimulatedBus, second: int, minute: int, hour: int = 0x12, day: int = 1) -> None:
    """Set the wake alarm as the vendor's software does; the numbers are decimal digits."""
    bus.write_byte_data(CLOCK, CONTROL, 0x07)
    for register, value in enumerate((second, minute, hour, day), start=ALARM1):
        bus.write_byte_data(CLOCK, register, value)


def kinds(board: WittyPi3) -> list[str]:
    return [event.kind for event in board.events]


def passes(bus: SimulatedBus, seconds: float) -> None:
    bus.step(seconds)


class TestRegisters:
    def test_from_the_factory(self, bus: SimulatedBus) -> None:
        held = [bus.read_byte_data(BOARD, register) for register in range(9, 20)]
        assert bus.read_byte_data(BOARD, 0) == 0x24
        assert held == [0x69, 0, 8, 255, 100, 50, 255, 0, 20, 20, 0]

    def test_quantities_are_whole_and_hundredths_in_steps(self, board: WittyPi3, bus: SimulatedBus) -> None:
        up(board)
        whole, centi = bus.read_byte_data(BOARD, 1), bus.read_byte_data(BOARD, 2)
        assert whole + centi / 100 == pytest.approx(12.8, abs=0.0613)
        whole, centi = bus.read_byte_data(BOARD, 3), bus.read_byte_data(BOARD, 4)
        assert whole + centi / 100 == pytest.approx(5.1, abs=0.0613)
        whole, centi = bus.read_byte_data(BOARD, 5), bus.read_byte_data(BOARD, 6)
        assert whole + centi / 100 == pytest.approx(0.5, abs=0.0215)

    def test_hundredths_are_those_of_the_last_time_the_whole_was_read(
        self, board: WittyPi3, bus: SimulatedBus
    ) -> None:
        assert bus.read_byte_data(BOARD, 2) == 0
        feed(board, 12.0)
        bus.read_byte_data(BOARD, 1)
        before = bus.read_byte_data(BOARD, 2)
        feed(board, 13.4)
        assert bus.read_byte_data(BOARD, 2) == before

    def test_adjustments_above_127_count_down_from_128(self, board: WittyPi3, bus: SimulatedBus) -> None:
        board.memory[Reg3.ADJ_VIN] = 0
        bus.read_byte_data(BOARD, 1)
        plain = bus.read_byte_data(BOARD, 1) + bus.read_byte_data(BOARD, 2) / 100
        bus.write_byte_data(BOARD, Reg3.ADJ_VIN, 178)
        less = bus.read_byte_data(BOARD, 1) + bus.read_byte_data(BOARD, 2) / 100
        assert plain - less == pytest.approx(0.5, abs=0.011)

    def test_reading_wears_nothing_and_only_settings_are_kept(
        self, board: WittyPi3, bus: SimulatedBus
    ) -> None:
        before = board.eeprom_writes
        for input_v in (11.0, 12.0, 13.0):
            feed(board, input_v)
            for register in range(20):
                bus.read_byte_data(BOARD, register)
        bus.write_byte_data(BOARD, Reg3.LV_SHUTDOWN, 1)
        assert board.eeprom_writes == before
        bus.write_byte_data(BOARD, Reg3.LOW_VOLTAGE, 116)
        assert board.eeprom_writes == before + 1
        feed(board, 0.0)
        board.step(1.0)
        feed(board, 12.8)
        board.step(1.0)
        assert bus.read_byte_data(BOARD, Reg3.LOW_VOLTAGE) == 116
        assert bus.read_byte_data(BOARD, Reg3.LV_SHUTDOWN) == 0

    def test_a_stored_255_counts_as_never_set(self, board: WittyPi3, bus: SimulatedBus) -> None:
        bus.write_byte_data(BOARD, Reg3.CUT_DELAY, 255)
        assert bus.read_byte_data(BOARD, Reg3.CUT_DELAY) == 255
        feed(board, 0.0)
        board.step(1.0)
        feed(board, 12.8)
        board.step(1.0)
        assert bus.read_byte_data(BOARD, Reg3.CUT_DELAY) == 50

    def test_a_block_has_one_byte(self, bus: SimulatedBus) -> None:
        assert bus.read_i2c_block_data(BOARD, 0, 3) == [0x24, 0xFF, 0xFF]
        bus.write_i2c_block_data(BOARD, Reg3.LOW_VOLTAGE, [116, 7])
        assert bus.read_byte_data(BOARD, Reg3.BLINK_LED) == 100

    @pytest.mark.parametrize(("held", "answers"), [(0x70, 0x70), (0x05, 0x69), (0x78, 0x69)])
    def test_it_answers_at_the_address_it_holds_if_that_is_a_usual_one(self, held: int, answers: int) -> None:
        board = WittyPi3()
        board.memory[Reg3.ADDRESS] = held
        bus = SimulatedBus()
        board.attach(bus)
        assert bus.addresses() == (CLOCK, answers)

    @pytest.mark.parametrize(("input_v", "mode"), [(12.8, 1), (5.0, 0)])
    def test_power_mode_is_1_while_the_input_is_above_the_output(
        self, board: WittyPi3, bus: SimulatedBus, input_v: float, mode: int
    ) -> None:
        feed(board, input_v)
        up(board)
        assert bus.read_byte_data(BOARD, Reg3.POWER_MODE) == mode

    def test_without_input_nothing_answers_and_the_clock_runs_on(
        self, board: WittyPi3, bus: SimulatedBus
    ) -> None:
        feed(board, 0.0)
        bus.step(60.0)
        for address in (BOARD, CLOCK):
            with pytest.raises(BusError):
                bus.read_byte_data(address, 0)
        assert board.clock_utc() == NOON.replace(minute=1)


class TestSwitch:
    def test_it_cuts_after_its_delay_once_the_node_has_halted(
        self, board: WittyPi3, bus: SimulatedBus
    ) -> None:
        up(board)
        board.set_line(TXD, high=False)
        assert board.cut_in_s == pytest.approx(5.0)
        passes(bus, 4.9)
        assert board.rail_on
        passes(bus, 0.2)
        assert not board.rail_on

    def test_a_delay_longer_than_its_timer_is_counted_in_parts(
        self, board: WittyPi3, bus: SimulatedBus
    ) -> None:
        bus.write_byte_data(BOARD, Reg3.CUT_DELAY, 254)
        up(board)
        board.set_line(TXD, high=False)
        assert board.cut_in_s == pytest.approx(25.4)
        passes(bus, 25.3)
        assert board.rail_on
        passes(bus, 0.2)
        assert not board.rail_on

    def test_it_never_cuts_a_node_that_did_not_say_it_is_up(self, board: WittyPi3, bus: SimulatedBus) -> None:
        board.power_on()
        board.set_line(TXD, high=True)
        board.set_line(TXD, high=False)
        passes(bus, 600.0)
        assert board.rail_on

    def test_a_reboot_is_not_cut_and_must_say_again_that_it_is_up(
        self, board: WittyPi3, bus: SimulatedBus
    ) -> None:
        up(board)
        board.set_line(TXD, high=False)
        passes(bus, 3.0)
        board.set_line(TXD, high=True)
        passes(bus, 3.0)
        assert board.rail_on
        assert "reboot_seen" in kinds(board)
        board.set_line(TXD, high=False)
        passes(bus, 60.0)
        assert board.rail_on

    def test_held_high_txd_keeps_it_on(self, board: WittyPi3, bus: SimulatedBus) -> None:
        up(board)
        board.txd_held_high = True
        board.set_line(TXD, high=False)
        passes(bus, 600.0)
        assert board.rail_on

    def test_a_click_starts_the_node_and_later_only_asks(
        self, board: WittyPi3, bus: SimulatedBus, falls: list[int]
    ) -> None:
        board.click()
        assert board.rail_on
        assert board.reason() == "click"
        up(board)
        falls.clear()
        board.click()
        assert falls == [GPIO4]
        passes(bus, 600.0)
        assert board.rail_on, "it waits for TXD, however long"

    @pytest.mark.parametrize(("delay", "after_s"), [(50, 5.0), (254, 8.3)])
    def test_holding_the_button_cuts_by_force(
        self, board: WittyPi3, bus: SimulatedBus, delay: int, after_s: float
    ) -> None:
        bus.write_byte_data(BOARD, Reg3.CUT_DELAY, delay)
        up(board)
        board.press()
        passes(bus, after_s - 0.1)
        assert board.rail_on
        passes(bus, 0.2)
        assert not board.rail_on
        board.release()
        passes(bus, 60.0)
        assert not board.rail_on
        board.click()
        assert board.rail_on

    @pytest.mark.parametrize("default_on", [0, 1])
    def test_input_starts_the_node_only_by_default_on(
        self, board: WittyPi3, bus: SimulatedBus, default_on: int
    ) -> None:
        bus.write_byte_data(BOARD, Reg3.DEFAULT_ON, default_on)
        feed(board, 0.0)
        passes(bus, 1.0)
        feed(board, 12.8)
        passes(bus, 30.0)
        assert board.rail_on is bool(default_on)
