"""The standing offer: holds energy free for the most demanding task before any is asked for."""

from __future__ import annotations

from contextlib import suppress

from edgepi.errors import EnergyError, LeaseError
from edgepi.model import LeaseState, Offer
from edgepi.plugin import Budget, LeaseHandle

__all__ = ["NO_ENERGY", "Standing"]

NO_ENERGY = "no energy is free for a task"


class Standing:
    """At most one standing offer; made anew when what it must cover changes."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._handle: LeaseHandle | None = None

    @property
    def sentence(self) -> str:
        """What the governor says to it."""
        told = self._handle.lease.sentence if self._handle else ""
        return told or "the governor has not decided yet"

    async def granted(self, offer: Offer) -> bool:
        """Whether the energy for *offer* is held free now; raises EnergyError."""
        handle = self._handle
        if handle is not None and (not handle.lease.state.open or handle.lease.offer != offer):
            await self.release("another task is the most demanding now")
        if self._handle is None:
            self._handle = await self._budget.offer(offer)
        return self._handle.lease.state is LeaseState.GRANTED

    async def release(self, reason: str) -> None:
        """Hold nothing any more."""
        handle, self._handle = self._handle, None
        if handle is not None and handle.lease.state.open:
            with suppress(LeaseError, EnergyError):
                await handle.give_back(reason)
