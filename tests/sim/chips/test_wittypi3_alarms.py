"""What wakes a Witty Pi 3, and what keeps it from it."""

from __future__ import annotations

import pytest

from edgepi.sim.bus import SimulatedBus
from edgepi.sim.chips.powerboard import GPIO4, TXD
from edgepi.sim.chips.wittypi3 import WittyPi3
from edgepi.sim.chips.wittypi3_registers import Reg3

from .test_wittypi3 import (
    ALARM2,
    BOARD,
    CLOCK,
    CONTROL,
    STATUS,
    alarm,
    board,
    bus,
    falls,
    feed,
    halt,
    kinds,
    passes,
    up,
)

__all__ = ["board", "bus", "falls"]

LOW, RECOVERY = Reg3.LOW_VOLTAGE, Reg3.RECOVERY_VOLTAGE


def low_voltage_shut_down(board: WittyPi3, bus: SimulatedBus, *, low: int, recovery: int) -> None:
    bus.write_byte_data(BOARD, LOW, low)
    bus.write_byte_data(BOARD, RECOVERY, recovery)
    up(board)
    feed(board, 11.0)
    passes(bus, 2.0)
    halt(board)


def test_the_alarm_of_the_clock_wakes_the_node(board: WittyPi3, bus: SimulatedBus) -> None:
    up(board)
    alarm(bus, 0x00, 0x10)
    halt(board)
    passes(bus, 590.0)
    assert not board.rail_on
    passes(bus, 5.0)
    assert board.rail_on
    assert board.reason() == "alarm1"
    assert bus.read_byte_data(CLOCK, STATUS) & 1, "who looks sees what woke it"


def test_an_alarm_in_the_past_comes_next_month(board: WittyPi3, bus: SimulatedBus) -> None:
    up(board)
    alarm(bus, 0x00, 0x59, 0x11)
    halt(board)
    passes(bus, 3600.0)
    assert not board.rail_on


def test_an_alarm_that_comes_while_the_node_has_power_pulses_gpio4_and_starts_it_after_the_cut(
    board: WittyPi3, bus: SimulatedBus, falls: list[int]
) -> None:
    up(board)
    alarm(bus, 0x10, 0x00)
    passes(bus, 15.0)
    assert falls == [GPIO4]
    assert "request" not in kinds(board)
    halt(board)
    passes(bus, 4.1)
    assert board.rail_on


def test_while_the_flag_is_up_each_change_of_txd_pulses_gpio4(
    board: WittyPi3, bus: SimulatedBus, falls: list[int]
) -> None:
    up(board)
    alarm(bus, 0x10, 0x00)
    passes(bus, 11.0)
    falls.clear()
    board.set_line(TXD, high=False)
    passes(bus, 0.1)
    board.set_line(TXD, high=True)
    assert falls == [GPIO4, GPIO4]
    bus.write_byte_data(CLOCK, STATUS, 0)
    passes(bus, 10.0)
    falls.clear()
    board.set_line(TXD, high=False)
    assert falls == []


def test_an_alarm_that_is_not_switched_on_wakes_nobody(board: WittyPi3, bus: SimulatedBus) -> None:
    up(board)
    alarm(bus, 0x00, 0x10)
    bus.write_byte_data(CLOCK, CONTROL, 0x04)
    halt(board)
    passes(bus, 900.0)
    assert not board.rail_on


def test_alarm_2_asks_a_node_that_is_up_and_does_not_cut(
    board: WittyPi3, bus: SimulatedBus, falls: list[int]
) -> None:
    up(board)
    bus.write_byte_data(CLOCK, CONTROL, 0x07)
    for register, value in enumerate((0x01, 0x12, 0x01), start=ALARM2):
        bus.write_byte_data(CLOCK, register, value)
    passes(bus, 61.0)
    assert falls == [GPIO4]
    assert board.reason() == "alarm2"
    passes(bus, 600.0)
    assert board.rail_on


def test_a_missed_alarm_leaves_no_flag(board: WittyPi3, bus: SimulatedBus) -> None:
    up(board)
    alarm(bus, 0x00, 0x10)
    halt(board)
    board.alarms_to_miss = 1
    passes(bus, 900.0)
    assert not board.rail_on
    assert "alarm_lost" in kinds(board)
    assert not bus.read_byte_data(CLOCK, STATUS) & 1
    assert board.alarms_to_miss == 0


def test_a_lost_clock_has_lost_its_alarm(board: WittyPi3, bus: SimulatedBus) -> None:
    up(board)
    alarm(bus, 0x00, 0x10)
    halt(board)
    board.lose_clock()
    passes(bus, 3600.0)
    assert not board.rail_on
    assert bus.read_byte_data(CLOCK, STATUS) & 0x80


