"""Everything that a plugin instance is handed."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from aiohttp import ClientSession
    from apscheduler.triggers.base import BaseTrigger

    from edgepi.clock import Clock
    from edgepi.model import Answer, Lease, NodeInfo, Offer, Reading, State
    from edgepi.plugin.child import StartChild
    from edgepi.plugin.hardware import Hardware

__all__ = ["Budget", "LeaseHandle", "PluginContext", "RunBlocking", "TimerHandle", "Timers"]

C = TypeVar("C")
T = TypeVar("T")
Callback = Callable[[], Awaitable[None] | None]


class TimerHandle(Protocol):
    """A timer that can be taken back."""

    def cancel(self) -> None:
        """Never fire again."""


class Timers(Protocol):
    """Work at intervals (monotonic time) and on dates (wall time)."""

    def every(
        self, interval_s: float, callback: Callback, *, name: str, at_once: bool = False
    ) -> TimerHandle:
        """Call each *interval_s*; never two at a time, never to catch up."""

    def on(self, trigger: BaseTrigger, callback: Callback, *, name: str) -> TimerHandle:
        """Call when an APScheduler trigger fires (cron, date, ...); at most once per clock jump."""

    def after(self, delay_s: float, callback: Callback, *, name: str) -> TimerHandle:
        """Call once after *delay_s*."""


class LeaseHandle(Protocol):
    """A job's side of a lease."""

    @property
    def lease(self) -> Lease:
        """Where the lease stands now."""

    async def changed(self) -> Lease:
        """Wait for the next change of state and return the lease."""

    async def started(self) -> None:
        """Say that the work begins: the run phase, or once committed the finish phase."""

    async def commit(self) -> Answer:
        """Ask whether the finish phase is safe; *yes* means that its energy is set aside now."""

    async def move_deadline(self, deadline_utc: datetime) -> None:
        """Say by when the finish phase must be done, now that more is known; the node sleeps no longer."""

    async def finished(self) -> None:
        """Say that the job is done."""

    async def give_back(self, reason: str) -> None:
        """Say that the job ends without being done."""


class Budget(Protocol):
    """How jobs ask for energy; one RLC of net earnings is worth *points_per_rlc* to the owner."""

    @property
    def points_per_rlc(self) -> float:
        """What turns earnings into the value of an offer."""

    async def would_grant(self, offer: Offer) -> Answer:
        """Answer an offer without granting it; holds for the moment only."""

    async def offer(self, offer: Offer) -> LeaseHandle:
        """Make an offer; the lease is granted, refused or stays offered until one or the other."""


class RunBlocking(Protocol):
    """Runs a blocking function in the plugin's own thread."""

    async def __call__(self, function: Callable[..., T], /, *args: Any) -> T:
        """Run it and wait for its result."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginContext(Generic[C]):
    """What one instance of a plugin may use; it needs nothing else from the process.

    *report* publishes readings of the instance's own sensors at any time; *state* looks up the
    latest state of any entity; *state_dir* is private to the instance; *child* makes processes for what
    may abort, hang or weigh: they end with the instance.
    """

    plugin: str
    instance: str
    config: C
    node: NodeInfo
    clock: Clock
    log: logging.Logger
    hardware: Hardware
    budget: Budget
    timers: Timers
    state_dir: Path
    run_blocking: RunBlocking
    child: StartChild
    report: Callable[[Iterable[Reading]], None]
    state: Callable[[str], State | None]
    http_client: Callable[[], Awaitable[ClientSession]]
