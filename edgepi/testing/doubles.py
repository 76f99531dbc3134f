"""Stand-ins for what EdgePi hands to a plugin: hardware, budget, timers, and the context itself."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from edgepi.clock import Clock
from edgepi.errors import HardwareError
from edgepi.hardware.attributes import WRITABLE, allowed
from edgepi.model import Answer, Lease, LeaseState, NodeInfo, Offer, Reading, State
from edgepi.plugin import I2CBus, LeaseHandle, PluginContext, StartChild
from edgepi.runtime.child import Child
from edgepi.sim.bus import SimulatedBus
from edgepi.sim.chips.powerboard import no_such_file

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


@dataclass(slots=True)
class FakeLine:
    """One pin, driven, watched or counted."""

    pin: int
    high: bool
    on_change: Callable[[bool], None] | None = None
    history: list[bool] = field(default_factory=list)
    count: int = 0
    closed: bool = False

    def set(self, high: bool) -> None:
        """Drive the pin."""
        self.high = high
        self.history.append(high)
        if self.on_change:
            self.on_change(high)

    def value(self) -> bool:
        """Level of the pin."""
        return self.high

    def total(self) -> int:
        """Closures so far."""
        return self.count

    def close(self) -> None:
        """Let go of the pin."""
        self.closed = True


@dataclass(slots=True)
class FakeKey:
    """One key that is watched."""

    on_press: Callable[[], None]
    down: bool = False
    closed: bool = False

    def value(self) -> bool:
        """Whether it is down."""
        return self.down

    def close(self) -> None:
        """Watch no more."""
        self.closed = True


class Attributes(Protocol):
    """What answers for the kernel's files, such as a simulated power board."""

    def attribute(self, path: str) -> str:
        """Return the text of a file."""

    def set_attribute(self, path: str, text: str) -> None:
        """Take the text for a file."""

    def set_rtc(self, time_utc: datetime) -> None:
        """Set the clock chip."""


class FakeHardware:
    """`edgepi.plugin.Hardware` in memory.

    *outputs*, *inputs* and *counters* hold the pins that were opened; *wires* says what a driven
    pin is wired to; *processes* are the command lines that run; *clock_sets* the times that the
    machine's clock was set to. *attributes* are the kernel's files and *attribute_sets* what was written;
    *files* answers instead of them, if set. *keys* are those that there are; `press_key` presses one.
    """

    simulated = True

    def __init__(self, buses: dict[int, I2CBus] | None = None) -> None:
        self.buses: dict[int, I2CBus] = dict(buses or {})
        self.outputs: dict[int, FakeLine] = {}
        self.inputs: dict[int, FakeLine] = {}
        self.counters: dict[int, FakeLine] = {}
        self.wires: dict[int, Callable[[bool], None]] = {}
        self.processes: list[str] = []
        self.attributes: dict[str, str] = {}
        self.attribute_sets: list[tuple[str, str]] = []
        self.files: Attributes | None = None
        self.keys: dict[int, list[FakeKey]] = {}
        self.clock_sets: list[datetime] = []
        self.on_set_clock: Callable[[datetime], None] | None = None

    def i2c(self, bus: int = 1) -> I2CBus:
        """The bus that was put in, or an empty one for bus 1; others do not exist."""
        if bus not in self.buses:
            if bus != 1:
                raise HardwareError(f"there is no I2C bus {bus}")
            self.buses[bus] = SimulatedBus()
        return self.buses[bus]

    def output_line(self, pin: int, *, high: bool = False) -> FakeLine:
        """Drive a pin."""
        self.outputs[pin] = FakeLine(pin, high, self.wires.get(pin))
        return self.outputs[pin]

    def input_line(
        self, pin: int, *, pull_up: bool = True, on_change: Callable[[bool], None] | None = None
    ) -> FakeLine:
        """Watch a pin; a test moves it with ``hardware.inputs[pin].set(...)``."""
        self.inputs[pin] = FakeLine(pin, pull_up, on_change)
        return self.inputs[pin]

    def pulse_counter(self, pin: int, *, pull_up: bool = True, bounce_s: float = 0.002) -> FakeLine:
        """Count pulses; a test adds to ``hardware.counters[pin].count``."""
        del bounce_s
        self.counters[pin] = FakeLine(pin, pull_up)
        return self.counters[pin]

    async def set_clock(self, now_utc: datetime) -> None:
        """Note the time, and pass it on to *on_set_clock*."""
        self.clock_sets.append(now_utc)
        if self.on_set_clock:
            self.on_set_clock(now_utc)

    async def set_rtc(self, now_utc: datetime) -> None:
        """Set the clock chip of *files*; there is no other."""
        if self.files is None:
            raise no_such_file("/dev/rtc0 cannot be set: No such file or directory")
        await asyncio.to_thread(self.files.set_rtc, now_utc)

    async def process_runs(self, pattern: str) -> bool:
        """Whether one of *processes* holds the pattern."""
        return any(pattern in each for each in self.processes)

    async def read_attribute(self, path: str) -> str:
        """Give what *files* answers, or what *attributes* holds."""
        plain = allowed(path)
        if self.files is not None:
            return await asyncio.to_thread(self.files.attribute, plain)
        if plain not in self.attributes:
            raise no_such_file(f"{plain} cannot be read: No such file or directory")
        return self.attributes[plain]

    async def write_attribute(self, path: str, text: str) -> None:
        """Note what is written, and hand it to *files* or *attributes*; a file must be there."""
        plain = allowed(path, WRITABLE)
        if self.files is None and plain not in self.attributes:
            raise no_such_file(f"{plain} cannot be written: No such file or directory")
        self.attribute_sets.append((plain, text))
        if self.files is not None:
            await asyncio.to_thread(self.files.set_attribute, plain, text)
        else:
            self.attributes[plain] = text

    def watch_key(self, code: int, on_press: Callable[[], None]) -> FakeKey:
        """Watch one of *keys*."""
        if code not in self.keys:
            raise HardwareError(f"this machine has no key {code} that can be watched")
        self.keys[code].append(FakeKey(on_press))
        return self.keys[code][-1]

    def press_key(self, code: int) -> None:
        """Press a key, for all who still watch it."""
        for key in self.keys[code]:
            if not key.closed:
                key.on_press()


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
