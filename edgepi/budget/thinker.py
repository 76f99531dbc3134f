"""Has the governor think in a thread: the loop and its guards never wait for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from edgepi.energy import Governor, Situation
from edgepi.runtime.containment import within
from edgepi.runtime.threads import PluginThread

__all__ = ["THINK_WITHIN_S", "Thinker"]

THINK_WITHIN_S = 300.0


class Thinker:
    """One thought at a time. *ended* is told None, or why nothing came of it.

    A thought that takes longer than *within_s* real seconds is *overdue*: nobody waits for it any
    more, but as long as it goes on there is no other. Its thread never outlives the node.
    """

    def __init__(
        self,
        governor: Governor,
        ended: Callable[[Exception | None], None],
        *,
        within_s: float = THINK_WITHIN_S,
    ) -> None:
        self._governor = governor
        self._ended = ended
        self._within_s = within_s
        self._thread = PluginThread("governor", spares=0)
        self._task: asyncio.Task[None] | None = None
        self._inside = False

    @property
    def busy(self) -> bool:
        """Whether a thought goes on, overdue or not."""
        return self._inside or self.waited_for

    @property
    def waited_for(self) -> bool:
        """Whether a thought goes on that is not overdue."""
        return self._task is not None

    def begin(self, situation: Situation) -> None:
        """Think *situation* over, unless a thought is under way."""
        if not self.busy:
            self._inside = True
            self._task = asyncio.create_task(self._think(situation), name="governor thinks")

    async def stop(self) -> None:
        """Wait for no thought any more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task}, timeout=1.0)
            self._task = None
        self._thread.close()

    async def _think(self, situation: Situation) -> None:
        trouble: Exception | None = None
        try:
            await within(self._within_s, self._prepare(situation), name="thinking")
        except Exception as error:  # noqa: BLE001 (whatever a governor does, the loop goes on)
            trouble = error
        self._task = None
        self._ended(trouble)

    async def _prepare(self, situation: Situation) -> None:
        await self._thread(self._inside_thread, situation)

    def _inside_thread(self, situation: Situation) -> None:
        try:
            self._governor.prepare(situation)
        finally:
            self._inside = False
