from __future__ import annotations

import pytest
from aiohttp import ClientError, web
from aiohttp.test_utils import TestServer

from edgepi.errors import ProtocolError
from edgepi_iexec.worker.guard import Guard, is_public


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700:4700::1111", "64:ff9b::808:808"])
def test_knows_the_internet(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "fe80::1%eth0",
        "fd00::1",
        "::ffff:192.168.1.1",
        "2002:c0a8:0101::1",
        "64:ff9b::c0a8:101",
    ],
)
def test_knows_the_local_network_in_every_disguise(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://example.org/x",
        "http://",
        "http://user:secret@example.org/",
        "http://[::1]/x",
        "http://192.168.0.1:8080/x",
        "http://example.org:99999/",
        "gopher://127.0.0.1",
        "",
    ],
)
def test_refuses_what_is_no_address_of_the_internet(url: str) -> None:
    with pytest.raises(ProtocolError):
        Guard().check(url)


def test_lets_the_configured_host_be_asked_wherever_it_is() -> None:
    guard = Guard(trusted=frozenset({"192.168.0.7"}))
    assert guard.check("http://192.168.0.7:13200/v1") == "http://192.168.0.7:13200/v1"
    with pytest.raises(ProtocolError):
        guard.check("http://192.168.0.8:13200/v1")


@pytest.mark.parametrize("host", ["localhost", "127.1", "0x7f.1"])
async def test_connects_to_no_name_of_this_machine(host: str) -> None:
    asked: list[str] = []

    async def handle(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response()

    app = web.Application()
    app.router.add_get("/", handle)
    async with TestServer(app) as server, Guard().session() as session:
        with pytest.raises((ClientError, OSError)):
            await session.get(f"http://{host}:{server.port}/")
    assert not asked
