from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from edgepi.config import BatterySettings, BoardSettings, EnergySettings, PanelSettings, Settings
from edgepi.errors import WorldError
from edgepi.model import NodeInfo
from edgepi.sim.build import build, demo_config, world_spec
from edgepi.sim.store import save, snapshot

NODE = NodeInfo(name="n", latitude=39.7, longitude=-105.2, elevation_m=1829.0, time_zone="America/Denver")


def node(**energy: object) -> Settings:
    return Settings(node=NODE, energy=EnergySettings(**energy))  # type: ignore[arg-type]


def test_the_world_fits_the_nodes_panel_battery_and_board() -> None:
    spec = world_spec(
        node(
            panel=PanelSettings(peak_w=33.0),
            battery=BatterySettings(capacity_wh=50.0, series_cells=8),
            board=BoardSettings(model="pi5", standby_w=0.2),
        )
    )
    assert (spec.panel_w, spec.battery.capacity_wh, spec.battery.cells) == (33.0, 50.0, 8)
    assert (spec.board, spec.standby_w) == ("pi5", 0.2)


def test_charge_and_start_can_be_chosen() -> None:
    start = datetime(2022, 1, 3, tzinfo=UTC)
    simulation = build(world_spec(node(), start_soc=0.25, start_utc=start), lambda: 0.0, rate=60.0)
    assert simulation.world.battery.soc == pytest.approx(0.25)
    assert simulation.world.wall_s == start.timestamp()


def test_the_power_board_can_be_chosen() -> None:
    simulation = build(world_spec(node(), power_board="wittypi4"), lambda: 0.0, rate=60.0)
    assert simulation.world.board.name == "wittypi4"
    with pytest.raises(WorldError, match="toaster"):
        build(world_spec(node(), power_board="toaster"), lambda: 0.0, rate=60.0)


def test_a_battery_that_is_not_modelled_is_refused() -> None:
    with pytest.raises(WorldError, match="lead-acid"):
        world_spec(node(battery=BatterySettings(chemistry="lead-acid")))


def test_the_demo_comes_with_the_package() -> None:
    assert demo_config().is_file()


def test_a_saved_simulation_is_taken_up_with_its_wrong_clock(tmp_path: Path) -> None:
    simulation = build(world_spec(node()), lambda: 0.0, rate=60.0)
    simulation.world.advance(600.0)
    simulation.keeper.step_node_wall(123.0)
    save(tmp_path / "world.json", snapshot(simulation))
    again = build(world_spec(node()), lambda: 77.0, rate=60.0, saved=tmp_path / "world.json")
    assert again.keeper.wall_s == simulation.world.wall_s
    assert again.keeper.offset_s == 123.0


def test_without_a_saved_world_a_new_one_begins(tmp_path: Path) -> None:
    assert build(world_spec(node()), lambda: 0.0, rate=1.0, saved=tmp_path / "none.json").world.time_s == 0.0


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"version": 99}', '{"version": 1}', '{"version": 1, "world": 3}']
)
def test_a_saved_world_that_is_torn_is_refused_in_a_sentence(tmp_path: Path, text: str) -> None:
    (tmp_path / "world.json").write_text(text)
    with pytest.raises(WorldError, match="--fresh"):
        build(world_spec(node()), lambda: 0.0, rate=1.0, saved=tmp_path / "world.json")
