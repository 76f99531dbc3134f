from __future__ import annotations

import asyncio

import pytest

from tests.web.conftest import Served

HEAD = b"POST /api/v1/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def connect(served: Served, sent: bytes = b"") -> Streams:
    reader, writer = await asyncio.open_connection("127.0.0.1", served.server.port)
    writer.write(sent)
    await writer.drain()
    return reader, writer


async def rest(streams: Streams) -> bytes:
    reader, writer = streams
    try:
        async with asyncio.timeout(10.0):
            return await reader.read()
    except ConnectionResetError:
        return b""
    finally:
        writer.close()


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nHost: loc"])
async def test_who_never_finishes_asking_is_hung_up_on(served: Served, sent: bytes) -> None:
    assert await rest(await connect(served, sent)) == b""


@pytest.mark.slow
async def test_a_body_that_never_comes_ends_the_request(served: Served) -> None:
    answer = await rest(await connect(served, HEAD + b"Content-Length: 99\r\n\r\n{"))
    assert answer.startswith(b"HTTP/1.1 408")


@pytest.mark.slow
async def test_a_connection_that_asked_may_stay(served: Served) -> None:
    reader, writer = await connect(served, b"GET /api/v1/health HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert (await reader.readline()).startswith(b"HTTP/1.1 200")
    await asyncio.sleep(1.0)
    writer.write(b"GET /api/v1/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert b"HTTP/1.1 200" in await rest((reader, writer))


async def test_only_so_many_connections_are_let_in(served: Served) -> None:
    crowd = [await connect(served) for _ in range(60)]
    one_too_many = await connect(served, b"GET /api/v1/health HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert await rest(one_too_many) == b""
    for streams in crowd:
        await rest(streams)
    streams = await connect(
        served, b"GET /api/v1/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    )
    assert (await rest(streams)).startswith(b"HTTP/1.1 200")


async def test_what_is_no_http_leaves_no_line_in_the_log(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    answer = await rest(await connect(served, b"\x16\x03\x01 nonsense\r\n\r\n"))
    assert b"400" in answer
    assert caplog.text == ""
