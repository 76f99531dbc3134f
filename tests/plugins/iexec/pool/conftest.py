"""A pool with a chain in memory, open for business."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import ClientSession

from edgepi.testing.clock import ManualClock
from tests.plugins.iexec.pool.house import House


@pytest.fixture
async def house(manual_clock: ManualClock, tmp_path: Path) -> AsyncIterator[House]:
    async with ClientSession() as session:
        made = House(manual_clock, tmp_path / "pool", session)
        await made.open()
        yield made
        await made.close()
