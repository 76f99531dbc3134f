from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.combining import OrTrigger
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.date import DateTrigger
from apscheduler.triggers.interval import IntervalTrigger

from edgepi.clock import ScaledClock, TimeScale
from edgepi.model import ClockStepped
from edgepi.runtime.bus import EventBus
from edgepi.runtime.timers import TimerService
from edgepi.testing.clock import ManualClock, settle

YEAR_S = 365 * 86400.0
HOUR_S = 3600.0


class CountingTrigger(BaseTrigger):  # type: ignore[misc]
    def __init__(self, inner: BaseTrigger) -> None:
        self.inner = inner
        self.computed = 0

    def get_next_fire_time(self, previous_fire_time: Any, now: Any) -> Any:
        self.computed += 1
        return self.inner.get_next_fire_time(previous_fire_time, now)


class Calls:
    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.times: list[datetime] = []

    def __call__(self) -> None:
        self.times.append(self.clock.now())

    def __len__(self) -> int:
        return len(self.times)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def bus() -> EventBus:
    return EventBus()


@pytest.fixture
async def timers(clock: ManualClock, bus: EventBus) -> AsyncIterator[TimerService]:
    service = TimerService(clock, bus)
    await service.start()
    yield service
    await service.stop()


def cron(**fields: Any) -> CountingTrigger:
    return CountingTrigger(CronTrigger(timezone=UTC, **fields))


async def test_an_interval_fires_each_time_it_is_due(timers: TimerService, clock: ManualClock) -> None:
    calls = Calls(clock)
    timers.every(10, calls, name="poll")
    await clock.advance(35)
    assert [t.second for t in calls.times] == [10, 20, 30]


async def test_at_once_fires_before_the_first_interval(timers: TimerService, clock: ManualClock) -> None:
    calls = Calls(clock)
    timers.every(10, calls, name="poll", at_once=True)
    await clock.advance(15)
    assert [t.second for t in calls.times] == [0, 10]


