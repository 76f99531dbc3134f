"""A simulated world behind its socket, without a node's process."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from edgepi.sim.server import WorldServer
from edgepi.sim.simulation import Simulation
from edgepi.sim.timekeeper import TimeKeeper
from edgepi.sim.world import World, WorldSpec

__all__ = ["build_simulation", "served_world"]

SUNNY_MORNING = datetime(2022, 1, 2, 17, 0, tzinfo=UTC)


def build_simulation(spec: WorldSpec | None = None, *, rate: float = 60.0) -> Simulation:
    """Build a world that follows the machine's monotonic clock, on a sunny morning if not told otherwise."""
    world = World(spec or WorldSpec(start_utc=SUNNY_MORNING))
    keeper = TimeKeeper(time.monotonic, monotonic_s=0.0, wall_s=world.wall_s, rate=rate)
    return Simulation(world, keeper)


@asynccontextmanager
async def served_world(simulation: Simulation) -> AsyncIterator[Path]:
    """Serve a simulation; the path is that of its socket, for `edgepi.hardware.open_hardware`."""
    with TemporaryDirectory(prefix="edgepi-") as name:
        path = Path(name) / "world.sock"
        server = WorldServer(simulation, path)
        await server.start()
        try:
            yield path
        finally:
            await server.stop()
