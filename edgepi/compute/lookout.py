"""Looks again and again whether the walls around a job stand, for as long as the job runs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from edgepi.clock import Clock
from edgepi.compute.probe import Breach
from edgepi.errors import EngineError, SandboxError

__all__ = ["EVERY_S", "Look", "until_breached"]

Look = Callable[[], Awaitable[Sequence[Breach]]]

EVERY_S = 30.0
AGAIN_S = 1.0
UNSEEN_S = 60.0
"""How long the engine may keep anybody from looking before that counts as no wall."""


async def until_breached(look: Look, clock: Clock, *, first_in_s: float = EVERY_S) -> str:
    """Return what is wrong with the walls, once something is; only a second look makes it certain.

    Rules that are loaded anew are gone for a moment, and one answer may get lost on a busy machine.
    The times are real seconds, whatever the clock's rate: so are a job's connections.
    """
    pace = max(1.0, clock.rate)
    wait_s = first_in_s
    seen_s, doubted = clock.monotonic() + first_in_s * pace, False
    while True:
        await clock.sleep(wait_s * pace)
        try:
            said = await _said(look)
        except EngineError as error:
            if clock.monotonic() - seen_s >= UNSEEN_S * pace:
                return f"whether the walls stand cannot be found out: {error.message}"
            wait_s = AGAIN_S
            continue
        if said is not None and doubted:
            return said
        seen_s, doubted = clock.monotonic(), said is not None
        wait_s = AGAIN_S if doubted else EVERY_S


async def _said(look: Look) -> str | None:
    try:
        found = await look()
    except EngineError:
        raise
    except SandboxError as error:
        return error.message
    except Exception as error:  # noqa: BLE001 (a watch that nobody keeps any more is no wall either)
        return f"whether the walls stand cannot be found out: {type(error).__name__}: {error}"
    return found[0].sentence if found else None
