from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from edgepi.sim.simulation import Simulation
from edgepi.testing.world import build_simulation, served_world


@pytest.fixture
def simulation() -> Simulation:
    """A world at 60x whose board has not given power yet."""
    return build_simulation()


@pytest.fixture
async def served(simulation: Simulation) -> AsyncIterator[Path]:
    """The socket of `simulation`."""
    async with served_world(simulation) as path:
        yield path
