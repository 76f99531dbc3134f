"""Work at intervals and on dates, on one clock, through every jump of wall time."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from edgepi.clock import Clock
from edgepi.model import ClockStepped
from edgepi.plugin import TimerHandle
from edgepi.runtime.bus import EventBus
from edgepi.runtime.calendar import Appointment
from edgepi.runtime.stepwatch import StepWatch

if TYPE_CHECKING:
    from apscheduler.triggers.base import BaseTrigger

__all__ = ["TimerService"]

Callback = Callable[[], Awaitable[None] | None]

CHECK_S = 30.0


class TimerService:
    """Implements `Timers` with one task.

    Intervals run on monotonic time. Dates wait until the clock is trusted; each job runs at most
    once per jump of wall time. *ticks* advances at least every *check_s* own seconds.
    """

    def __init__(
        self,
        clock: Clock,
        bus: EventBus,
        *,
        step_threshold_s: float = 2.0,
        check_s: float = CHECK_S,
        log: logging.Logger | None = None,
    ) -> None:
        self.ticks = 0
        self._clock = clock
        self._bus = bus
        self._log = log or logging.getLogger("edgepi.timers")
        self._watch = StepWatch(clock, step_threshold_s)
        self._check_s = check_s
        self._jobs: set[_Job] = set()
        self._calls: set[asyncio.Task[None]] = set()
        self._task: asyncio.Task[None] | None = None
        self._nap: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to fire; jobs may be added before and after."""
        if self._task is None:
            self._task = asyncio.create_task(self._loop(), name="edgepi timers")

    async def stop(self) -> None:
        """Fire no more; calls in progress are cancelled and waited for."""
        tasks = list(self._calls)
        self._jobs.clear()
        tasks += [task for task in (self._task, self._nap) if task is not None]
        self._task = self._nap = None
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def every(
        self, interval_s: float, callback: Callback, *, name: str, at_once: bool = False
    ) -> TimerHandle:
        """Call each *interval_s*; never two at a time, never to catch up."""
        if not interval_s > 0:
            raise ValueError(f"timer {name!r}: interval must be above zero, not {interval_s}")
        first_s = 0.0 if at_once else interval_s
        return self._add(_Interval(self, name, callback, self._clock.monotonic() + first_s, interval_s))

    def after(self, delay_s: float, callback: Callback, *, name: str) -> TimerHandle:
        """Call once after *delay_s*."""
        return self._add(_Interval(self, name, callback, self._clock.monotonic() + delay_s, None))

    def on(self, trigger: BaseTrigger, callback: Callback, *, name: str) -> TimerHandle:
        """Call when an APScheduler trigger fires; at most once per clock jump.

        A lone date that has passed when the clock is trusted is called at once.
        """
        return self._add(_Dated(self, name, callback, trigger))

    def _add(self, job: _Job) -> _Job:
        self._jobs.add(job)
        if self._nap is not None:
            self._nap.cancel()
        return job

    def discard(self, job: _Job) -> None:
        """Forget a job."""
        self._jobs.discard(job)

    async def _loop(self) -> None:
        while True:
            self.ticks += 1
            self._notice_step()
            for job in list(self._jobs):
                self._fire_if_due(job)
            waits = [job.wait_s(self._clock) for job in self._jobs]
            nap_s = max(0.0, min([self._check_s, *waits]))
            self._nap = asyncio.create_task(self._clock.sleep(nap_s), name="edgepi timers' nap")
            await asyncio.wait((self._nap,))

    def _notice_step(self) -> None:
        step_s = self._watch.check()
        if step_s is None:
            return
        now = self._clock.now()
        self._log.warning("the wall clock stepped by %+.1f s to %s", step_s, now.isoformat())
        for job in list(self._jobs):
            self._guarded(job, job.rebase)
        self._bus.publish(ClockStepped(step_s, now))

    def _fire_if_due(self, job: _Job) -> None:
        if self._guarded(job, job.plan) and job.wait_s(self._clock) <= 0 and job in self._jobs:
            busy = job.busy
            if self._guarded(job, job.advance) and not busy:
                self._start_call(job)
            elif busy:
                job.say_busy(self._log)

    def _start_call(self, job: _Job) -> None:
        job.task = asyncio.create_task(self._call(job), name=f"timer {job.name}")
        self._calls.add(job.task)
        job.task.add_done_callback(self._calls.discard)

    def _guarded(self, job: _Job, step: Callable[[Clock], None]) -> bool:
        try:
            step(self._clock)
        except Exception:  # noqa: BLE001 (triggers are plugin code)
            self._log.exception("timer %r is given up: its trigger failed", job.name)
            self._jobs.discard(job)
            return False
        return True

    async def _call(self, job: _Job) -> None:
        try:
            result = job.callback()
            if inspect.isawaitable(result):
                await result
        except (Exception, SystemExit):  # noqa: BLE001 (callbacks are plugin code)
            self._log.exception("timer %r failed", job.name)


