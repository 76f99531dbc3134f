"""Builds a simulation from a node's configuration and what an earlier run left."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

from edgepi.config import Settings
from edgepi.errors import WorldError
from edgepi.sim.battery import BatterySpec
from edgepi.sim.film import Cameras
from edgepi.sim.simulation import Simulation
from edgepi.sim.store import load
from edgepi.sim.timekeeper import TimeKeeper
from edgepi.sim.world import World, WorldSpec

__all__ = ["build", "demo_config", "video_devices", "world_spec"]


def demo_config() -> Path:
    """Return the path of the configuration that the package brings for the demo."""
    return Path(str(files("edgepi.sim") / "data" / "demo.yaml"))


def world_spec(
    settings: Settings,
    *,
    start_soc: float | None = None,
    start_utc: datetime | None = None,
    seed: int = 1,
    power_board: str | None = None,
) -> WorldSpec:
    """Make the world fit the panel, battery and computer that the node is configured for.

    Raises:
        WorldError: the battery is of a kind that is not modelled.
    """
    battery = settings.energy.battery
    if battery.chemistry != "lifepo4":
        raise WorldError(
            f"the world models LiFePO4 batteries, not {battery.chemistry}",
            hint="set `chemistry: lifepo4` under `energy.battery`, or run without --config",
        )
    spec = WorldSpec(
        panel_w=settings.energy.panel.peak_w,
        battery=BatterySpec(capacity_wh=battery.capacity_wh, cells=battery.series_cells or 4),
        board=settings.energy.board.model,
        standby_w=settings.energy.board.standby_w,
        seed=seed,
        longitude=settings.node.longitude,
    )
    spec = spec if start_soc is None else replace(spec, start_soc=start_soc)
    spec = spec if power_board is None else replace(spec, power_board=power_board)
    return spec if start_utc is None else replace(spec, start_utc=start_utc.astimezone(UTC))


def video_devices(settings: Settings) -> tuple[str, ...]:
    """Return the video devices that the node's cameras ask for; their keys need not be checked."""
    cameras = [plugin.config for plugin in settings.plugins if plugin.plugin == "camera" and plugin.enabled]
    sources = [str(config.get("source")) for config in cameras if isinstance(config, dict)]
    return tuple(source for source in sources if source.startswith("/dev/video"))


def build(
    spec: WorldSpec,
    real: Callable[[], float],
    *,
    rate: float,
    saved: Path | None = None,
    network_time: bool = True,
    cameras: Cameras | None = None,
) -> Simulation:
    """Build the world, going on from the file *saved* if there is one.

    Raises:
        WorldError: the file cannot be used.
    """
    world = World(spec)
    data = load(saved) if saved else None
    if data is not None:
        world.restore(data.get("world", {}))
    keeper = TimeKeeper(real, monotonic_s=world.time_s, wall_s=world.wall_s, rate=rate)
    if data is not None:
        keeper.offset_s = float(data.get("node_clock_off_s", 0.0))
        keeper.trusted = bool(data.get("node_clock_trusted", True))
    return Simulation(world, keeper, network_time=network_time, cameras=cameras)
