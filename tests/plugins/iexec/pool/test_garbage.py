"""What keeps the search for garbage from holding up a pool."""

from __future__ import annotations

import asyncio
import gc
import weakref
from contextlib import suppress

from edgepi.testing.clock import ManualClock
from edgepi_iexec.pool.garbage import keep_clear


class Ring:
    """Garbage that only a search finds."""

    def __init__(self) -> None:
        self.me = self


async def test_what_is_there_is_set_aside_and_looked_through_once_an_hour(manual_clock: ManualClock) -> None:
    clearing = asyncio.create_task(keep_clear(manual_clock))
    ring = Ring()
    seen = weakref.ref(ring)
    await manual_clock.advance(25)
    assert gc.get_freeze_count() > 0
    del ring
    gc.collect()
    assert seen() is not None
    await manual_clock.advance(3600)
    assert seen() is None
    clearing.cancel()
    with suppress(asyncio.CancelledError):
        await clearing
    assert gc.get_freeze_count() == 0
