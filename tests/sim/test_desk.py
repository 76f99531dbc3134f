from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgepi.errors import BusError, EdgePiError, RequestError, WorldError
from edgepi.hardware import Phase
from edgepi.sim.desk import Desk
from edgepi.sim.simulation import Simulation
from edgepi.sim.timekeeper import TimeKeeper
from edgepi.sim.world import World, WorldSpec

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-300, 300) | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
KNOWN = ("hello", "i2c", "line.set", "tell", "phase", "fault", "set_rate", "step_wall", "set_clock", "halt")


@pytest.fixture
def desk(simulation: Simulation) -> Desk:
    return Desk(simulation)


def i2c(desk: Desk, method: str, *arguments: Any, bus: int = 1) -> Any:
    return desk.answer("i2c", {"bus": bus, "method": method, "arguments": list(arguments)})


def test_a_chip_is_read_and_written_over_the_desk(desk: Desk) -> None:
    assert i2c(desk, "read_byte_data", 0x76, 0xD0) == 0x60
    i2c(desk, "write_byte_data", 0x08, 19, 120)
    assert i2c(desk, "read_byte_data", 0x08, 19) == 120
    assert i2c(desk, "read_i2c_block_data", 0x76, 0xD0, 1) == [0x60]


def test_an_address_without_a_chip_does_not_answer(desk: Desk) -> None:
    with pytest.raises(BusError, match="0x50"):
        i2c(desk, "read_byte_data", 0x50, 0)


def test_there_is_one_bus(desk: Desk) -> None:
    with pytest.raises(BusError, match="i2c-3"):
        i2c(desk, "read_byte", 0x76, bus=3)


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("read_byte_data", [0x76]),
        ("read_byte_data", [0x76, 256]),
        ("read_byte_data", [200, 0]),
        ("read_i2c_block_data", [0x76, 0, 33]),
        ("write_i2c_block_data", [0x76, 0, []]),
        ("write_byte_data", [0x76, 0, "1"]),
        ("step", [1]),
    ],
)
def test_a_transaction_that_cannot_be_is_refused(desk: Desk, method: str, arguments: list[Any]) -> None:
    with pytest.raises(RequestError):
        i2c(desk, method, *arguments)


def _fresh_desk() -> Desk:
    world = World(WorldSpec(start_utc=datetime(2022, 1, 2, tzinfo=UTC)))
    return Desk(Simulation(world, TimeKeeper(lambda: 0.0, monotonic_s=0.0, wall_s=world.wall_s, rate=1.0)))


SHARED = _fresh_desk()


@settings(deadline=None)
@given(do=st.sampled_from(KNOWN) | st.text(max_size=10) | st.none() | st.integers(), arguments=JSON)
def test_nonsense_is_refused_with_an_error_of_ours(do: object, arguments: Any) -> None:
    with suppress(EdgePiError):
        SHARED.answer(do, arguments)


def test_another_protocol_is_refused(desk: Desk) -> None:
    with pytest.raises(WorldError, match="protocol"):
        desk.answer("hello", {"protocol": 99, "role": "node"})


def test_a_node_without_a_duty_may_say_so(desk: Desk, simulation: Simulation) -> None:
    desk.answer("tell", {"levels": {"camera": "full"}, "leases": []})
    desk.answer("tell", {"levels": {}, "leases": []})
    assert simulation.world.levels == {}


def test_what_runs_is_drawn_at_its_true_power(desk: Desk, simulation: Simulation) -> None:
    simulation.node_started()
    idle_w = simulation.world.node_w
    job = {"offer": "1", "consumer": "iexec", "state": "running"}
    desk.answer("tell", {"levels": {"camera.watch": "full"}, "leases": [job]})
    assert simulation.world.node_w == pytest.approx(idle_w + 1.75 + 3.3)
    assert desk.answer("truth", {})["levels"] == {"camera.watch": "full"}


@pytest.mark.parametrize("phase", [Phase.BOOTING, Phase.SAVING, Phase.STOPPING])
def test_the_world_is_slow_while_the_node_is_busy_with_itself(
    desk: Desk, simulation: Simulation, phase: Phase
) -> None:
    desk.answer("phase", {"phase": phase.value})
    assert simulation.keeper.rate == 1.0
    desk.answer("phase", {"phase": "ready"})
    assert simulation.keeper.rate == 60.0


def test_the_world_is_slow_from_the_boards_request_to_its_cut(desk: Desk, simulation: Simulation) -> None:
    simulation.world.advance(1.0)
    simulation.world.set_line(14, high=True)
    for high in (True, False, True, False):
        simulation.world.set_line(17, high=high)
    simulation.world.advance(5.0)
    desk.answer("press", {})
    assert simulation.keeper.rate == 1.0
    simulation.world.advance(simulation.world.time_s + 10.0)
    assert not simulation.world.rail_on
    assert simulation.keeper.rate == 60.0


def test_faults_come_and_go(desk: Desk) -> None:
    desk.answer("fault", {"kind": "nak", "address": 0x76})
    with pytest.raises(BusError):
        i2c(desk, "read_byte_data", 0x76, 0xD0)
    desk.answer("fault", {"kind": "nak", "address": 0x76, "on": False})
    assert i2c(desk, "read_byte_data", 0x76, 0xD0) == 0x60
    desk.answer("fault", {"kind": "nak_next", "address": 0x76, "count": 1})
    with pytest.raises(BusError):
        i2c(desk, "read_byte_data", 0x76, 0xD0)
    assert i2c(desk, "read_byte_data", 0x76, 0xD0) == 0x60
    desk.answer("fault", {"kind": "stuck"})
    with pytest.raises(BusError, match="stuck"):
        i2c(desk, "read_byte_data", 0x08, 0)
    desk.answer("fault", {"kind": "clear"})
    assert i2c(desk, "read_byte_data", 0x08, 0) == 0x26


def test_a_pretended_process_is_found_by_part_of_its_name(desk: Desk) -> None:
    assert desk.answer("process_runs", {"pattern": "wittypi"}) is False
    desk.answer("fault", {"kind": "process", "process": "/home/pi/wittypi/daemon.sh"})
    assert desk.answer("process_runs", {"pattern": "wittypi"}) is True


def test_a_jump_out_of_the_calendar_is_refused(desk: Desk, simulation: Simulation) -> None:
    with pytest.raises(RequestError, match="calendar"):
        desk.answer("step_wall", {"step_s": 1e15})
    assert simulation.keeper.offset_s == 0.0
