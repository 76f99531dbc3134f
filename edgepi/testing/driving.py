"""Runs a coroutine that waits for a manual clock, by letting that clock go on."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from edgepi.testing.clock import ManualClock

__all__ = ["drive"]

T = TypeVar("T")
THREAD_PAUSE_S = 0.002


async def drive(
    work: Coroutine[Any, Any, T], clock: ManualClock, *, step_s: float = 0.05, limit_s: float = 600.0
) -> T:
    """Await *work* while the clock advances in steps; fails after *limit_s* of the clock's seconds."""
    task = asyncio.create_task(work)
    begun_s = clock.monotonic()
    try:
        while not task.done():
            assert clock.monotonic() - begun_s < limit_s, f"still not done after {limit_s:g} s: {work}"
            if clock.sleepers:
                await clock.advance(step_s)
            else:
                await asyncio.wait((task,), timeout=THREAD_PAUSE_S)
        return task.result()
    finally:
        task.cancel()