async def test_a_slow_callback_never_runs_twice_at_a_time_and_is_not_caught_up(
    timers: TimerService, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    begun: list[float] = []

    async def slow() -> None:
        begun.append(clock.monotonic())
        await clock.sleep(25)

    timers.every(10, slow, name="slow")
    await clock.advance(70)
    assert begun == [10, 40, 70]
    assert sum("still busy" in r.message for r in caplog.records) == 1


async def test_a_callback_that_raises_is_named_and_called_again(
    timers: TimerService, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    calls = Calls(clock)

    def bad() -> None:
        calls()
        raise SystemExit(3)

    other = Calls(clock)
    timers.every(10, bad, name="the bad one")
    timers.every(10, other, name="other")
    await clock.advance(20)
    assert len(calls) == len(other) == 2
    assert "'the bad one' failed" in caplog.text


async def test_after_fires_once_even_when_nobody_keeps_the_handle(
    timers: TimerService, clock: ManualClock
) -> None:
    done: list[float] = []

    async def work() -> None:
        await clock.sleep(1)
        done.append(clock.monotonic())

    timers.after(5, work, name="once")
    await clock.advance(60)
    assert done == [6]


async def test_a_cancelled_timer_is_silent(timers: TimerService, clock: ManualClock) -> None:
    calls = Calls(clock)
    handles = [timers.every(10, calls, name="a"), timers.on(cron(second=5), calls, name="b")]
    for handle in handles:
        handle.cancel()
    await clock.advance(120)
    assert len(calls) == 0


async def test_an_earlier_timer_added_later_is_not_slept_over(
    timers: TimerService, clock: ManualClock
) -> None:
    calls = Calls(clock)
    timers.every(25, Calls(clock), name="long")
    await settle()
    timers.after(1, calls, name="short")
    await clock.advance(1)
    assert len(calls) == 1


async def test_a_cron_trigger_fires_once_per_date(timers: TimerService, clock: ManualClock) -> None:
    calls = Calls(clock)
    timers.on(cron(minute="*/10"), calls, name="ten")
    await clock.advance(HOUR_S)
    assert [t.minute for t in calls.times] == [0, 10, 20, 30, 40, 50, 0]


async def test_a_trigger_that_is_due_at_its_own_moment_does_not_repeat_it(
    timers: TimerService, clock: ManualClock
) -> None:
    calls = Calls(clock)
    timers.on(IntervalTrigger(seconds=600, start_date=clock.now(), timezone=UTC), calls, name="even")
    await clock.advance(1200)
    assert len(calls) == 3


async def test_a_date_fires_once_and_is_over(timers: TimerService, clock: ManualClock) -> None:
    calls = Calls(clock)
    timers.on(DateTrigger(clock.now() + timedelta(seconds=90)), calls, name="date")
    await clock.advance(600)
    assert calls.times == [datetime(2025, 6, 1, 12, 1, 30, tzinfo=UTC)]


async def test_a_past_date_in_a_combination_does_not_silence_the_rest(
    timers: TimerService, clock: ManualClock
) -> None:
    calls = Calls(clock)
    date = DateTrigger(clock.now() + timedelta(seconds=90))
    timers.on(OrTrigger([date, CronTrigger(minute="*/10", timezone=UTC)]), calls, name="either")
    await clock.advance(HOUR_S)
    assert [(t.minute, t.second) for t in calls.times] == [
        (0, 0),
        (1, 30),
        *((m, 0) for m in (10, 20, 30, 40, 50, 0)),
    ]


JOBS: dict[str, dict[str, Any]] = {
    "each second": {"second": "*"},
    "each minute": {"second": 0},
    "hourly": {"minute": 15},
    "daily": {"hour": 12, "minute": 30},
    "yearly": {"month": 1, "day": 1},
}


async def test_a_jump_of_a_year_runs_each_job_at_most_once_and_computes_few_dates(
    timers: TimerService, clock: ManualClock
) -> None:
    jobs = {name: (cron(**fields), Calls(clock)) for name, fields in JOBS.items()}
    for name, (trigger, calls) in jobs.items():
        timers.on(trigger, calls, name=name)
    polls = Calls(clock)
    timers.every(7, polls, name="poll")
    await clock.advance(0.5)
    for trigger, calls in jobs.values():
        trigger.computed = 0
        calls.times.clear()
    clock.step_wall(YEAR_S)
    await clock.advance(8)  # noticed at the next second, and no whole minute passes
    dates = {"each second": 8}
    for name, (trigger, calls) in jobs.items():
        assert len(calls) <= dates.get(name, 0) + 1, name
        assert trigger.computed < dates.get(name, 0) + 10, name
    assert len(jobs["daily"][1]) == len(jobs["yearly"][1]) == 1
    await clock.advance(HOUR_S)
    assert len(jobs["each minute"][1]) in {60, 61}
    assert len(jobs["hourly"][1]) == 2
    assert len(jobs["daily"][1]) == 2
    assert len(polls) == 3608 // 7


async def test_a_missed_date_is_kept_once_after_a_forward_jump(
    timers: TimerService, clock: ManualClock
) -> None:
    calls = Calls(clock)
    timers.on(cron(hour=15), calls, name="daily")
    await clock.advance(1)
    clock.step_wall(YEAR_S)
    await clock.advance(40)
    assert len(calls) == 1


async def test_an_hour_back_silences_nothing_and_repeats_no_single_date(
    timers: TimerService, clock: ManualClock
) -> None:
    jobs = {name: (cron(**fields), Calls(clock)) for name, fields in JOBS.items()}
    for name, (trigger, calls) in jobs.items():
        timers.on(trigger, calls, name=name)
    polls = Calls(clock)
    timers.every(10, polls, name="poll")
    await clock.advance(2100)  # 12:35
    for trigger, calls in jobs.values():
        trigger.computed = 0
        calls.times.clear()
    clock.step_wall(-HOUR_S)  # 11:35
    await clock.advance(30)
    assert all(len(jobs[name][1]) <= 1 for name in ("each minute", "hourly", "daily", "yearly"))
    assert all(jobs[name][0].computed < 10 for name in ("each minute", "hourly", "daily", "yearly"))
    assert len(jobs["each second"][1]) >= 1
    await clock.advance(600)
    assert len(jobs["each minute"][1]) in {10, 11}
    await clock.advance(7200)
    assert len(jobs["hourly"][1]) == 1  # 12:15 was kept before the step, so 13:15 is next
    assert len(jobs["daily"][1]) == 0  # 12:30 was kept before the step
    assert len(polls) == (2100 + 30 + 600 + 7200) // 10


async def test_a_jump_there_and_back_leaves_a_daily_job_daily(
    timers: TimerService, clock: ManualClock
) -> None:
    calls = Calls(clock)
    timers.on(cron(hour=13), calls, name="daily")
    await clock.advance(40)
    clock.step_wall(YEAR_S)
    await clock.advance(40)
    clock.step_wall(-YEAR_S)
    calls.times.clear()
    await clock.advance(3 * 86400)
    assert 2 <= len(calls) <= 3


async def test_a_step_is_published_with_its_size(
    timers: TimerService, clock: ManualClock, bus: EventBus
) -> None:
    steps: list[ClockStepped] = []
    bus.listen(ClockStepped, steps.append, name="test")
    await clock.advance(40)
    clock.step_wall(-HOUR_S)
    await clock.advance(31)
    assert [round(step.step_s) for step in steps] == [-3600]


async def test_slow_slewing_is_no_step(timers: TimerService, clock: ManualClock, bus: EventBus) -> None:
    steps: list[ClockStepped] = []
    bus.listen(ClockStepped, steps.append, name="test")
    for _ in range(20):
        clock.step_wall(1.5)
        await clock.advance(30)
    assert steps == []


async def test_calendar_work_waits_until_the_clock_is_trusted(bus: EventBus) -> None:
    clock = ManualClock(datetime(1970, 1, 1, tzinfo=UTC), trusted=False)
    service = TimerService(clock, bus)
    await service.start()
    trigger, calls, polls = cron(minute="*/10"), Calls(clock), Calls(clock)
    service.on(trigger, calls, name="ten")
    service.every(60, polls, name="poll")
    await clock.advance(HOUR_S)
    assert (len(calls), len(polls), trigger.computed) == (0, 60, 0)
    clock.step_wall(55 * YEAR_S)
    clock.trusted = True
    await clock.advance(HOUR_S)
    await service.stop()
    assert 6 <= len(calls) <= 7
    assert trigger.computed < 10


async def test_a_trigger_that_raises_is_given_up_and_harms_no_other(
    timers: TimerService, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(BaseTrigger):  # type: ignore[misc]
        def get_next_fire_time(self, previous_fire_time: Any, now: Any) -> Any:
            raise RuntimeError("no idea")

    calls = Calls(clock)
    timers.on(Broken(), calls, name="broken")
    timers.every(10, calls, name="good")
    await clock.advance(20)
    assert len(calls) == 2
    assert "'broken' is given up" in caplog.text


async def test_ticks_advance_with_nothing_to_do(timers: TimerService, clock: ManualClock) -> None:
    await clock.advance(1)
    before = timers.ticks
    await clock.advance(61)
    assert timers.ticks >= before + 2


async def test_stop_cancels_calls_in_progress(clock: ManualClock, bus: EventBus) -> None:
    service = TimerService(clock, bus)
    await service.start()
    ended: list[str] = []

    async def forever() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("cancelled")

    service.after(1, forever, name="forever")
    await clock.advance(2)
    await service.stop()
    assert ended == ["cancelled"]


async def test_an_interval_must_be_positive(timers: TimerService) -> None:
    with pytest.raises(ValueError, match="above zero"):
        timers.every(0, lambda: None, name="never")


async def test_a_rate_change_while_sleeping_moves_the_next_call(
    bus: EventBus, caplog: pytest.LogCaptureFixture
) -> None:
    real = time.monotonic()
    clock = ScaledClock(TimeScale(real, 0.0, 1_750_000_000.0, 1.0))
    service = TimerService(clock, bus)
    fired = asyncio.Event()
    trigger = DateTrigger(datetime.fromtimestamp(1_750_000_000.0 + 20, UTC))
    service.every(20, fired.set, name="twenty")
    dated = asyncio.Event()
    service.on(trigger, dated.set, name="date")
    await service.start()
    await settle()
    assert not fired.is_set()
    now = time.monotonic()
    clock.rescale(TimeScale(now, clock.monotonic(), clock.now().timestamp(), 2000.0))
    async with asyncio.timeout(15):
        await fired.wait()
        await dated.wait()
    await service.stop()
    assert "stepped" not in caplog.text


async def test_reading_a_very_fast_clock_is_no_step(bus: EventBus, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    clock = ScaledClock(TimeScale(time.monotonic(), 0.0, 1_750_000_000.0, 3_000_000.0))
    service = TimerService(clock, bus)
    await service.start()
    for _ in range(200):
        await asyncio.sleep(0)
    await service.stop()
    assert "stepped" not in caplog.text
