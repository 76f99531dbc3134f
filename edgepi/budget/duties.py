"""Brings each duty to the level that was chosen; one that hangs or fails harms no other."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable
from dataclasses import dataclass

from edgepi.budget.bounded import bounded
from edgepi.budget.learned import LearnedPowers
from edgepi.clock import Clock
from edgepi.energy import DutyNow
from edgepi.errors import ContractError, PluginCallError
from edgepi.model import Level
from edgepi.plugin import Duty

__all__ = ["DutyRunner", "check_levels"]

_log = logging.getLogger("edgepi.budget.duties")

APPLY_WITHIN_S = 20.0
_RETRY_S = (5.0, 15.0, 60.0, 300.0)


def check_levels(duty: Duty) -> tuple[Level, ...]:
    """Return the levels of a duty.

    Raises:
        ContractError: there are none, two share a name, the first is not off, or one cannot be meant.
    """
    levels = tuple(duty.levels())
    names = [level.name for level in levels]
    if not levels or len(set(names)) != len(names):
        raise ContractError(f"duty {duty.name!r} needs levels, each with a name of its own")
    if levels[0].power_w != 0 or levels[0].points_per_h != 0:
        raise ContractError(f"the first level of duty {duty.name!r} must be off: no power, no points")
    for level in levels:
        if not (math.isfinite(level.power_w) and math.isfinite(level.points_per_h) and level.power_w >= 0):
            raise ContractError(f"level {level.name!r} of duty {duty.name!r} has impossible numbers")
    return levels


@dataclass(frozen=True, slots=True)
class DutyHooks:
    """Whom a runner tells: a level that changed (consumer, old, new), and a failure (or None)."""

    changed: Callable[[str, str, str], None]
    failed: Callable[[str, str | None], None]


class DutyRunner:
    """One duty: where it is, where it shall be, and the task that takes it there."""

    def __init__(
        self, duty: Duty, consumer: str, importance: float | None, clock: Clock, hooks: DutyHooks
    ) -> None:
        self.duty = duty
        self.consumer = consumer
        self.levels = check_levels(duty)
        self.level = self.levels[0].name
        self.failure: str | None = None
        self._points_per_h = self.levels[-1].points_per_h if importance is None else importance
        self._since_s = -math.inf
        self._target: str | None = None
        self._started = False
        self._clock = clock
        self._hooks = hooks
        self._task: asyncio.Task[None] | None = None

    def state(self, learned: LearnedPowers) -> DutyNow:
        """The duty as a governor sees it, with the powers that were learned."""
        return DutyNow(
            consumer=self.consumer,
            levels=self.levels,
            level=self.level,
            since_s=self._since_s,
            points_per_h=self._points_per_h,
            learned_w=learned.levels_w(self.consumer, self.levels),
        )

    def want(self, level: str) -> None:
        """Go over to *level* when what is under way is done; the last wish counts."""
        self._target = level
        if self._task is None and level != self.level:
            self._task = asyncio.create_task(self._follow(), name=f"duty {self.consumer}")

    async def settled(self) -> None:
        """Wait until no change is under way."""
        if self._task is not None:
            await asyncio.wait({self._task})

    async def stop(self) -> None:
        """End the work."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task}, timeout=1.0)
            self._task = None
        if self._started:
            self._started = False
            try:
                await bounded(self.duty.stop(), APPLY_WITHIN_S, f"stopping {self.consumer}")
            except PluginCallError as error:
                _log.warning("%s", error.message)

    async def _follow(self) -> None:
        tries = 0
        try:
            while self._target is not None and self._target != self.level:
                try:
                    await self._apply(self._target)
                    tries = 0
                except PluginCallError as error:
                    self._report(error.message)
                    tries += 1
                    await self._clock.sleep(_RETRY_S[min(tries, len(_RETRY_S)) - 1])
        finally:
            self._task = None

    async def _apply(self, level: str) -> None:
        if not self._started:
            await bounded(self.duty.start(), APPLY_WITHIN_S, f"starting {self.consumer}")
            self._started = True
        await bounded(self.duty.apply(level), APPLY_WITHIN_S, f"taking {self.consumer} to {level}")
        old, self.level = self.level, level
        self._since_s = self._clock.monotonic()
        self._report(None)
        self._hooks.changed(self.consumer, old, level)

    def _report(self, failure: str | None) -> None:
        if failure and not self.failure:
            _log.warning("%s; it is tried again", failure)
        elif self.failure and not failure:
            _log.info("%s follows again", self.consumer)
        if failure != self.failure:
            self.failure = failure
            self._hooks.failed(self.consumer, failure)
