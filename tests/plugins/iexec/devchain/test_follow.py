from __future__ import annotations

import asyncio

import pytest

from edgepi.testing.clock import ManualClock
from edgepi_iexec.devchain.follow import Follower
from edgepi_iexec.devchain.local import LocalChain

pytestmark = pytest.mark.slow


@pytest.fixture
def clock(devchain: LocalChain, manual_clock: ManualClock) -> ManualClock:
    ahead_s = devchain.rpc.latest_time_s() + 1000 - int(manual_clock.now().timestamp())
    manual_clock.step_wall(ahead_s)
    return manual_clock


@pytest.fixture
def follower(devchain: LocalChain, clock: ManualClock) -> Follower:
    return Follower(lambda: devchain.rpc, clock, block_s=15.0)


def transact(chain: LocalChain) -> int:
    """Send something, and return the time of the block that it is in."""
    chain.rpc.send(chain.deployment.workers[0].address, chain.deployment.workers[1].address, "0x")
    return chain.rpc.latest_time_s()


def now_s(clock: ManualClock) -> int:
    return int(clock.now().timestamp())


async def test_a_block_has_the_clocks_time(
    devchain: LocalChain, clock: ManualClock, follower: Follower
) -> None:
    for _ in range(3):
        await follower.tick()
        assert await asyncio.to_thread(transact, devchain) == now_s(clock)
        await clock.advance(7)


async def test_time_stands_still_with_the_clock(
    devchain: LocalChain, clock: ManualClock, follower: Follower
) -> None:
    await follower.tick()
    times = {await asyncio.to_thread(transact, devchain) for _ in range(5)}
    await follower.tick()
    assert times == {now_s(clock)}


async def test_an_empty_block_shows_that_time_passes(
    devchain: LocalChain, clock: ManualClock, follower: Follower
) -> None:
    await follower.tick()
    begin_s = devchain.rpc.latest_time_s
    first = await asyncio.to_thread(begin_s)
    await clock.advance(14)
    await follower.tick()
    assert await asyncio.to_thread(begin_s) == first
    await clock.advance(1)
    await follower.tick()
    assert await asyncio.to_thread(begin_s) == first + 15


async def test_a_clock_that_steps_back_does_not_take_the_chain_along(
    devchain: LocalChain, clock: ManualClock, follower: Follower
) -> None:
    await follower.tick()
    before = now_s(clock)
    clock.step_wall(-500)
    await follower.tick()
    assert await asyncio.to_thread(transact, devchain) == before
    await clock.advance(510)
    await follower.tick()
    assert await asyncio.to_thread(transact, devchain) == before + 10


async def test_a_chain_ahead_of_the_clock_waits_for_it(
    devchain: LocalChain, clock: ManualClock, follower: Follower
) -> None:
    await asyncio.to_thread(devchain.pass_time, 1500)
    ahead = await asyncio.to_thread(devchain.rpc.latest_time_s)
    await follower.tick()
    assert await asyncio.to_thread(transact, devchain) == ahead
