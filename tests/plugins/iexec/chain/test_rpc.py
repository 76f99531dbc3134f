from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from edgepi.errors import ChainError
from edgepi_iexec.chain.rpc import MOST_BYTES, LightRpc, host_of

BLOCK = {"number": "0x10", "timestamp": "0x67748580"}


class Node:
    """Answers what it is told to."""

    def __init__(self) -> None:
        self.result: Any = BLOCK
        self.body: bytes | None = None
        self.status = 200
        self.asked: list[Any] = []

    async def answer(self, request: web.Request) -> web.Response:
        question = await request.json()
        self.asked.append((question["method"], question["params"]))
        if self.body is not None:
            return web.Response(body=self.body, status=self.status)
        return web.json_response({"jsonrpc": "2.0", "id": question["id"], "result": self.result})


@pytest.fixture
async def session() -> AsyncIterator[ClientSession]:
    async with ClientSession() as made:
        yield made


@pytest.fixture
async def nodes() -> AsyncIterator[list[tuple[Node, TestServer]]]:
    made = []
    for _ in range(2):
        node, application = Node(), web.Application()
        application.router.add_post("/secret-key", node.answer)
        server = TestServer(application)
        await server.start_server()
        made.append((node, server))
    yield made
    for _, server in made:
        await server.close()


@pytest.fixture
def rpc(session: ClientSession, nodes: list[tuple[Node, TestServer]]) -> LightRpc:
    async def shared() -> ClientSession:
        return session

    return LightRpc([str(server.make_url("/secret-key")) for _, server in nodes], shared)


async def test_a_block_has_its_number_and_time(rpc: LightRpc, nodes: list[tuple[Node, TestServer]]) -> None:
    block = await rpc.latest_block()
    assert (block.number, block.time_utc) == (16, datetime(2025, 1, 1, tzinfo=UTC))
    assert nodes[0][0].asked == [("eth_getBlockByNumber", ["latest", False])]


async def test_a_second_node_is_asked_where_the_first_is_away_and_kept(
    rpc: LightRpc, nodes: list[tuple[Node, TestServer]]
) -> None:
    await nodes[0][1].close()
    nodes[1][0].result = "0x7"
    assert await rpc.number("eth_blockNumber") == 7
    assert rpc.url == str(nodes[1][1].make_url("/secret-key"))
    assert await rpc.number("eth_blockNumber") == 7
    assert len(nodes[1][0].asked) == 2


async def test_a_node_that_gave_way_does_not_push_out_its_successor(rpc: LightRpc) -> None:
    first = rpc.url
    rpc.give_way(first)
    second = rpc.url
    rpc.give_way(first)  # said by someone who asked it before
    assert rpc.url == second


async def test_when_all_are_away_it_says_why_but_not_the_whole_address(
    rpc: LightRpc, nodes: list[tuple[Node, TestServer]]
) -> None:
    for _, server in nodes:
        await server.close()
    with pytest.raises(ChainError, match=r"127\.0\.0\.1") as caught:
        await rpc.latest_block()
    assert "secret-key" not in str(caught.value)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>busy</html>",
        b"[]",
        b"null",
        b'{"result": null}',
        b'{"error": {"code": -32000, "message": "header not found"}}',
        b'{"result": {}}',
        b'{"result": {"number": "x", "timestamp": "0x1"}}',
        b'{"result": {"number": 1, "timestamp": 1}}',
        b'{"result": {"number": "0x1", "timestamp": "0xffffffffffffffffffff"}}',
        b'{"result": ["0x1"]}',
        b"[" * 200_000,
        b'{"result": "' + b"a" * MOST_BYTES + b'"}',
    ],
)
async def test_nonsense_is_an_error(rpc: LightRpc, nodes: list[tuple[Node, TestServer]], body: bytes) -> None:
    for node, _ in nodes:
        node.body = body
    with pytest.raises(ChainError):
        await rpc.latest_block()


@pytest.mark.parametrize("result", ["0x", "latest", [], {}, True, -1, "-0x1", 1.5])
async def test_what_is_no_number_is_an_error(
    rpc: LightRpc, nodes: list[tuple[Node, TestServer]], result: Any
) -> None:
    for node, _ in nodes:
        node.result = result
    with pytest.raises(ChainError):
        await rpc.number("eth_blockNumber")


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://user:word@node.test/v2/key?x=1", "node.test"),
        ("http://127.0.0.1:8545", "127.0.0.1:8545"),
        ("http://[broken", "(no address)"),
    ],
)
def test_of_an_address_the_host_is_shown(url: str, host: str) -> None:
    assert host_of(url) == host
