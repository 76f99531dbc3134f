"""Boards with firmware before revision 7, and boards that were moved to another address."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from edgepi.errors import BusError
from edgepi.sim.bus import SimulatedBus
from edgepi.sim.chips import Reason, Reg, WittyPi4, WittyPi4Tunables

HOUR_S = 3600


def asleep(revision: int) -> WittyPi4:
    board = WittyPi4(tunables=WittyPi4Tunables(revision=revision))
    board.set_clock(datetime(2026, 6, 1, 12, tzinfo=UTC))
    board.write(Reg.GUARANTEED_WAKE, 1)
    board.step(1.0)
    return board


@pytest.mark.parametrize(("revision", "wakes"), [(6, False), (7, True)])
def test_the_guaranteed_wake_came_with_revision_seven(revision: int, wakes: bool) -> None:
    board = asleep(revision)
    assert board.read(Reg.REVISION) == revision
    for _ in range(HOUR_S + 10):
        board.step(1.0)
    assert board.rail_on is wakes


def test_older_firmware_gives_no_reason_for_a_connected_input() -> None:
    board = asleep(6)
    board.power_on()
    assert board.memory[Reg.REASON] == Reason.NONE


@pytest.mark.parametrize(("revision", "on"), [(6, False), (7, True)])
def test_older_firmware_heeds_a_low_voltage_at_once(revision: int, on: bool) -> None:
    board = asleep(revision)
    board.write(Reg.LOW_VOLTAGE, 115)
    board.power_on()
    board.set_txd(True)
    for _ in range(5):
        board.step(1.0)
    board.set_sys_up(True)
    board.set_sys_up(False)
    board.analog.vin_v = 11.0
    for _ in range(20):
        board.step(1.0)
    assert board.rail_on is on


def test_a_board_answers_at_the_address_of_its_register() -> None:
    board = WittyPi4()
    board.write(Reg.ADDRESS, 0x2A)
    bus = SimulatedBus()
    board.attach(bus)
    assert bus.read_byte_data(0x2A, Reg.ID) == 0x26
    with pytest.raises(BusError):
        bus.read_byte_data(0x08, Reg.ID)


@pytest.mark.parametrize("address", [0x00, 0x07, 0x78, 0xFF])
def test_an_address_that_cannot_be_is_not_taken(address: int) -> None:
    board = WittyPi4()
    board.write(Reg.ADDRESS, address)
    bus = SimulatedBus()
    board.attach(bus)
    assert bus.read_byte_data(0x08, Reg.ID) == 0x26
