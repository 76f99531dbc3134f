"""How fast events, states and timers are."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

from apscheduler.triggers.cron import CronTrigger
from table import show

from edgepi.clock import SystemClock
from edgepi.model import State, StateChanged
from edgepi.runtime.bus import EventBus
from edgepi.runtime.discovery import discover
from edgepi.runtime.states import StateStore
from edgepi.runtime.timers import TimerService
from edgepi.testing.clock import ManualClock

REPEATS = 5
BATCH = 100_000


def best_per_s(work: Callable[[], None], count: int) -> float:
    """Operations per second of processor time, best of several runs."""
    taken = []
    for _ in range(REPEATS):
        begun = time.process_time()
        work()
        taken.append(time.process_time() - begun)
    return count / min(taken)


def bus_per_s(listeners: int) -> float:
    bus, heard = EventBus(), [0]

    def hear(_: StateChanged) -> None:
        heard[0] += 1

    for number in range(listeners):
        bus.listen(StateChanged, hear, name=f"listener {number}")
    state = StateStore(EventBus(), SystemClock()).set("a.b", 1.0, source="a")
    event = StateChanged(state, state)

    def work() -> None:
        for _ in range(BATCH):
            bus.publish(event)

    rate = best_per_s(work, BATCH)
    assert heard[0] == listeners * BATCH * REPEATS
    return rate


def queue_per_s() -> float:
    bus = EventBus()
    subscription = bus.subscribe(State, name="queue", maxsize=1000)
    state = StateStore(EventBus(), SystemClock()).set("a.b", 1.0, source="a")

    def work() -> None:
        for _ in range(BATCH):
            bus.publish(state)

    rate = best_per_s(work, BATCH)
    assert subscription.dropped == BATCH * REPEATS - 1000
    return rate


def states_per_s(entities: int) -> float:
    bus, heard = EventBus(), [0]

    def hear(_: StateChanged) -> None:
        heard[0] += 1

    bus.listen(StateChanged, hear, name="listener")
    states = StateStore(bus, SystemClock())
    names = [f"sensor.reading_{number}" for number in range(entities)]

    def work() -> None:
        for number in range(BATCH):
            states.set(names[number % entities], float(number), source="sensor")

    rate = best_per_s(work, BATCH)
    assert heard[0] == BATCH * REPEATS
    return rate


async def jump_ms() -> float:
    """Milliseconds of processor time for a step of a year with 100 calendar jobs."""
    clock = ManualClock()
    quiet = logging.getLogger("quiet")
    quiet.disabled = True
    timers = TimerService(clock, EventBus(), log=quiet)
    calls = [0]

    def call() -> None:
        calls[0] += 1

    for number in range(100):
        timers.on(CronTrigger(hour=number % 24, timezone="UTC"), call, name=f"job {number}")
    timers.every(0.5, lambda: None, name="poll")
    await timers.start()
    await clock.advance(0.5)
    before = calls[0]
    clock.step_wall(365 * 86400.0)
    begun = time.process_time()
    await clock.advance(1)
    taken = time.process_time() - begun
    assert 100 <= calls[0] - before <= 110
    await timers.stop()
    return taken * 1000


def discover_ms() -> float:
    begun = time.perf_counter()
    discover()
    return (time.perf_counter() - begun) * 1000


def main() -> None:
    show(
        "runtime (operations per second of processor time)",
        [
            ("events/s, no listener", f"{bus_per_s(0):,.0f}", ""),
            ("events/s, one listener", f"{bus_per_s(1):,.0f}", "300,000"),
            ("events/s, ten listeners", f"{bus_per_s(10):,.0f}", ""),
            ("events/s into a full queue", f"{queue_per_s():,.0f}", ""),
            ("state writes/s, one entity, one listener", f"{states_per_s(1):,.0f}", "150,000"),
            ("state writes/s, 1000 entities, one listener", f"{states_per_s(1000):,.0f}", "150,000"),
            ("a year's jump with 100 calendar jobs", f"{asyncio.run(jump_ms()):.1f} ms", ""),
            ("finding all plugins", f"{discover_ms():.1f} ms", ""),
        ],
    )


if __name__ == "__main__":
    main()