class _Job:
    """A callback with its name; the handle that `TimerService` gives out."""

    def __init__(self, service: TimerService, name: str, callback: Callback) -> None:
        self.name = name
        self.callback = callback
        self.task: asyncio.Task[None] | None = None
        self._service = service
        self._busy_said = False

    @property
    def busy(self) -> bool:
        """Whether the last call has not returned yet."""
        return self.task is not None and not self.task.done()

    def cancel(self) -> None:
        """Never fire again; a call in progress goes on."""
        self._service.discard(self)

    def say_busy(self, log: logging.Logger) -> None:
        """Log, once, that a call was left out because the last has not returned."""
        if not self._busy_said:
            log.warning("timer %r is still busy when due again; calls are left out (said once)", self.name)
        self._busy_said = True

    def wait_s(self, clock: Clock) -> float:
        """Own seconds until due."""
        raise NotImplementedError

    def advance(self, clock: Clock) -> None:
        """Move on to the next time, as this one is being kept."""
        raise NotImplementedError

    def plan(self, clock: Clock) -> None:
        """Find the first time, if that is still to do."""

    def rebase(self, clock: Clock) -> None:
        """Adjust to a step of wall time."""


class _Interval(_Job):
    def __init__(
        self, service: TimerService, name: str, callback: Callback, due_s: float, interval_s: float | None
    ) -> None:
        super().__init__(service, name, callback)
        self._due_s = due_s
        self._interval_s = interval_s

    def wait_s(self, clock: Clock) -> float:
        return self._due_s - clock.monotonic()

    def advance(self, clock: Clock) -> None:
        if self._interval_s is None:
            self.cancel()
            return
        missed = max(0.0, (clock.monotonic() - self._due_s) // self._interval_s)
        self._due_s += (missed + 1) * self._interval_s


class _Dated(_Job):
    def __init__(self, service: TimerService, name: str, callback: Callback, trigger: BaseTrigger) -> None:
        super().__init__(service, name, callback)
        self._appointment = Appointment(trigger)
        self._planned = False

    def wait_s(self, clock: Clock) -> float:
        next_utc = self._appointment.next_utc
        if next_utc is None:
            return CHECK_S
        return (next_utc - clock.now()).total_seconds()

    def plan(self, clock: Clock) -> None:
        if not self._planned and clock.trusted:
            self._appointment = self._appointment.planned(clock.now())
            self._planned = True
            self._end_if_over()

    def advance(self, clock: Clock) -> None:
        self._appointment = self._appointment.kept(clock.now())
        self._end_if_over()

    def rebase(self, clock: Clock) -> None:
        if self._planned:
            self._appointment = self._appointment.rebased(clock.now())
            self._end_if_over()

    def _end_if_over(self) -> None:
        if self._appointment.next_utc is None:
            self.cancel()
