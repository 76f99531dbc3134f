from __future__ import annotations

import asyncio
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from edgepi.clock import ScaledClock, TimeScale
from edgepi.errors import ChainError, MarketError
from edgepi_iexec.devchain.deployment import Category, Deployment
from edgepi_iexec.devchain.local import LocalChain, Settings, open_market
from edgepi_iexec.devchain.rpc import Rpc
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
    assert (chain.begun, again.begun) == (True, False)
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
        assert chain.begun
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
    for pid in nodes_at(there.rpc_url):
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
    there = await chain.start()
    hub = chain.market.hub
    assert (await asyncio.to_thread(hub.call, "viewApp", there.app))[3] == b"demo:1"
    requester = chain.deployment.account("requester").address
    price = demand.price_nrlc
    await eventually(lambda: hub.call("viewAccount", requester)[1] >= 3 * price, "three deals")


async def test_a_requester_without_money_is_given_more(build: Callable[..., DevChain]) -> None:
    chain = build(clock_at(BEGIN_S))
    await chain.start()
    hub, requester = chain.market.hub, chain.deployment.account("requester").address
    free = (await asyncio.to_thread(hub.call, "viewAccount", requester))[0]
    await asyncio.to_thread(hub.send, requester, "withdraw", free)
    placed = await chain.place(Demand(image="demo:1", checksum=CHECKSUM))
    assert len(placed.task_ids) == 1


async def test_others_read_where_the_scheduler_answers(build: Callable[..., DevChain]) -> None:
    chain = build(clock_at(BEGIN_S))
    await chain.start()
    await chain.announce("http://127.0.0.1:1")
    read = await asyncio.to_thread(Deployment.load, chain.file)
    assert (read.scheduler_url, read.pool) == ("http://127.0.0.1:1", chain.deployment.pool)
    assert chain.deployment == read


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


ORPHANING = """
import os, signal, sys
from pathlib import Path
from edgepi_iexec.devchain.local import LocalChain, Settings
chain = LocalChain(Path(sys.argv[1]), Path(sys.argv[2]), Settings())
print(chain.start(1_750_000_000).rpc_url, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_node_never_outlives_who_started_it(tmp_path: Path, chain_cache: Path) -> None:
    command = [sys.executable, "-c", ORPHANING, str(tmp_path / "chain"), str(chain_cache)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == -signal.SIGKILL
    rpc = Rpc(int(done.stdout.strip().rpartition(":")[2]))
    for _ in range(100):
        try:
            rpc("eth_chainId")
        except ChainError:
            break
        time.sleep(0.05)
    else:
        pytest.fail("the node still answers")
    again = LocalChain(tmp_path / "chain", chain_cache, Settings())
    assert again.start(BEGIN_S + 1).hub
    again.stop()


def test_a_continued_chain_goes_on_in_its_own_time(tmp_path: Path, chain_cache: Path) -> None:
    chain = LocalChain(tmp_path, chain_cache, Settings())
    chain.start(BEGIN_S)
    chain.pass_time(3600)
    chain.stop()
    chain.start(BEGIN_S + 7200)
    chain.rpc("evm_mine")
    assert 7200 <= chain.rpc.latest_time_s() - BEGIN_S < 7260
    chain.pass_time(3600)
    chain.process.save()
    chain.revive()
    chain.rpc("evm_mine")
    assert 10800 <= chain.rpc.latest_time_s() - BEGIN_S < 10860
    chain.stop()


def test_gas_can_have_a_price(tmp_path: Path, chain_cache: Path) -> None:
    chain = LocalChain(tmp_path, chain_cache, Settings(free_gas=False))
    there = chain.start(BEGIN_S)
    assert int(chain.rpc("eth_gasPrice"), 16) > 0
    assert int(chain.rpc("eth_getBalance", there.account("pool").address, "latest"), 16) < 10**22
    chain.stop()


def nodes_at(url: str) -> list[int]:
    """The node of this chain alone: other tests have chains, too."""
    import psutil

    port = url.rpartition(":")[2]
    nodes = (child for child in psutil.Process().children(recursive=True) if child.name() == "anvil")
    return [node.pid for node in nodes if port in node.cmdline()]
