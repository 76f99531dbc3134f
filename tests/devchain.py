"""A local chain with the real contracts, for tests that are marked `slow`.

``devchain`` is a `LocalChain` with RLC as a token, ``native_devchain`` one whose escrow holds the chain's own
coin. One node of each serves the whole session; whatever a test does is undone after it, so every test finds
twenty accounts with 1,000 RLC of stake, a pool, and no deal. The chain's time begins at ``BEGIN_S``, stands
still between blocks, and each transaction is in a block at once: move it with `pass_time` (seconds).

    async def test_something(devchain: LocalChain) -> None:
        there = devchain.deployment                 # hub, rlc, pool, rpc_url, chain_id, native, ...
        worker = there.workers[0]                   # .address, .private_key, .role
        app = await asyncio.to_thread(devchain.market.create_app, "registry/demo:1", "0x" + "11" * 32)
        placed = await asyncio.to_thread(devchain.market.place, app, trust=1, params={"iexec_args": "7"})
        placed.deal_id, placed.task_ids             # 0x texts
        await asyncio.to_thread(devchain.pass_time, 600)

Everything of `LocalChain` and `Market` blocks: from an async test call it in a thread. See `Market` for
datasets, callbacks, other prices and pools, `fund` for wallets of a test's own, and `claim`.
A conftest that wants them imports all five fixtures from here.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from edgepi_iexec.devchain.local import LocalChain, Settings

__all__ = ["BEGIN_S", "chain_cache", "devchain", "native_chain", "native_devchain", "token_chain"]

BEGIN_S = 1_800_000_000
CACHE = Path(__file__).parents[1] / ".cache/iexec"


@pytest.fixture(scope="session")
def chain_cache() -> Path:
    """Return the folder where fetched packages are kept from run to run."""
    return CACHE


@pytest.fixture(scope="session")
def token_chain(tmp_path_factory: pytest.TempPathFactory, chain_cache: Path) -> Iterator[LocalChain]:
    yield from _session(tmp_path_factory.mktemp("token-chain"), chain_cache, Settings())


@pytest.fixture(scope="session")
def native_chain(tmp_path_factory: pytest.TempPathFactory, chain_cache: Path) -> Iterator[LocalChain]:
    yield from _session(tmp_path_factory.mktemp("native-chain"), chain_cache, Settings(native=True))


@pytest.fixture
def devchain(token_chain: LocalChain) -> Iterator[LocalChain]:
    yield from _undone(token_chain)


@pytest.fixture
def native_devchain(native_chain: LocalChain) -> Iterator[LocalChain]:
    yield from _undone(native_chain)


def _session(folder: Path, cache: Path, settings: Settings) -> Iterator[LocalChain]:
    chain = LocalChain(folder, cache, settings)
    chain.start(BEGIN_S)
    yield chain
    chain.kill()


def _undone(chain: LocalChain) -> Iterator[LocalChain]:
    before = chain.rpc("evm_snapshot")
    yield chain
    assert chain.rpc("evm_revert", before)