def test_low_voltage_asks_once_and_waits_for_the_halt(
    board: WittyPi3, bus: SimulatedBus, falls: list[int]
) -> None:
    bus.write_byte_data(BOARD, LOW, 116)
    up(board)
    feed(board, 11.0)
    passes(bus, 600.0)
    assert falls == [GPIO4]
    assert bus.read_byte_data(BOARD, Reg3.LV_SHUTDOWN) == 1
    assert board.rail_on


def test_low_voltage_counts_only_above_the_output(board: WittyPi3, bus: SimulatedBus) -> None:
    bus.write_byte_data(BOARD, LOW, 116)
    feed(board, 5.0)
    up(board)
    passes(bus, 60.0)
    assert bus.read_byte_data(BOARD, Reg3.LV_SHUTDOWN) == 0


@pytest.mark.parametrize(("code", "interval_s"), [(6, 1), (7, 2), (8, 4), (9, 8), (10, 4), (200, 4)])
def test_recovery_is_looked_for_at_each_pulse(
    board: WittyPi3, bus: SimulatedBus, code: int, interval_s: int
) -> None:
    bus.write_byte_data(BOARD, Reg3.PULSE_INTERVAL, code)
    bus.write_byte_data(BOARD, Reg3.DUMMY_LOAD, 10)
    low_voltage_shut_down(board, bus, low=116, recovery=130)
    assert board._v.asleep
    looked = board._v.dummy_loads
    passes(bus, 80.0)
    assert board._v.dummy_loads - looked == 80 // interval_s
    assert not board.rail_on
    feed(board, 13.2)
    passes(bus, interval_s + 0.1)
    assert board.rail_on
    assert board.reason() == "voltage restored"
    assert bus.read_byte_data(BOARD, Reg3.LV_SHUTDOWN) == 1, "until the node says that it is up"
    up(board)
    assert bus.read_byte_data(BOARD, Reg3.LV_SHUTDOWN) == 0


def test_recovery_wakes_from_no_planned_shut_down(board: WittyPi3, bus: SimulatedBus) -> None:
    bus.write_byte_data(BOARD, LOW, 116)
    bus.write_byte_data(BOARD, RECOVERY, 120)
    up(board)
    halt(board)
    passes(bus, 60.0)
    assert not board.rail_on


def test_with_low_voltage_off_recovery_wakes_from_any_shut_down(board: WittyPi3, bus: SimulatedBus) -> None:
    bus.write_byte_data(BOARD, RECOVERY, 120)
    up(board)
    halt(board)
    passes(bus, 5.0)
    assert board.rail_on


def test_an_alarm_during_low_voltage_waits_for_the_voltage(board: WittyPi3, bus: SimulatedBus) -> None:
    bus.write_byte_data(BOARD, LOW, 116)
    bus.write_byte_data(BOARD, RECOVERY, 125)
    up(board)
    alarm(bus, 0x00, 0x10)
    halt(board)
    feed(board, 11.0)
    passes(bus, 3600.0)
    assert not board.rail_on
    feed(board, 12.0)
    passes(bus, 60.0)
    assert not board.rail_on, "it is in low voltage now, so the recovery voltage counts"
    feed(board, 12.8)
    passes(bus, 5.0)
    assert board.rail_on


def test_without_recovery_voltage_an_alarm_wakes_at_any_voltage(board: WittyPi3, bus: SimulatedBus) -> None:
    bus.write_byte_data(BOARD, LOW, 116)
    up(board)
    alarm(bus, 0x00, 0x10)
    halt(board)
    feed(board, 11.0)
    passes(bus, 600.0)
    assert board.rail_on


def test_after_a_low_voltage_shut_down_an_alarm_waits_until_above_the_low_voltage(
    board: WittyPi3, bus: SimulatedBus
) -> None:
    alarm(bus, 0x00, 0x10)
    low_voltage_shut_down(board, bus, low=116, recovery=255)
    passes(bus, 3600.0)
    assert not board.rail_on
    feed(board, 11.9)
    passes(bus, 5.0)
    assert board.rail_on


def test_fed_by_5_v_an_alarm_wakes_whatever_the_voltage(board: WittyPi3, bus: SimulatedBus) -> None:
    bus.write_byte_data(BOARD, LOW, 116)
    bus.write_byte_data(BOARD, RECOVERY, 125)
    feed(board, 5.0)
    up(board)
    alarm(bus, 0x00, 0x10)
    halt(board)
    passes(bus, 600.0)
    assert board.rail_on
