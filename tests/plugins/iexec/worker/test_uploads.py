from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from edgepi.errors import PeerError, ProtocolError
from edgepi_iexec.protocol.authorization import authorization_hash
from edgepi_iexec.protocol.models import ResultModel, WorkerpoolAuthorization
from edgepi_iexec.worker.guard import Guard
from edgepi_iexec.worker.uploads import ResultStore
from tests.plugins.iexec.worker.test_client import TASK, WALLET, Signer

AUTHORIZATION = WorkerpoolAuthorization(worker=WALLET, task_id=TASK, signature="0x" + "11" * 65)
DIGEST = "0x" + "33" * 32
PLACE = "/ipfs/QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPBdG"
TRUSTING = Guard(trusted=frozenset({"127.0.0.1"}))


class Proxy:
    """A result store that checks what it is told."""

    def __init__(self) -> None:
        self.results: dict[str, ResultModel] = {}
        self.answer: Any = PLACE
        self.status = 200
        self.url = ""

    async def token(self, request: web.Request) -> web.Response:
        expected = "0x" + authorization_hash(WALLET, TASK).hex()
        good = request.headers.get("Authorization") == expected
        body = WorkerpoolAuthorization.from_json(await request.json())
        return web.Response(text="the-token") if good and body == AUTHORIZATION else web.Response(status=401)

    async def post(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != "the-token":
            return web.Response(status=401)
        if self.status == 200:
            self.results[TASK] = ResultModel.from_json(await request.json())
        return web.Response(status=self.status, text=self.answer)

    async def head(self, request: web.Request) -> web.Response:
        return web.Response(status=204 if request.match_info["task"] in self.results else 404)

    async def hash(self, _: web.Request) -> web.Response:
        return web.Response(text=PLACE.removeprefix("/ipfs/"))


@pytest.fixture
async def proxy() -> AsyncIterator[Proxy]:
    made = Proxy()
    app = web.Application(client_max_size=10_000_000)
    app.router.add_post("/v1/results/token", made.token)
    app.router.add_post("/v1/results", made.post)
    app.router.add_head("/v1/results/{task}", made.head)
    app.router.add_get("/v1/results/{task}/ipfshash", made.hash)
    async with TestServer(app, host="127.0.0.1") as running:
        made.url = f"http://127.0.0.1:{running.port}"
        yield made


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "result.zip"
    path.write_bytes(bytes(range(256)) * 2000 + b"odd")
    return path


def store(proxy: Proxy, guard: Guard = TRUSTING, most: int = 10_000_000) -> ResultStore:
    return ResultStore(proxy.url, Signer(), guard, most)


async def test_a_result_arrives_whole(proxy: Proxy, archive: Path) -> None:
    assert await store(proxy).give(AUTHORIZATION, DIGEST, archive) == PLACE
    content = await asyncio.to_thread(archive.read_bytes)
    assert (proxy.results[TASK].zip, proxy.results[TASK].deterministic_hash) == (content, DIGEST)


async def test_a_result_that_is_there_is_not_sent_again(proxy: Proxy, archive: Path) -> None:
    await store(proxy).give(AUTHORIZATION, DIGEST, archive)
    proxy.status = 400
    assert await store(proxy).give(AUTHORIZATION, DIGEST, archive) == PLACE


async def test_a_refusal_is_said(proxy: Proxy, archive: Path) -> None:
    proxy.status = 400
    with pytest.raises(PeerError):
        await store(proxy).give(AUTHORIZATION, DIGEST, archive)


@pytest.mark.parametrize("answer", ['", "evil": "', "/ipfs/../../x", "", "x" * 5000, "\r\nlocation: x"])
async def test_a_place_that_is_none_is_refused(proxy: Proxy, archive: Path, answer: str) -> None:
    proxy.answer = answer
    with pytest.raises(ProtocolError):
        await store(proxy).give(AUTHORIZATION, DIGEST, archive)


async def test_nothing_is_sent_to_the_local_network(proxy: Proxy, archive: Path) -> None:
    with pytest.raises(ProtocolError):
        await store(proxy, Guard()).give(AUTHORIZATION, DIGEST, archive)
    assert not proxy.results


async def test_a_result_that_is_too_large_is_not_sent(proxy: Proxy, archive: Path) -> None:
    with pytest.raises(ProtocolError):
        await store(proxy, most=1000).give(AUTHORIZATION, DIGEST, archive)
