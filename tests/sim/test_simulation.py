from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from edgepi.hardware import Phase
from edgepi.sim.draw import NodeState
from edgepi.sim.simulation import Simulation


def test_a_node_with_network_time_starts_with_the_true_time(simulation: Simulation) -> None:
    simulation.keeper.step_node_wall(-500.0)
    simulation.power_came()
    assert simulation.keeper.offset_s == pytest.approx(0.0, abs=1.0)
    assert simulation.keeper.trusted


def test_without_a_network_the_nodes_clock_goes_on_where_it_stopped(simulation: Simulation) -> None:
    simulation.network_time = False
    stopped_s = simulation.keeper.node_wall_s
    simulation.power_went()
    simulation.keeper.ask(3600.0)
    simulation.keeper.step_node_wall(9_000_000.0)
    simulation.power_came()
    assert simulation.keeper.node_wall_s == pytest.approx(stopped_s, abs=5.0)
    assert not simulation.keeper.trusted


def test_halting_is_a_kind_of_stopping(simulation: Simulation) -> None:
    asked: list[str] = []
    simulation.on_halt = asked.append
    simulation.halt("the night begins")
    assert asked == ["the night begins"]
    assert simulation.phase is Phase.STOPPING
    assert simulation.keeper.rate == 1.0


def test_time_runs_again_when_the_nodes_process_is_gone(simulation: Simulation) -> None:
    simulation.node_started()
    assert simulation.keeper.rate == 1.0
    simulation.node_ended(NodeState.OFF)
    assert simulation.keeper.rate == 60.0


def test_listeners_hear_of_time_lines_and_pulses_until_they_leave(simulation: Simulation) -> None:
    heard: list[Mapping[str, Any]] = []
    leave = simulation.listen(heard.append)
    simulation.keeper.ask(30.0)
    simulation.world.on_line(4, False)
    simulation.world.advance(60.0)
    simulation.push_pulses()
    simulation.push_pulses()
    assert [message["push"] for message in heard] == ["clock", "line", "pulses"]
    leave()
    simulation.keeper.ask(60.0)
    assert len(heard) == 3
