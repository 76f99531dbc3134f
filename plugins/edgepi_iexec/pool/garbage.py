"""Keeps Python's search for garbage from holding up a pool of thousands of workers."""

from __future__ import annotations

import gc

from edgepi.clock import Clock

__all__ = ["keep_clear"]

_SET_ASIDE_S = 20.0
_ROUNDS = 180


async def keep_clear(clock: Clock) -> None:
    """Go on for ever, in a process that is the pool's alone.

    Connections of 5,000 workers are half a million objects. Whenever a quarter as many are new, all are
    looked through, and nobody is answered for a quarter of a second. So what is there is set aside, which
    costs nothing; once an hour it is all looked through.
    """
    try:
        while True:
            for _ in range(_ROUNDS):
                await clock.sleep(_SET_ASIDE_S)
                gc.freeze()
            gc.unfreeze()
            gc.collect()
    finally:
        gc.unfreeze()
