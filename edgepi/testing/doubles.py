"""Stand-ins for what EdgePi hands to a plugin: budget, timers, and the context itself."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from edgepi.clock import Clock
from edgepi.errors import HardwareError
from edgepi.model import Answer, Lease, LeaseState, NodeInfo, Offer, Reading, State
from edgepi.plugin import LeaseHandle, PluginContext, StartChild
from edgepi.runtime.child import Child
from edgepi.testing.hardware import FakeHardware, FakeKey, FakeLine

if TYPE_CHECKING:
    from aiohttp import ClientSession
    from apscheduler.triggers.base import BaseTrigger

__all__ = [
    "NODE",
    "FakeBudget",
    "FakeHardware",
    "FakeKey",
    "FakeLease",
    "FakeLine",
    "FakeTimer",
    "FakeTimers",
    "build_context",
    "run_in_thread",
]

T = TypeVar("T")
NODE = NodeInfo(name="test", latitude=48.1, longitude=11.6, elevation_m=520.0, time_zone="Europe/Berlin")


class FakeLease:
    """A lease that a test moves through its life with `become`."""

    def __init__(self, lease: Lease) -> None:
        self._lease = lease
        self._changed = asyncio.Event()
        self.commit_answer = Answer(yes=True, sentence="the finish is safe")
        self.given_back_because: str | None = None

    @property
    def lease(self) -> Lease:
        """Where the lease stands now."""
        return self._lease

    def become(self, state: LeaseState) -> None:
        """Move the lease to a state, as the budget would."""
        self._lease = replace(self._lease, state=state)
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def changed(self) -> Lease:
        """Wait for the next change."""
        await self._changed.wait()
        return self._lease

    async def started(self) -> None:
        """Run."""
        self.become(LeaseState.RUNNING)

    async def commit(self) -> Answer:
        """Answer *commit_answer*, and commit if it is yes."""
        if self.commit_answer.yes:
            self.become(LeaseState.COMMITTED)
        return self.commit_answer

    async def move_deadline(self, deadline_utc: datetime) -> None:
        """Be due at another time."""
        offer = self._lease.offer
        if offer.finish is not None:
            finish = replace(offer.finish, deadline_utc=deadline_utc)
            self._lease = replace(self._lease, offer=replace(offer, finish=finish))

    async def finished(self) -> None:
        """End well."""
        self.become(LeaseState.FINISHED)

    async def give_back(self, reason: str) -> None:
        """End without being done."""
        self.given_back_because = reason
        self.become(LeaseState.GIVEN_BACK)


class FakeBudget:
    """`edgepi.plugin.Budget` that says *answer* to every offer and keeps the leases."""

    points_per_rlc = 10.0

    def __init__(self, *, yes: bool = True) -> None:
        self.answer = Answer(yes=True, sentence="there is plenty")
        self.leases: list[FakeLease] = []
        if not yes:
            self.refuse()

    def refuse(self) -> None:
        """Say no from now on."""
        self.answer = Answer(yes=False, sentence="there is nothing to spare")

    async def would_grant(self, offer: Offer) -> Answer:
        """Answer without granting."""
        del offer
        return self.answer

    async def offer(self, offer: Offer) -> LeaseHandle:
        """Grant or refuse at once."""
        state = LeaseState.GRANTED if self.answer.yes else LeaseState.REFUSED
        lease = Lease(offer=offer, state=state, since_utc=datetime(2025, 6, 1, tzinfo=UTC))
        self.leases.append(FakeLease(lease))
        return self.leases[-1]


@dataclass(slots=True)
class FakeTimer:
    """A timer that a test fires."""

    name: str
    callback: Callable[[], Awaitable[None] | None]
    seconds: float | None = None
    trigger: BaseTrigger | None = None
    cancelled: bool = False

    def cancel(self) -> None:
        """Never fire again."""
        self.cancelled = True

    async def fire(self) -> None:
        """Call back now, unless cancelled."""
        if not self.cancelled and (result := self.callback()) is not None:
            await result


class FakeTimers:
    """`edgepi.plugin.Timers` that fire only when a test says so: ``await timers["name"].fire()``."""

    def __init__(self) -> None:
        self.all: list[FakeTimer] = []

    def __getitem__(self, name: str) -> FakeTimer:
        return next(timer for timer in reversed(self.all) if timer.name == name)

    def every(
        self,
        interval_s: float,
        callback: Callable[[], Awaitable[None] | None],
        *,
        name: str,
        at_once: bool = False,
    ) -> FakeTimer:
        """Keep a timer; *at_once* makes no difference here."""
        del at_once
        return self._keep(FakeTimer(name, callback, interval_s))

    def on(
        self, trigger: BaseTrigger, callback: Callable[[], Awaitable[None] | None], *, name: str
    ) -> FakeTimer:
        """Keep a timer."""
        return self._keep(FakeTimer(name, callback, trigger=trigger))

    def after(
        self, delay_s: float, callback: Callable[[], Awaitable[None] | None], *, name: str
    ) -> FakeTimer:
        """Keep a timer."""
        return self._keep(FakeTimer(name, callback, delay_s))

    def _keep(self, timer: FakeTimer) -> FakeTimer:
        self.all.append(timer)
        return timer


async def run_in_thread(function: Callable[..., T], /, *args: Any) -> T:
    """Run a blocking function as EdgePi does: in a thread, never in the event loop."""
    return await asyncio.to_thread(function, *args)


def build_context(
    *,
    config: Any,
    clock: Clock,
    state_dir: Path,
    plugin: str = "plugin",
    instance: str | None = None,
    hardware: FakeHardware | None = None,
    budget: FakeBudget | None = None,
    timers: FakeTimers | None = None,
    reports: list[Reading] | None = None,
    states: dict[str, State] | None = None,
    http_client: Callable[[], Awaitable[ClientSession]] | None = None,
    child: StartChild | None = None,
) -> PluginContext[Any]:
    """Build a context of fakes; what is not given is made anew. *reports* gathers what is reported.

    Without *child* real processes are made, which the test must stop.
    """
    gathered: list[Reading] = [] if reports is None else reports

    def report(readings: Iterable[Reading]) -> None:
        gathered.extend(readings)

    return PluginContext(
        plugin=plugin,
        instance=instance or plugin,
        config=config,
        node=NODE,
        clock=clock,
        log=logging.getLogger(f"edgepi.plugins.{instance or plugin}"),
        hardware=hardware or FakeHardware(),
        budget=budget or FakeBudget(),
        timers=timers or FakeTimers(),
        state_dir=state_dir,
        run_blocking=run_in_thread,
        child=child or partial(Child, clock=clock, log=logging.getLogger("edgepi.plugins")),
        report=report,
        state=(states or {}).get,
        http_client=http_client or _no_network,
    )


async def _no_network() -> ClientSession:
    raise HardwareError("this test has no network; hand `http_client` to the context")
