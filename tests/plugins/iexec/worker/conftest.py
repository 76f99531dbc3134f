from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from blockbuster import BlockBuster

from edgepi.testing.clock import ManualClock
from tests.plugins.iexec.worker.house import House, closed


async def _in_place(function: Callable[..., Any], /, *args: Any, **named: Any) -> Any:
    return function(*args, **named)


@pytest.fixture
async def house(
    manual_clock: ManualClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, blocking_calls: BlockBuster
) -> AsyncIterator[House]:
    """Files are written in place, not in threads: then the manual clock alone says what comes when."""
    blocking_calls.deactivate()
    monkeypatch.setattr(asyncio, "to_thread", _in_place)
    made = House(manual_clock, tmp_path)
    yield made
    await closed(made)
