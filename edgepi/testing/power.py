"""Stand-ins around the energy budget: a board, a meter, a duty, a forecaster and the machine itself."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from edgepi.clock import Clock
from edgepi.errors import BusError, ForecastError, HardwareError
from edgepi.hardware import Phase
from edgepi.model import (
    Lease,
    Level,
    SunForecast,
    Supply,
    WakePlan,
    WakeReason,
    WakeReasonKind,
    WakeReceipt,
)
from edgepi.plugin import Duty, PowerCapabilities, PowerController, SunForecaster, SupplyMeter
from edgepi.testing.doubles import FakeHardware

__all__ = ["FakeBoard", "FakeDuty", "FakeForecaster", "FakeMachine", "FakeMeter"]


class FakeMachine(FakeHardware):
    """`edgepi.hardware.Machine` in memory; *events* notes what was done, in order."""

    def __init__(self, clock: Clock, *, allow_halt: bool = False, events: list[str] | None = None) -> None:
        super().__init__()
        self.clock = clock
        self.can_halt = allow_halt
        self.events = events if events is not None else []
        self.told: list[tuple[dict[str, str], tuple[Lease, ...]]] = []
        self.halts = True

    def permit_halt(self) -> None:
        """Allow `halt` from now on."""
        self.can_halt = True

    async def halt(self, reason: str) -> None:
        """Note the halt, or fail if *halts* was set to False."""
        del reason
        if not self.can_halt or not self.halts:
            raise HardwareError("the machine refuses to halt")
        self.events.append("halt")

    async def tell(self, levels: Mapping[str, str], leases: Iterable[Lease]) -> None:
        """Note what runs."""
        self.told.append((dict(levels), tuple(leases)))

    async def phase(self, phase: Phase) -> None:
        """Note the phase."""
        self.events.append(f"phase {phase.value}")

    async def truth(self) -> Mapping[str, Any] | None:
        """Nobody knows."""
        return None

    async def gone(self) -> str:
        """Never."""
        await asyncio.get_running_loop().create_future()
        return ""


class FakeMeter(SupplyMeter):
    """Reads what *values* holds; *fails* or *hangs* on request."""

    interval_s = 10.0
    timeout_s = 0.05

    def __init__(self, clock: Clock, **values: float) -> None:
        self.values: dict[str, Any] = dict(values)
        self.clock_source = clock
        self.fails = self.hangs = False
        self.starts = self.reads = 0

    async def start(self) -> None:
        """Count."""
        self.starts += 1

    async def read(self) -> Supply:
        """Give the values as a record of now."""
        self.reads += 1
        if self.hangs:
            await asyncio.get_running_loop().create_future()
        if self.fails:
            raise BusError("the meter does not answer")
        return Supply(time_utc=self.clock_source.now(), source="fake", **self.values)


class FakeBoard(FakeMeter, PowerController):
    """A board that holds what it is told, unless *lie* replaces its receipt; notes events."""

    timeout_s = 5.0

    def __init__(self, clock: Clock, *, events: list[str] | None = None, **values: float) -> None:
        super().__init__(clock, **values)
        self.events = events if events is not None else []
        self.able = PowerCapabilities(
            can_cut=True,
            can_wake_at=True,
            can_wake_on_voltage=True,
            has_clock=True,
            cut_delay_s=(5.0, 25.0),
            wake_horizon_s=14 * 86400.0,
        )
        self.plan: WakePlan | None = None
        self.lie: WakeReceipt | None = None
        self.has_fallback = True
        self.shows: datetime | None = None
        self.heartbeat_fails = self.hangs_at_heartbeat = False
        self.ails: tuple[str, ...] = ()

    @property
    def capabilities(self) -> PowerCapabilities:
        """What *able* says."""
        return self.able

    async def ready(self) -> None:
        """Note."""
        self.events.append("ready")

    async def last_reason(self) -> WakeReason:
        """An alarm."""
        return WakeReason(WakeReasonKind.ALARM, "the alarm was due")

    async def arm(self, plan: WakePlan) -> WakeReceipt:
        """Hold the plan."""
        self.events.append("arm")
        self.plan = plan
        fallback_utc = plan.wake_utc + timedelta(hours=1)
        triggers = ("alarm", "guaranteed wake")
        return self.lie or WakeReceipt(
            wake_utc=plan.wake_utc,
            triggers=triggers,
            fallback_utc=fallback_utc if self.has_fallback else None,
        )

    async def disarm(self) -> None:
        """Let go of it."""
        self.events.append("disarm")
        self.plan = None

    async def prepare_cut(self) -> None:
        """Note."""
        self.events.append("prepare_cut")

    async def heartbeat(self) -> None:
        """Note; or fail, or hang, on request."""
        if self.hangs_at_heartbeat:
            await asyncio.get_running_loop().create_future()
        if self.heartbeat_fails:
            raise BusError("the watchdog does not answer")
        self.events.append("heartbeat")

    async def health(self) -> Sequence[str]:
        """What *ails* it."""
        return self.ails

    async def clock(self) -> datetime | None:
        """The node's time, unless *shows* says otherwise."""
        return self.shows or self.clock_source.now()

    async def set_clock(self, now_utc: datetime) -> None:
        """Note; a board whose *shows* is set stays wrong."""
        del now_utc
        self.events.append("set_clock")


class FakeDuty(Duty):
    """A duty that notes the levels applied; *fails* or *hangs* on request."""

    def __init__(self, *levels: Level, name: str = "duty") -> None:
        self.name = name
        self._levels = levels or (
            Level("off", 0.0, 0.0),
            Level("saver", 0.2, 1.0),
            Level("full", 1.0, 2.0),
        )
        self.applied: list[str] = []
        self.fails = self.hangs = self.stopped = False

    def levels(self) -> Sequence[Level]:
        """Off, saver and full, if not told otherwise."""
        return self._levels

    async def apply(self, level: str) -> None:
        """Note the level."""
        if self.hangs:
            await asyncio.get_running_loop().create_future()
        if self.fails:
            raise BusError("the duty's device does not answer")
        self.applied.append(level)

    async def stop(self) -> None:
        """Note."""
        self.stopped = True


class FakeForecaster(SunForecaster):
    """Foretells *hours* of sun by day from the full hour on; *fails* or *hangs* on request."""

    timeout_s = 0.05

    def __init__(self, clock: Clock, *, name: str = "forecast", w_m2: float = 400.0, hours: int = 72) -> None:
        self.name = name
        self.clock_source = clock
        self.w_m2 = w_m2
        self.hours = hours
        self.fails = self.hangs = False
        self.starts = self.stops = self.asked = 0

    async def start(self) -> None:
        """Count."""
        self.starts += 1

    async def fetch(self) -> SunForecast:
        """Foretell the same sun for every hour from 6 to 18 UTC."""
        self.asked += 1
        if self.hangs:
            await asyncio.get_running_loop().create_future()
        if self.fails:
            raise ForecastError("nobody knows")
        now = self.clock_source.now()
        start = now.replace(minute=0, second=0, microsecond=0)
        sun = tuple(self.w_m2 if 6 <= (start.hour + n) % 24 < 18 else 0.0 for n in range(self.hours))
        return SunForecast(issued_utc=now, start_utc=start, irradiance_w_m2=sun, source=self.name)

    async def stop(self) -> None:
        """Count."""
        self.stops += 1
