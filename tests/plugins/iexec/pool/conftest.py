from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from edgepi.testing.clock import ManualClock
from tests.foreign import foreign
from tests.plugins.iexec.pool.house import House

__all__ = ["foreign", "house"]


@pytest.fixture
async def house(manual_clock: ManualClock, tmp_path: Path) -> AsyncIterator[House]:
    """A house whose pool is still to be opened."""
    made = House(manual_clock, tmp_path / "pool")
    yield made
    await made.close()
