from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from edgepi.testing.clock import ManualClock
from edgepi_iexec.pool import writer
from tests.foreign import foreign
from tests.plugins.iexec.pool.house import House

__all__ = ["foreign", "house"]


@pytest.fixture(autouse=True)
def database_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for no disk, as all other tests."""
    monkeypatch.setattr(writer, "_SETTINGS", (*writer._SETTINGS, "PRAGMA synchronous=OFF"))


@pytest.fixture
async def house(manual_clock: ManualClock, tmp_path: Path) -> AsyncIterator[House]:
    """A house whose pool is still to be opened."""
    made = House(manual_clock, tmp_path / "pool")
    yield made
    await made.close()
