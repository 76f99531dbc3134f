from __future__ import annotations

import pytest

from edgepi.config.boards import BOARDS as CONFIGURABLE
from edgepi.errors import WorldError
from edgepi.sim.draw import BOARDS, Job, NodeState, draw_table


def test_every_board_that_can_be_configured_is_known_to_the_world() -> None:
    assert set(CONFIGURABLE) <= set(BOARDS)


def test_an_unknown_board_is_refused_with_the_known_ones() -> None:
    with pytest.raises(WorldError, match="pi4"):
        draw_table("abacus")


def test_a_node_that_is_off_costs_only_the_boards_standby() -> None:
    table = draw_table("pi4", standby_w=0.12)
    assert table.node_w(NodeState.OFF, {"camera.watch": "full"}, ()) == 0.0
    assert table.battery_w(0.0) == pytest.approx(0.12)


def test_the_battery_gives_more_than_the_plug_takes() -> None:
    table = draw_table("pi4", standby_w=0.1)
    assert table.battery_w(table.board.idle_w) == pytest.approx(2.25 / 0.9 + 0.1)


def test_a_level_adds_its_own_true_power() -> None:
    table = draw_table("pi4")
    idle_w = table.node_w(NodeState.UP, {}, ())
    assert table.node_w(NodeState.UP, {"camera.watch": "off"}, ()) == idle_w
    assert table.node_w(NodeState.UP, {"camera.watch": "snapshot"}, ()) == pytest.approx(idle_w + 0.03)
    assert table.node_w(NodeState.UP, {"camera.watch": "saver"}, ()) == pytest.approx(idle_w + 1.4)
    assert table.node_w(NodeState.UP, {"yard.watch": "full"}, ()) == pytest.approx(idle_w + 1.75)


def test_a_stranger_draws_something_unless_it_is_off() -> None:
    table = draw_table("pi4")
    assert table.consumer_w("stranger", "full") > 0.0
    assert table.consumer_w("stranger", "off") == 0.0


def test_only_a_running_job_draws() -> None:
    table = draw_table("pi4")
    idle_w = table.node_w(NodeState.UP, {}, ())
    jobs = [Job("1", "iexec", "granted"), Job("2", "iexec", "committed"), Job("3", "iexec", "paused")]
    assert table.node_w(NodeState.UP, {}, jobs) == idle_w
    assert table.node_w(NodeState.UP, {}, [Job("1", "iexec", "running")]) == pytest.approx(idle_w + 3.3)


@pytest.mark.parametrize("state", [NodeState.BOOTING, NodeState.HALTED])
def test_levels_do_not_count_unless_the_node_is_up(state: NodeState) -> None:
    table = draw_table("pi4")
    assert table.node_w(state, {"yard.watch": "full"}, ()) == table.node_w(state, {}, ()) > 0.0


def test_what_a_camera_measures_costs_next_to_nothing_beside_its_watching() -> None:
    table = draw_table("pi4")
    assert table.consumer_w("camera", "full") < 0.01
    assert table.consumer_w("camera.watch", "off") == 0.0
