from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from edgepi.sim.bus import SimulatedBus
from edgepi.sim.chips.wittypi4_l3v7 import CHARGING, FULL, WittyPi4L3V7
from edgepi.sim.chips.wittypi4_registers import Reason, Reg

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def feed(board: WittyPi4L3V7, cell_v: float, usb_v: float = 0.0) -> None:
    board.feed(input_v=cell_v, output_v=5.1, output_a=0.4, temperature_c=20.0, usb_v=usb_v)


def pass_time(board: WittyPi4L3V7, seconds: int) -> None:
    for _ in range(seconds):
        board.step(1.0)


@pytest.fixture
def board() -> WittyPi4L3V7:
    """A board that has just switched the node on, on its cell."""
    chip = WittyPi4L3V7()
    feed(chip, 3.8)
    chip.set_clock(NOW)
    chip.power_on()
    chip.set_txd(True)
    return chip


def up(board: WittyPi4L3V7) -> None:
    pass_time(board, 5)
    board.set_sys_up(True)
    board.set_sys_up(False)


def down(board: WittyPi4L3V7) -> None:
    board.set_txd(False)
    pass_time(board, 10)
    assert not board.rail_on


def test_it_has_an_identity_and_a_low_voltage_of_its_own(board: WittyPi4L3V7) -> None:
    bus = SimulatedBus()
    board.attach(bus)
    assert bus.read_byte_data(0x08, Reg.ID) == 0x37
    assert bus.read_byte_data(0x08, Reg.LOW_VOLTAGE) == 31


def test_the_power_mode_says_what_feeds_it(board: WittyPi4L3V7) -> None:
    assert board.read(Reg.POWER_MODE) == 2
    assert board.read(Reg.VIN) == 3
    feed(board, 3.8, usb_v=5.0)
    assert board.read(Reg.POWER_MODE) == 0
    assert board.read(Reg.VIN) + board.read(Reg.VIN_CENTI) / 100 == pytest.approx(5.0, abs=0.07)


def test_two_lines_say_whether_the_cell_is_charged(board: WittyPi4L3V7) -> None:
    told: list[tuple[int, bool]] = []
    board.on_line = lambda pin, high: told.append((pin, high))
    assert board.lines()[CHARGING]
    assert board.lines()[FULL]
    feed(board, 3.9, usb_v=5.0)
    assert told == [(CHARGING, False)]
    feed(board, 4.2, usb_v=5.0)
    assert told[1:] == [(CHARGING, True), (FULL, False)]


def test_usb_power_that_comes_back_wakes_the_node(board: WittyPi4L3V7) -> None:
    up(board)
    down(board)
    pass_time(board, 60)
    feed(board, 3.8, usb_v=5.0)
    pass_time(board, 5)
    assert board.rail_on
    assert board.memory[Reg.REASON] == Reason.USB_CONNECTED


def test_usb_power_that_was_there_all_the_time_wakes_nobody(board: WittyPi4L3V7) -> None:
    feed(board, 3.8, usb_v=5.0)
    up(board)
    down(board)
    pass_time(board, 600)
    assert not board.rail_on


def test_zero_in_the_recovery_register_leaves_the_node_asleep(board: WittyPi4L3V7) -> None:
    board.write(Reg.RECOVERY_VOLTAGE, 0)
    up(board)
    down(board)
    pass_time(board, 10)
    feed(board, 3.8, usb_v=5.0)
    pass_time(board, 60)
    assert not board.rail_on


def test_an_empty_cell_shuts_the_node_down_but_not_on_usb(board: WittyPi4L3V7) -> None:
    up(board)
    feed(board, 2.9, usb_v=5.0)
    pass_time(board, 300)
    assert board.rail_on
    feed(board, 2.9)
    pass_time(board, 15)
    assert not board.rail_on
    assert board.memory[Reg.REASON] == Reason.LOW_VOLTAGE


def test_an_alarm_on_an_empty_cell_is_lost(board: WittyPi4L3V7) -> None:
    up(board)
    due = NOW + timedelta(minutes=3)
    board.write(Reg.ALARM1 + 1, int(f"{due.minute}", 16))
    board.write(Reg.ALARM1 + 2, int(f"{due.hour}", 16))
    board.write(Reg.ALARM1 + 3, due.day)
    down(board)
    feed(board, 2.9)
    pass_time(board, 300)
    assert not board.rail_on
    assert "alarm_lost" in [event.kind for event in board.events]


def test_it_is_the_same_after_the_world_was_saved(board: WittyPi4L3V7) -> None:
    feed(board, 3.9, usb_v=5.0)
    again = WittyPi4L3V7.from_dict(board.to_dict())
    assert again.lines() == board.lines()
    assert again.to_dict() == board.to_dict()
