from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from edgepi.errors import PeerError, ProtocolError
from edgepi_iexec.worker.guard import Guard
from edgepi_iexec.worker.inputs import BAD_CHECKSUM, UnfetchedError, download, sources

CONTENT = b"measured values\n" * 1000
CHECKSUM = "0x" + hashlib.sha256(CONTENT).hexdigest()
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


async def good(_: web.Request) -> web.StreamResponse:
    return web.Response(body=CONTENT)


async def endless(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    for _ in range(200):
        await response.write(b"x" * 10_000)
    return response


async def cut_off(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": "100000"})
    await response.prepare(request)
    await response.write(b"x" * 10)
    assert request.transport is not None
    request.transport.close()
    return response


async def away(_: web.Request) -> web.StreamResponse:
    raise web.HTTPFound("/good")


async def in_circles(_: web.Request) -> web.StreamResponse:
    raise web.HTTPFound("/circles")


async def inwards(_: web.Request) -> web.StreamResponse:
    raise web.HTTPFound("http://192.168.0.1/secret")


@pytest.fixture
async def url() -> AsyncIterator[str]:
    app = web.Application()
    handlers: dict[str, Handler] = {
        "good": good,
        "endless": endless,
        "cut": cut_off,
        "away": away,
        "circles": in_circles,
        "inwards": inwards,
    }
    for name, handler in handlers.items():
        app.router.add_get(f"/{name}", handler)
    async with TestServer(app, host="127.0.0.1") as server:
        yield f"http://127.0.0.1:{server.port}"


TRUSTING = Guard(trusted=frozenset({"127.0.0.1"}))


def nothing_in(folder: Path) -> bool:
    return not list(folder.iterdir())


async def fetch(url: str, path: Path, guard: Guard = TRUSTING, checksum: str | None = None) -> None:
    await download(url, path, guard=guard, max_bytes=100_000, timeout_s=10.0, checksum=checksum)


@pytest.mark.parametrize("name", ["good", "away"])
async def test_downloads_a_file_whole(url: str, tmp_path: Path, name: str) -> None:
    await fetch(f"{url}/{name}", tmp_path / "data", checksum=CHECKSUM)
    assert (tmp_path / "data").read_bytes() == CONTENT


async def test_keeps_no_file_that_differs_from_its_checksum(url: str, tmp_path: Path) -> None:
    with pytest.raises(ProtocolError) as caught:
        await fetch(f"{url}/good", tmp_path / "data", checksum="0x" + "11" * 32)
    assert caught.value.cause == BAD_CHECKSUM
    assert nothing_in(tmp_path)


@pytest.mark.parametrize("name", ["endless", "cut", "circles", "inwards", "missing"])
async def test_keeps_nothing_of_what_cannot_be_had(url: str, tmp_path: Path, name: str) -> None:
    with pytest.raises((PeerError, ProtocolError)):
        await fetch(f"{url}/{name}", tmp_path / "data")
    assert nothing_in(tmp_path)


@pytest.mark.parametrize(
    ("name", "may_be_had_elsewhere"), [("endless", True), ("cut", True), ("missing", False)]
)
async def test_tells_what_is_this_machines_own_trouble(
    url: str, tmp_path: Path, name: str, *, may_be_had_elsewhere: bool
) -> None:
    with pytest.raises(PeerError) as caught:
        await fetch(f"{url}/{name}", tmp_path / "data")
    assert isinstance(caught.value, UnfetchedError) is may_be_had_elsewhere


async def test_nobody_there_is_this_machines_own_trouble(tmp_path: Path) -> None:
    with pytest.raises(UnfetchedError):
        await fetch("http://127.0.0.1:1/data", tmp_path / "data")


async def test_asks_nobody_on_the_local_network(url: str, tmp_path: Path) -> None:
    with pytest.raises(ProtocolError):
        await fetch(f"{url}/good", tmp_path / "data", guard=Guard())


def test_finds_files_of_ipfs_through_each_gateway() -> None:
    gateways = ("https://one.test/", "https://two.test")
    name = "QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPBdG"
    expected = (f"https://one.test/ipfs/{name}", f"https://two.test/ipfs/{name}")
    assert sources(f"/ipfs/{name}", gateways) == expected
    assert sources(b"https://data.test/x.csv", gateways) == ("https://data.test/x.csv",)


@pytest.mark.parametrize("location", [b"\xff\xfe", "file:///etc/passwd", "/ipfs/../../x", ""])
def test_knows_what_is_no_place_of_a_file(location: str | bytes) -> None:
    with pytest.raises(ProtocolError):
        sources(location, ("https://one.test",))
