from __future__ import annotations

import asyncio
import gc
import logging

import pytest

from edgepi.testing.clock import settle
from edgepi.testing.doubles import FakeTimers
from edgepi_weather.station import Sampler

LOG = logging.getLogger("edgepi.plugins.roof")


@pytest.fixture
def sampler(fake_timers: FakeTimers) -> Sampler:
    return Sampler(fake_timers, LOG)


async def test_who_is_still_looking_is_left_out_and_holds_up_nobody(
    sampler: Sampler, fake_timers: FakeTimers
) -> None:
    looks: list[str] = []
    end = asyncio.Event()

    async def slow() -> None:
        looks.append("slow")
        await end.wait()

    sampler.add("slow", slow)
    sampler.add("quick", lambda: looks.append("quick"))
    for _ in range(3):
        await fake_timers["wind"].fire()
        await settle()
    assert sorted(looks) == ["quick", "quick", "quick", "slow"]
    end.set()
    await settle()
    await fake_timers["wind"].fire()
    await settle()
    assert looks.count("slow") == 2


async def test_a_look_in_progress_ends_with_its_device(sampler: Sampler, fake_timers: FakeTimers) -> None:
    ended: list[bool] = []

    async def slow() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    sampler.add("slow", slow)
    await fake_timers["wind"].fire()
    await settle()
    sampler.remove("slow")
    await settle()
    assert ended == [True]
    assert fake_timers["wind"].cancelled


async def test_a_look_that_has_not_begun_ends_with_its_device(
    sampler: Sampler, fake_timers: FakeTimers, recwarn: pytest.WarningsRecorder
) -> None:
    async def slow() -> None:
        raise AssertionError("it was ended before")

    sampler.add("slow", slow)
    await fake_timers["wind"].fire()
    sampler.remove("slow")
    await settle()
    gc.collect()
    assert not recwarn.list


async def test_a_look_that_crashes_is_written_down_and_made_again(
    sampler: Sampler, fake_timers: FakeTimers, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken() -> None:
        raise ZeroDivisionError

    sampler.add("vane", broken)
    for _ in range(2):
        await fake_timers["wind"].fire()
        await settle()
    assert [record.message for record in caplog.records] == ["looking at the vane failed"] * 2
    sampler.remove("vane")
