"""Brings things up and tries again, for each on its own, until enough is enough."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from edgepi.clock import Clock
from edgepi.errors import EdgePiError
from edgepi.runtime.backoff import Failures, RetryPolicy

__all__ = ["Outcome", "Supervised", "Supervisor", "explain"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ended; *reason* is empty when it went well, *retry_s* None when it was the last."""

    ok: bool
    reason: str = ""
    retry_s: float | None = None


class Supervisor:
    """Runs attempts; *chance* spreads the retries (0 to 1)."""

    def __init__(
        self,
        clock: Clock,
        *,
        policy: RetryPolicy | None = None,
        chance: Callable[[], float] = random.random,
        log: logging.Logger | None = None,
    ) -> None:
        self.clock = clock
        self.policy = policy or RetryPolicy()
        self.chance = chance
        self.log = log or logging.getLogger("edgepi.supervisor")

    def bring_up(
        self, name: str, attempt: Callable[[], Awaitable[None]], report: Callable[[Outcome], None]
    ) -> Supervised:
        """Call *attempt* until it returns without an exception; *report* hears how each went."""
        return Supervised(self, name, attempt, report)


class Supervised:
    """One thing that is being brought up."""

    def __init__(
        self,
        supervisor: Supervisor,
        name: str,
        attempt: Callable[[], Awaitable[None]],
        report: Callable[[Outcome], None],
    ) -> None:
        self.name = name
        self.first = asyncio.Event()
        self._supervisor = supervisor
        self._attempt = attempt
        self._report = report
        self._failures = Failures(supervisor.policy)
        self._task = asyncio.create_task(self._run(), name=f"supervising {name}")

    async def stop(self) -> None:
        """Try no more."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            outcome = await self._once()
            self._report(outcome)
            self.first.set()
            if outcome.retry_s is None:
                return
            await self._supervisor.clock.sleep(outcome.retry_s)

    async def _once(self) -> Outcome:
        try:
            await self._attempt()
        except (Exception, SystemExit) as error:  # noqa: BLE001 (what is brought up is plugin code)
            return self._failed(error)
        self._failures.succeeded()
        return Outcome(ok=True)

    def _failed(self, error: BaseException) -> Outcome:
        supervisor, reason = self._supervisor, explain(error)
        fault = not isinstance(error, EdgePiError | OSError)
        enough = self._failures.add(supervisor.clock.monotonic(), fault=fault)
        if self._failures.in_a_row == 1 or enough:
            supervisor.log.warning("%s: %s", self.name, reason, exc_info=error if fault else None)
        if enough:
            return Outcome(ok=False, reason=reason)
        delay_s = supervisor.policy.delay_s(self._failures.in_a_row, supervisor.chance())
        return Outcome(ok=False, reason=reason, retry_s=delay_s)


def explain(error: BaseException) -> str:
    """Say in one sentence what an exception means to a user."""
    if isinstance(error, EdgePiError | TimeoutError) and str(error):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    text = str(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
