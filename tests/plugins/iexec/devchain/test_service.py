from __future__ import annotations

import asyncio
import logging
import os
import signal
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from edgepi.clock import ScaledClock, TimeScale
from edgepi.errors import ChainError, MarketError
from edgepi_iexec.devchain.deployment import Category, Deployment
from edgepi_iexec.devchain.local import LocalChain, Settings, open_market
from edgepi_iexec.devchain.service import Demand, DevChain

pytestmark = pytest.mark.slow

BEGIN_S = 1_750_000_000
CHECKSUM = "0x" + "22" * 32


def clock_at(wall_s: float, rate: float = 1.0) -> ScaledClock:
    now = time.monotonic()
    return ScaledClock(TimeScale(real_monotonic_s=now, monotonic_s=0.0, wall_s=wall_s, rate=rate))


@pytest.fixture
async def build(tmp_path: Path, chain_cache: Path) -> AsyncIterator[Callable[..., DevChain]]:
    made: list[DevChain] = []

    def build(clock: ScaledClock, **changes: Any) -> DevChain:
        log = logging.getLogger("devchain")
        made.append(DevChain(folder=tmp_path / "chain", cache=chain_cache, clock=clock, log=log, **changes))
        return made[-1]

    yield build
    for chain in made:
        await chain.stop()


async def eventually(ask: Callable[[], Any], what: str) -> Any:
    for _ in range(300):
        try:
            if found := await asyncio.to_thread(ask):
                return found
        except ChainError:
            pass
        await asyncio.sleep(0.1)
    pytest.fail(f"never: {what}")


async def test_the_chain_runs_with_a_world_sixty_times_as_fast(build: Callable[..., DevChain]) -> None:
    clock = clock_at(BEGIN_S, rate=60.0)
    chain = build(clock)
    await chain.start()
    latest = chain.market.rpc.latest_time_s
    await eventually(lambda: latest() > BEGIN_S + 180, "three minutes")
    assert await asyncio.to_thread(latest) <= clock.now().timestamp()


async def test_what_happened_is_there_after_a_stop(build: Callable[..., DevChain], tmp_path: Path) -> None:
    chain = build(clock_at(BEGIN_S))
    before = await chain.start()
    app = await asyncio.to_thread(chain.market.create_app, "kept:1", CHECKSUM)
    await chain.stop()
    again = build(clock_at(BEGIN_S + 1000))
    after = await again.start()
    assert (after.hub, after.pool) == (before.hub, before.pool)
    assert (await asyncio.to_thread(again.market.hub.call, "viewApp", app))[3] == b"kept:1"
    assert await asyncio.to_thread(Deployment.load, tmp_path / "chain/devchain.json") == after


async def test_a_chain_of_other_settings_or_of_the_future_is_begun_anew(
    build: Callable[..., DevChain],
) -> None:
    short = Settings(categories=(Category("XXS", 10),))
    for clock, settings in (
        (clock_at(BEGIN_S), Settings()),
        (clock_at(BEGIN_S), short),
        (clock_at(BEGIN_S - 5000), short),
    ):
        chain = build(clock, settings=settings)
        await chain.start()
        assert await asyncio.to_thread(chain.market.rpc.latest_time_s) <= clock.now().timestamp() + 1
        assert await asyncio.to_thread(chain.market.hub.call, "countCategory") == len(settings.categories)
        with pytest.raises(ChainError):
            await asyncio.to_thread(chain.market.hub.call, "viewApp", "0x" + "11" * 20)
        await asyncio.to_thread(chain.market.create_app, "a:1", CHECKSUM)
        await chain.stop()


async def test_a_node_that_dies_comes_back_at_its_address_with_what_was_kept(
    build: Callable[..., DevChain],
) -> None:
    chain = build(clock_at(BEGIN_S, rate=60.0))
    there = await chain.start()
    app = await asyncio.to_thread(chain.market.create_app, "kept:2", CHECKSUM)
    await asyncio.sleep(6)  # it is kept every five seconds
    for pid in children_named("anvil"):
        os.kill(pid, signal.SIGKILL)
    kept = await eventually(lambda: chain.market.hub.call("viewApp", app), "the chain comes back")
    assert kept[3] == b"kept:2"
    assert chain.market.rpc.url == there.rpc_url


async def test_a_torn_file_begins_anew(build: Callable[..., DevChain], tmp_path: Path) -> None:
    chain = build(clock_at(BEGIN_S))
    first = await chain.start()
    await chain.stop()
    state = tmp_path / "chain/chain.json"
    await asyncio.to_thread(lambda: state.write_bytes(state.read_bytes()[:1000]))
    again = build(clock_at(BEGIN_S + 10))
    assert (await again.start()).hub == first.hub


async def test_a_demand_places_a_deal_each_time(build: Callable[..., DevChain]) -> None:
    demand = Demand(image="demo:1", checksum=CHECKSUM, every_s=60.0, args="5 {seed}")
    chain = build(clock_at(BEGIN_S, rate=60.0), demand=demand)
    await chain.start()
    hub = chain.market.hub
    requester = chain.deployment.account("requester").address
    price = demand.price_nrlc
    await eventually(lambda: hub.call("viewAccount", requester)[1] >= 3 * price, "three deals")


async def test_another_process_can_use_the_market(
    build: Callable[..., DevChain], tmp_path: Path, chain_cache: Path
) -> None:
    chain = build(clock_at(BEGIN_S))
    with pytest.raises(MarketError, match="no local chain"):
        await asyncio.to_thread(open_market, tmp_path / "chain", chain_cache)
    await chain.start()
    market = await asyncio.to_thread(open_market, tmp_path / "chain", chain_cache)
    app = await asyncio.to_thread(market.create_app, "x:1", CHECKSUM)
    placed = await asyncio.to_thread(market.place, app)
    assert len(placed.task_ids) == 1


async def test_a_folder_has_one_chain_at_a_time(
    build: Callable[..., DevChain], tmp_path: Path, chain_cache: Path
) -> None:
    await build(clock_at(BEGIN_S)).start()
    second = LocalChain(tmp_path / "chain", chain_cache, Settings())
    with pytest.raises(ChainError, match="another local chain runs"):
        await asyncio.to_thread(second.start, BEGIN_S)


def children_named(name: str) -> list[int]:
    import psutil

    return [child.pid for child in psutil.Process().children(recursive=True) if child.name() == name]
