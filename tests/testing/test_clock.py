from __future__ import annotations

import asyncio
from datetime import timedelta

from edgepi.clock import Clock
from edgepi.testing.clock import START, ManualClock


def test_it_is_a_clock() -> None:
    assert isinstance(ManualClock(), Clock)


async def test_sleepers_wake_in_order_each_at_its_own_time() -> None:
    clock = ManualClock()
    woken: list[tuple[str, float]] = []

    async def sleep(name: str, seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append((name, clock.monotonic()))

    tasks = [asyncio.create_task(sleep("late", 20)), asyncio.create_task(sleep("early", 5))]
    await clock.advance(10)
    assert woken == [("early", 5)]
    await clock.advance(10)
    assert woken == [("early", 5), ("late", 20)]
    await asyncio.gather(*tasks)


async def test_who_sleeps_again_on_waking_is_woken_again_in_the_same_advance() -> None:
    clock = ManualClock()
    times: list[float] = []

    async def loop() -> None:
        while True:
            await clock.sleep(3)
            times.append(clock.monotonic())

    task = asyncio.create_task(loop())
    await clock.advance(10)
    assert times == [3, 6, 9]
    task.cancel()


async def test_a_step_of_the_wall_wakes_nobody_and_leaves_monotonic_time() -> None:
    clock = ManualClock()
    task = asyncio.create_task(clock.sleep(10))
    await clock.advance(1)
    clock.step_wall(3600)
    assert clock.now() == START + timedelta(seconds=3601)
    assert clock.monotonic() == 1
    assert clock.sleepers == 1
    await clock.advance(9)
    assert task.done()


async def test_a_cancelled_sleeper_is_forgotten() -> None:
    clock = ManualClock()
    task = asyncio.create_task(clock.sleep(10))
    await clock.advance(1)
    task.cancel()
    await clock.advance(20)
    assert clock.sleepers == 0
