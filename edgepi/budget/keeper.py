"""Saves what the budget knows, and takes it up again in the next life."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any, Protocol

from edgepi.budget.leases import LeaseBook
from edgepi.budget.measuring import Measuring
from edgepi.budget.store import EnergyStore, Saved
from edgepi.clock import Clock

__all__ = ["SAVE_EVERY_S", "Keeper", "Kept"]

_log = logging.getLogger("edgepi.budget")

SAVE_EVERY_S = 300.0


_NONSENSE = (ValueError, KeyError, TypeError, AttributeError)


class Kept(Protocol):
    """A part whose memory is kept."""

    def memory(self) -> Mapping[str, Any]:
        """What must outlive a restart, JSON-able."""

    def recall(self, memory: Mapping[str, Any]) -> None:
        """Take over an earlier `memory`; raises ValueError and the like if it is none."""


class Keeper:
    """Books, charge, open leases, what governors learned and *more*, in one file; *boots* counts starts.

    What a governor learned stays when another one is chosen. *booted* is whether the machine was started
    since the last life, *seen_utc* when that last saved; *went* is whether it went down as it meant to.
    """

    def __init__(
        self,
        *,
        store: EnergyStore,
        clock: Clock,
        leases: LeaseBook,
        measuring: Measuring,
        governors: Kept,
        more: Mapping[str, Kept],
    ) -> None:
        self.boots = 0
        self.booted = True
        self.went = False
        self.seen_utc: datetime | None = None
        self._store = store
        self._clock = clock
        self._leases = leases
        self._measuring = measuring
        self._governors = governors
        self._more = more
        self._learned: Mapping[str, Any] = {}
        self._saved_s = clock.monotonic()
        self._unsaved = False
        self._writing = asyncio.Lock()

    @property
    def due(self) -> bool:
        """Whether the last save is old enough for another."""
        return self._clock.monotonic() - self._saved_s >= SAVE_EVERY_S

    async def save(self, *, going: bool = False) -> None:
        """Write; a failure is logged once, until it works again."""
        try:
            await self.write(going=going)
        except OSError as error:
            if not self._unsaved:
                _log.error("the energy books cannot be saved: %s; it is tried again", error)
            self._unsaved = True
            return
        if self._unsaved:
            _log.info("the energy books are saved again")
        self._unsaved = False

    async def write(self, *, going: bool = False) -> None:
        """Write all to disk and wait until it is there; *going* marks a planned end. Raises OSError."""
        async with self._writing:  # an older state must never replace a newer one
            self._saved_s = self._clock.monotonic()
            saved = Saved(
                saved_utc=self._clock.now(),
                monotonic_s=self._saved_s,
                going=going,
                leases=self._leases.open,
                governors={**self._learned, **self._governors.memory()},
                more={name: part.memory() for name, part in self._more.items()},
                boots=self.boots,
                **self._measuring.memory(),
            )
            await self._store.save(saved)

    async def recall(self) -> str | None:
        """Go on from the last life; returns a complaint if its file could not be read."""
        saved, complaint = await self._store.load()
        if saved is None:
            return complaint
        # A machine's monotonic clock begins anew with each boot.
        booted = saved.going or self._clock.monotonic() < saved.monotonic_s
        self.boots = saved.boots + (1 if booted else 0)
        self.booted, self.went, self.seen_utc = booted, saved.going, saved.saved_utc
        self._leases.restore(saved.leases)
        self._learned = saved.governors
        _take_up("ledger", partial(self._measuring.recall, saved, booted=booted))
        _take_up("governor's memory", partial(self._governors.recall, saved.governors))
        for name, part in self._more.items():
            if name in saved.more:
                _take_up(name, partial(part.recall, saved.more[name]))
        return complaint


def _take_up(what: str, recall: Callable[[], None]) -> None:
    try:
        recall()
    except _NONSENSE as error:
        _log.warning("the %s that was kept makes no sense and begins anew: %r", what, error)
