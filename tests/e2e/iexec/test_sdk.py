"""The real requesters' SDK, from an app's deployment to the downloaded result and the app's logs."""

from __future__ import annotations

import asyncio
import zipfile
from pathlib import Path

import pytest

from tests.engine import Registry
from tests.foreign import Foreign

from .market import LivelyChain, Scene, script
from .requester import SdkUser

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

SUM = "echo summing; echo $(($1 + $2)) >/iexec_out/result.txt"


@pytest.fixture(params=["iexec-token", "iexec-native"])
def market(request: pytest.FixtureRequest) -> tuple[str, LivelyChain]:
    """A package, and the kind of chain that it is made for."""
    named = "lively_chain" if request.param == "iexec-token" else "lively_native_chain"
    return request.param, request.getfixturevalue(named)


async def test_its_user_gets_what_was_paid_for(
    market: tuple[str, LivelyChain],
    foreign: Foreign,
    docker_engine: str,
    docker_registry: Registry,
    open_folder: Path,
) -> None:
    package, chain = market
    async with Scene(chain, docker_engine, docker_registry, open_folder) as scene:
        await scene.worker()
        await scene.act((open_folder / "sdk").mkdir)
        user = await scene.act(SdkUser, foreign, package, open_folder / "sdk", scene.there, scene.url)
        image, checksum = await scene.image("sdk-sum", script(SUM))
        app = await scene.act(user.deploy_app, image, checksum)
        assert len(app) == 42
        deal_id = await scene.act(user.order, scene.pool_address, {"iexec_args": "20 22"})
        task_id = await scene.act(user.task_of, deal_id)
        await scene.completed(task_id)
        archive, debug = await asyncio.gather(
            scene.act(user.download, task_id, "mine"), scene.act(user.debug, task_id)
        )
        assert await scene.act(_read, archive, "result.txt") == b"42\n"
        assert debug["onchainData"]["statusName"] == "COMPLETED"
        (replicate,) = debug["offchainData"]["replicates"]
        assert (replicate["worker"], replicate["exitCode"]) == (scene.there.workers[0].address, 0)
        (logs,) = debug["appLogs"]
        assert logs["stdout"] == "summing\n"


def _read(archive: Path, name: str) -> bytes:
    with zipfile.ZipFile(archive) as opened:
        return opened.read(name)
