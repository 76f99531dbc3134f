"""What can be broken in a running world, asked for as `edgepi sim fault` does."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from edgepi.errors import BusError, RequestError
from edgepi.sim.chips import Reg
from edgepi.sim.chips.pcf85063 import to_bcd
from edgepi.sim.desk import Desk
from edgepi.sim.draw import NodeState
from edgepi.sim.kinds import FAULTS
from edgepi.sim.simulation import Simulation
from edgepi.sim.world import SYS_UP, TXD, World, WorldSpec
from edgepi.testing.world import SUNNY_MORNING

BOARD, AIR = 0x08, 0x76


@pytest.fixture
def world(simulation: Simulation) -> World:
    """The world of `simulation`, whose node is up."""
    made = simulation.world
    made.advance(1.0)
    made.node = NodeState.UP
    made.set_line(TXD, high=True)
    made.set_line(SYS_UP, high=True)
    made.advance(5.0)
    return made


@pytest.fixture
def desk(simulation: Simulation) -> Desk:
    return Desk(simulation)


def fault(desk: Desk, kind: str, **options: Any) -> None:
    desk.answer("fault", {"kind": kind, **options})


def pass_s(world: World, seconds: float) -> None:
    world.advance(world.time_s + seconds)


def now(world: World) -> datetime:
    return datetime.fromtimestamp(world.wall_s, UTC)


def off_s(world: World) -> float:
    shown = world.board.clock_utc()
    assert shown is not None
    return (shown - now(world)).total_seconds()


def sleep_until(world: World, wake: datetime) -> None:
    for offset, value in enumerate((wake.second, wake.minute, wake.hour, wake.day)):
        world.bus.write_byte_data(BOARD, Reg.ALARM1 + offset, to_bcd(value))
    world.node_ended(NodeState.HALTED)
    world.set_line(TXD, high=False)
    pass_s(world, 30.0)
    assert not world.board.rail_on


@pytest.mark.parametrize("kind", sorted(FAULTS))
def test_every_fault_can_be_switched_on_and_off(desk: Desk, world: World, kind: str) -> None:
    fault(desk, kind, address=AIR)
    fault(desk, kind, address=AIR, on=False)
    fault(desk, "clear")
    pass_s(world, 1.0)
    assert world.bus.read_byte_data(BOARD, Reg.ID) == 0x26


@pytest.mark.parametrize("kind", ["nak", "garbage", "deaf"])
def test_without_an_address_the_power_board_is_meant(desk: Desk, world: World, kind: str) -> None:
    fault(desk, kind)
    faults = world.bus.faults
    assert {"nak": faults.silent, "garbage": faults.garbage, "deaf": faults.deaf}[kind] == {BOARD}
    assert world.bus.read_byte_data(AIR, 0xD0) == 0x60


def test_a_lost_clock_shows_no_time_until_it_is_set(desk: Desk, world: World) -> None:
    fault(desk, "clock_lost")
    assert world.truth()["board_time_utc"] is None
    fault(desk, "clock_lost", on=False)
    assert abs(off_s(world)) < 1.5


def test_a_clock_in_a_wrong_zone_is_off_by_hours(desk: Desk, world: World) -> None:
    fault(desk, "clock_off", seconds=-7 * 3600.0)
    assert off_s(world) == pytest.approx(-7 * 3600.0, abs=1.5)
    fault(desk, "clock_off", on=False)
    assert abs(off_s(world)) < 1.5


def test_a_missed_alarm_leaves_the_node_asleep_and_the_next_wakes_it(desk: Desk, world: World) -> None:
    fault(desk, "alarm_missed")
    sleep_until(world, now(world) + timedelta(minutes=5))
    pass_s(world, 600.0)
    assert not world.board.rail_on
    fault(desk, "alarm_missed", on=False)
    wake = now(world) + timedelta(minutes=5)
    for offset, value in enumerate((wake.second, wake.minute, wake.hour, wake.day)):
        world.bus.write_byte_data(BOARD, Reg.ALARM1 + offset, to_bcd(value))
    pass_s(world, 600.0)
    assert world.board.rail_on


def test_an_unplugged_battery_takes_node_and_board_and_comes_back(desk: Desk, world: World) -> None:
    told: list[bool] = []
    world.on_rail = told.append
    stored_wh = world.battery.stored_wh
    fault(desk, "power_cut", seconds=20.0)
    pass_s(world, 10.0)
    assert told == [False]
    assert world.truth()["unplugged"] is True
    assert world.load_w == 0.0
    assert world.battery.stored_wh >= stored_wh - 1e-3
    with pytest.raises(BusError):
        world.bus.read_byte_data(BOARD, Reg.ID)
    pass_s(world, 15.0)
    assert world.bus.read_byte_data(BOARD, Reg.ID) == 0x26


def test_the_power_goes_in_the_middle_of_the_write_that_was_named(desk: Desk, world: World) -> None:
    fault(desk, "power_cut_at_write", count=3, seconds=20.0)
    world.bus.write_byte_data(BOARD, Reg.ALARM1, 0x11)
    world.bus.write_byte_data(AIR, 0xF4, 0)
    world.bus.write_byte_data(BOARD, Reg.ALARM1 + 1, 0x12)
    with pytest.raises(BusError, match="power went"):
        world.bus.write_byte_data(BOARD, Reg.ALARM1 + 2, 0x13)
    pass_s(world, 1.0)
    assert not world.board.powered
    pass_s(world, 30.0)
    held = [world.bus.read_byte_data(BOARD, Reg.ALARM1 + offset) for offset in range(3)]
    assert held == [0x11, 0x12, 0x00]
    world.bus.write_byte_data(BOARD, Reg.ALARM1 + 2, 0x13)
    assert world.bus.read_byte_data(BOARD, Reg.ALARM1 + 2) == 0x13


def test_half_of_a_block_is_written_when_the_power_goes(desk: Desk, world: World) -> None:
    fault(desk, "power_cut_at_write", address=AIR)
    with pytest.raises(BusError, match="power went"):
        world.bus.write_i2c_block_data(AIR, 0xF4, [0x27, 0xF5, 0xA0, 0xF4])
    assert world.bus.read_byte_data(AIR, 0xF4) == 0x27
    pass_s(world, 1.0)
    assert not world.board.powered


def test_a_covered_panel_gives_nothing_whatever_the_sun_does(desk: Desk, world: World) -> None:
    assert world.panel_w > 1.0
    fault(desk, "sun_gone", seconds=3600.0)
    assert (world.panel_w, world.truth()["covered"]) == (0.0, True)
    assert world.weather.poa_w_m2 > 50.0
    pass_s(world, 3601.0)
    assert world.panel_w > 1.0


def test_a_saved_world_stays_covered_and_unplugged(desk: Desk, world: World) -> None:
    fault(desk, "sun_gone", seconds=3600.0)
    fault(desk, "power_cut", seconds=60.0)
    again = World(WorldSpec(start_utc=SUNNY_MORNING))
    again.restore(json.loads(json.dumps(world.to_dict())))
    assert (again.is_covered, again.is_unplugged) == (True, True)
    again.advance(again.time_s + 61.0)
    assert (again.is_covered, again.is_unplugged) == (True, False)


def test_all_is_well_after_clear(desk: Desk, world: World) -> None:
    for kind in sorted(set(FAULTS) - {"clear"}):
        fault(desk, kind)
    fault(desk, "clear")
    assert world.board.alarms_to_miss == 0
    assert not world.board.txd_held_high
    assert not world.is_covered
    assert not world.is_unplugged
    world.bus.write_byte_data(BOARD, Reg.ALARM1, 0x11)
    assert world.bus.read_byte_data(BOARD, Reg.ALARM1) == 0x11


def test_a_fault_that_lasts_less_than_nothing_is_refused(desk: Desk, world: World) -> None:
    with pytest.raises(RequestError, match="cannot last"):
        fault(desk, "sun_gone", seconds=-1.0)
    assert not world.is_covered
