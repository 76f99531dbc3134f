from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from edgepi.errors import MarketError
from edgepi.testing.clock import ManualClock
from edgepi_iexec.devchain import local
from edgepi_iexec.devchain.chain import Anvil
from edgepi_iexec.devchain.fetch import Package, fetch_hardhat
from edgepi_iexec.devchain.follow import Follower
from edgepi_iexec.devchain.hardhat import Hardhat
from edgepi_iexec.devchain.local import LocalChain, Settings, fetch_program

BEGIN_S = 1_750_000_000
CHECKSUM = "0x" + "33" * 32


@pytest.fixture
def chain(tmp_path: Path, chain_cache: Path) -> Iterator[LocalChain]:
    program = Hardhat(fetch_hardhat(chain_cache))
    chain = LocalChain(tmp_path, chain_cache, Settings(), program=program)
    chain.start(BEGIN_S)
    yield chain
    chain.stop()


@pytest.mark.slow
@pytest.mark.timeout(240)
async def test_where_there_is_no_anvil_hardhat_does(chain: LocalChain, manual_clock: ManualClock) -> None:
    app = await asyncio.to_thread(chain.market.create_app, "demo:1", CHECKSUM)
    await asyncio.to_thread(chain.market.place, app)
    follower = Follower(lambda: chain.rpc, manual_clock)
    manual_clock.step_wall(BEGIN_S + 5000 - manual_clock.now().timestamp())
    await follower.tick()
    assert await asyncio.to_thread(chain.rpc.latest_time_s) == BEGIN_S + 5000
    hub = chain.deployment.hub
    await asyncio.to_thread(chain.revive)
    assert await asyncio.to_thread(chain.market.hub.call, "countCategory") == 5
    assert chain.deployment.hub == hub


def test_it_is_chosen_only_where_the_registry_has_no_anvil(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = {"x86_64": None, "aarch64": "npm error code E404", "riscv64": None, "down": "ETIMEDOUT"}

    def fetch(package: Package, cache: Path, say: object) -> Path:
        said = answers["aarch64" if package.name.endswith("arm64") else "x86_64"]
        if said:
            raise MarketError(said)
        return cache

    monkeypatch.setattr(local, "fetch", fetch)
    monkeypatch.setattr(local, "fetch_hardhat", lambda cache, _: cache)
    chosen = {m: type(fetch_program(tmp_path, print, m)) for m in ("x86_64", "aarch64", "riscv64")}
    assert chosen == {"x86_64": Anvil, "aarch64": Hardhat, "riscv64": Hardhat}
    answers["aarch64"] = answers["down"]
    with pytest.raises(MarketError, match="ETIMEDOUT"):
        fetch_program(tmp_path, print, "aarch64")
