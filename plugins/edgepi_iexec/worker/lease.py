"""A task's lease: what it permits, when it pauses, and the question before the promise."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime, timedelta

from edgepi.errors import EnergyError, LeaseError
from edgepi.model import Answer, LeaseState
from edgepi.plugin import LeaseHandle

__all__ = ["LeaseKeeper"]

_MEANT = timedelta(seconds=1)
_RUNS = frozenset({LeaseState.RUNNING, LeaseState.COMMIT_ASKED, LeaseState.COMMITTED, LeaseState.FINISHED})


class LeaseKeeper:
    """Wraps a lease, or the want of one: a task that must be revealed goes on without.

    *pause* is told whether the job must stand still; *lost* hears that the lease ended before the job did.
    """

    def __init__(
        self,
        handle: LeaseHandle | None,
        *,
        pause: Callable[[bool], Awaitable[None]],
        lost: Callable[[str], None],
    ) -> None:
        self._handle = handle
        self._pause = pause
        self._lost = lost

    @property
    def state(self) -> LeaseState | None:
        """Where the lease stands; None without one."""
        return self._handle.lease.state if self._handle else None

    @property
    def committed(self) -> bool:
        """Whether the finish is promised."""
        return self.state is LeaseState.COMMITTED

    @property
    def used(self) -> tuple[float, float]:
        """Energy (Wh) and seconds of running so far."""
        lease = self._handle.lease if self._handle else None
        return (lease.used_wh, lease.run_s) if lease else (0.0, 0.0)

    async def heed(self) -> None:
        """Pass on what becomes of the lease until it ends."""
        if self._handle is None:
            return
        seen = None
        while True:
            lease = self._handle.lease
            if lease.state is seen:
                await self._handle.changed()
                continue
            seen = lease.state
            if not seen.open:
                if seen in {LeaseState.BROKEN, LeaseState.REFUSED}:
                    self._lost(lease.sentence)
                return
            await self._pause(seen not in _RUNS)

    async def permitted(self) -> None:
        """Begin the run phase, or wait until it may go on; for ever if the lease has ended."""
        while self._handle is not None:
            state = self._handle.lease.state
            if state in _RUNS:
                return
            if state is LeaseState.GRANTED:
                with suppress(LeaseError):  # taken back in this very moment
                    await self._handle.started()
                continue
            if not state.open:
                await asyncio.Event().wait()
            await self._handle.changed()

    async def commit(self) -> Answer:
        """Ask whether the finish is safe; *no* means that the lease is given back."""
        if self._handle is None:
            return Answer(yes=False, sentence="there is no lease")
        if self.committed:
            return Answer(yes=True, sentence="promised before")
        while True:
            await self.permitted()
            with suppress(LeaseError):  # paused in this very moment
                return await self._handle.commit()

    async def due(self, deadline_utc: datetime) -> None:
        """Say by when the finish must be done, as far as it is known now."""
        finish = self._handle.lease.offer.finish if self._handle is not None else None
        if self._handle is None or finish is None:
            return
        # Before the run it is the run's own, which must fit before the contribution deadline.
        if self.state not in {LeaseState.RUNNING, LeaseState.COMMIT_ASKED, LeaseState.COMMITTED}:
            return
        if abs(finish.deadline_utc - deadline_utc) >= _MEANT:
            with suppress(EnergyError):
                await self._handle.move_deadline(deadline_utc)

    async def begin_finish(self) -> None:
        """Say that the finish phase begins."""
        if self._handle is not None and self.committed and not self._handle.lease.finishing:
            with suppress(LeaseError):
                await self._handle.started()

    async def finished(self) -> None:
        """Say that the job is done."""
        if self._handle is not None and self._handle.lease.state.open:
            with suppress(LeaseError):
                await self._handle.finished()
        await self.give_back("it ended otherwise")

    async def give_back(self, reason: str) -> None:
        """Say that the job ends without being done; nothing if it has ended."""
        if self._handle is not None and self._handle.lease.state.open:
            with suppress(LeaseError):
                await self._handle.give_back(reason)
