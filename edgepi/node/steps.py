"""Starting things in order and stopping them in reverse, each within its time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

__all__ = ["Steps"]

START_WITHIN_S = 60.0
STOP_WITHIN_S = 15.0
_log = logging.getLogger("edgepi.node")


class Steps:
    """An exit stack whose parts cannot hold up the end of the others.

    *on_step* hears what is about to be done, and how many seconds that may take.
    """

    def __init__(
        self,
        *,
        stop_within_s: float = STOP_WITHIN_S,
        on_step: Callable[[str, float], None] = lambda _what, _within_s: None,
    ) -> None:
        self._stack = AsyncExitStack()
        self._stop_within_s = stop_within_s
        self._on_step = on_step

    async def __aenter__(self) -> Self:
        await self._stack.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stack.__aexit__(kind, error, trace)

    async def start(
        self, name: str, start: Callable[[], Awaitable[None]] | None, stop: Callable[[], Awaitable[None]]
    ) -> None:
        """Start a part and remember how to stop it; *stop* runs even if *start* fails half-way."""
        self._stack.push_async_callback(self._stop, name, stop)
        if start is not None:
            self._on_step(f"starting {name}", START_WITHIN_S)
            await start()

    async def _stop(self, name: str, stop: Callable[[], Awaitable[None]]) -> None:
        self._on_step(f"stopping {name}", self._stop_within_s)
        try:
            async with asyncio.timeout(self._stop_within_s):
                await stop()
        except TimeoutError:
            _log.warning("%s did not stop within %g s", name, self._stop_within_s)
        except Exception:  # noqa: BLE001 (the others must still be stopped)
            _log.exception("%s failed to stop", name)
