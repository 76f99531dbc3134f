"""What every simulated power board must do for the world."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from edgepi.errors import WorldError
from edgepi.sim.bus import SimulatedBus
from edgepi.sim.chips.boards import BOARDS, board_class
from edgepi.sim.chips.powerboard import GPIO4, TXD, BoardEvent, PowerBoard

NOW = datetime(2026, 6, 1, 12, 0, 0, tzinfo=UTC)


@pytest.fixture(params=sorted(BOARDS))
def board(request: pytest.FixtureRequest) -> PowerBoard:
    return BOARDS[request.param]()


@pytest.fixture
def bus(board: PowerBoard) -> SimulatedBus:
    made = SimulatedBus()
    board.attach(made)
    feed(board, 12.8)
    made.step(1.0)
    return made


def feed(board: PowerBoard, input_v: float) -> None:
    board.feed(input_v=input_v, output_v=5.1, output_a=0.5, temperature_c=20.0)


def test_power_comes_when_it_is_switched_on_and_is_told(board: PowerBoard, bus: SimulatedBus) -> None:
    told: list[BoardEvent] = []
    board.on_event = told.append
    board.power_on()
    bus.step(1.0)
    assert board.powered
    assert board.rail_on
    assert "on" in [event.kind for event in told]
    assert board.reason()


def test_the_bus_carries_the_boards_time(board: PowerBoard, bus: SimulatedBus) -> None:
    board.set_clock(NOW)
    bus.step(100.0)
    shown = board.clock_utc()
    assert shown is not None
    assert abs(shown - NOW - timedelta(seconds=100)) <= timedelta(seconds=1)


def test_a_lost_clock_shows_another_time_or_none(board: PowerBoard, bus: SimulatedBus) -> None:
    board.set_clock(NOW)
    board.lose_clock()
    bus.step(1.0)
    shown = board.clock_utc()
    assert shown is None or shown < NOW - timedelta(days=365)


def test_without_input_neither_board_nor_node_has_power(board: PowerBoard, bus: SimulatedBus) -> None:
    board.power_on()
    bus.step(1.0)
    feed(board, 0.0)
    bus.step(1.0)
    assert not board.powered
    assert not board.rail_on


def test_a_saved_board_goes_on_where_it_was(board: PowerBoard, bus: SimulatedBus) -> None:
    board.set_clock(NOW)
    board.power_on()
    board.set_line(TXD, high=True)
    board.alarms_to_miss, board.txd_held_high = 2, True
    bus.step(10.0)
    saved = json.loads(json.dumps(board.to_dict()))
    again = BOARDS[board.name].from_dict(saved)
    other = SimulatedBus()
    again.attach(other)
    for each, its_bus in ((board, bus), (again, other)):
        feed(each, 12.8)
        its_bus.step(30.0)
    assert json.loads(json.dumps(again.to_dict())) == json.loads(json.dumps(board.to_dict()))
    assert again.lines() == board.lines()
    assert (again.alarms_to_miss, again.txd_held_high) == (2, True)


def test_pins_that_are_not_wired_to_it_leave_it_alone(board: PowerBoard, bus: SimulatedBus) -> None:
    before = board.to_dict()
    for pin in set(range(28)) - {GPIO4, 14, 17}:
        board.set_line(pin, high=True)
        board.set_line(pin, high=False)
    assert board.to_dict() == before
    assert bus.faults.silent == set()


def test_a_board_that_nobody_knows_is_refused_with_the_names_of_those_that_are() -> None:
    with pytest.raises(WorldError, match="wittypi4"):
        board_class("toaster")
