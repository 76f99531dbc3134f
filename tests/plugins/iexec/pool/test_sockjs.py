"""Notifications over SockJS and WebSocket: frames, sessions, and readers that misbehave."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
from aiohttp import ClientError, ClientResponse, ClientWebSocketResponse, WSMsgType

from edgepi_iexec.pool.broker import Broker
from edgepi_iexec.pool.settings import Limits
from edgepi_iexec.protocol import sockjs, stomp
from edgepi_iexec.protocol.notifications import NotificationType, TaskNotification
from tests.plugins.iexec.pool.house import House, Listener

TASK = "0x" + "11" * 32
OTHER = "0x" + "22" * 32
WALLET = "0x" + "33" * 20
SESSION = "/connect/042/abcdef0123456789"
PRELUDE = b"h" * 2048 + b"\n"
CONNECT = stomp.encode(stomp.Frame("CONNECT", {"accept-version": "1.1,1.2", "heart-beat": "10000,10000"}))
CONNECTED = {"version": "1.2", "heart-beat": "0,0"}


def subscribe(task_id: str = TASK, name: str = "0") -> str:
    return stomp.encode(stomp.Frame("SUBSCRIBE", {"id": name, "destination": f"/topic/task/{task_id}"}))


def notice(task_id: str = TASK) -> TaskNotification:
    return TaskNotification(task_id=task_id, type=NotificationType.PLEASE_COMPLETE, workers=(WALLET,))


def broker(house: House) -> Broker:
    found = house.pool._broker
    assert found is not None
    return found


@asynccontextmanager
async def reading(house: House, way: str = "xhr_streaming") -> AsyncIterator[ClientResponse]:
    assert house.session is not None
    async with house.session.post(f"{house.url}{SESSION}/{way}") as response:
        assert response.status == 200
        assert response.content_type == "application/javascript"
        yield response


async def frame(response: ClientResponse) -> sockjs.SockJsFrame:
    line = await asyncio.wait_for(response.content.readline(), 10)
    return sockjs.decode_server(line.decode().removesuffix("\n"))


async def said(response: ClientResponse) -> stomp.Frame:
    """Return the STOMP frame of the next message."""
    (text,) = (await frame(response)).messages
    (found,) = stomp.decode(text)
    return found


async def send(house: House, *texts: str) -> int:
    body = sockjs.encode_client(texts)
    return (await house.call("POST", f"{SESSION}/xhr_send", data=body)).status


async def past_beats(socket: ClientWebSocketResponse) -> sockjs.SockJsFrame:
    """Return the next frame that is more than a sign of life."""
    while (found := sockjs.decode_server(await socket.receive_str(timeout=10))).kind == "h":
        pass
    return found


@asynccontextmanager
async def connected(house: House) -> AsyncIterator[ClientResponse]:
    """A streaming session that has subscribed to the task."""
    async with reading(house) as response:
        assert await response.content.readline() == PRELUDE
        assert (await frame(response)).kind == "o"
        assert await send(house, CONNECT, subscribe()) == 204
        assert (await said(response)).command == "CONNECTED"
        yield response


async def test_the_greeting_and_the_information_are_those_of_sockjs(house: House) -> None:
    await house.open()
    assert (await house.call("GET", "/connect")).text == "Welcome to SockJS!\n"
    first, second = [await house.call("GET", "/connect/info") for _ in range(2)]
    entropy = first.json.pop("entropy")
    assert isinstance(entropy, int)
    assert entropy != second.json["entropy"]
    info = first.json
    assert (info["origins"], info["websocket"]) == (["*:*"], True)


async def test_websockets_can_be_switched_off(house: House) -> None:
    await house.open(websocket=False)
    assert (await house.call("GET", "/connect/info")).json["websocket"] is False
    headers = {"Upgrade": "websocket", "Connection": "Upgrade"}
    assert (await house.call("GET", f"{SESSION}/websocket", headers=headers)).status == 400


async def test_streaming_begins_with_a_prelude_and_the_open_frame(house: House) -> None:
    await house.open()
    async with reading(house) as response:
        assert await response.content.readline() == PRELUDE
        assert (await frame(response)).kind == "o"
        await house.clock.advance(6.0)
        assert (await frame(response)).kind == "h"


async def test_a_worker_hears_what_is_said_of_its_task_and_nothing_else(house: House) -> None:
    await house.open()
    async with connected(house) as response:
        assert broker(house).publish(notice(OTHER)) == 0
        assert broker(house).publish(notice()) == 1
        message = await said(response)
    assert message.command == "MESSAGE"
    identity = message.headers.pop("message-id") if isinstance(message.headers, dict) else "1"
    assert identity
    assert {key: message.headers[key] for key in ("destination", "content-type", "subscription")} == {
        "destination": f"/topic/task/{TASK}",
        "content-type": "application/json",
        "subscription": "0",
    }
    assert json.loads(message.body) == {
        "chainTaskId": TASK,
        "workersAddress": [WALLET],
        "taskNotificationType": "PLEASE_COMPLETE",
        "taskNotificationExtra": None,
    }


async def test_who_unsubscribes_hears_no_more(house: House) -> None:
    await house.open()
    async with connected(house):
        await send(house, stomp.encode(stomp.Frame("UNSUBSCRIBE", {"id": "0"})))
        assert broker(house).publish(notice()) == 0


async def test_a_second_reader_is_sent_away_and_the_first_goes_on(house: House) -> None:
    await house.open()
    async with connected(house) as response:
        async with reading(house) as second:
            assert await second.content.readline() == PRELUDE
            closed = await frame(second)
            assert (closed.kind, closed.code, closed.reason) == ("c", 2010, "Another connection still open")
            assert await second.content.read() == b""
        broker(house).publish(notice())
        assert (await said(response)).command == "MESSAGE"


async def test_a_stream_ends_after_128_kib_and_the_next_goes_on_where_it_was(house: House) -> None:
    await house.open()
    count = 0
    async with connected(house) as response:
        async with asyncio.timeout(10):
            while broker(house).publish(notice()) and await response.content.readline():
                count += 1
    assert 100 < count < 1000
    assert broker(house).publish(notice()) == 1
    async with reading(house) as response:
        assert await response.content.readline() == PRELUDE
        assert len((await frame(response)).messages) == 2  # also the one that came too late for the first


async def test_polling_brings_one_frame_at_a_time(house: House) -> None:
    await house.open()
    async with reading(house, "xhr") as response:
        assert await response.content.read() == b"o\n"
    assert await send(house, CONNECT) == 204
    async with reading(house, "xhr") as response:
        found = await said(response)
        assert (found.command, dict(found.headers)) == ("CONNECTED", CONNECTED)
        assert await response.content.read() == b""


async def test_a_session_that_nobody_reads_is_discarded_after_five_seconds(house: House) -> None:
    await house.open()
    async with connected(house):
        pass
    await house.let_pass(4)
    assert await send(house, subscribe(OTHER, "1")) == 204
    await house.let_pass(4)
    assert await send(house, subscribe(OTHER, "2")) == 404
    assert broker(house).count == 0
    assert broker(house).publish(notice()) == 0


@pytest.mark.parametrize(
    ("body", "status", "text"),
    [
        (b"", 500, "Payload expected."),
        (b'["x', 500, "Broken JSON encoding."),
        (b"[7]", 500, "Broken JSON encoding."),
        (b"[" * 10_000, 500, "Broken JSON encoding."),
        (b"[]", 204, ""),
    ],
)
async def test_what_is_sent_must_be_a_list_of_texts(
    house: House, body: bytes, status: int, text: str
) -> None:
    await house.open()
    async with connected(house):
        found = await house.call("POST", f"{SESSION}/xhr_send", data=body)
        assert (found.status, found.text) == (status, text)


async def test_a_body_without_end_is_refused(house: House) -> None:
    await house.open()
    async with connected(house):
        found = await house.call("POST", f"{SESSION}/xhr_send", data=b"[" + b" " * 200_000 + b"]")
        assert found.status == 500


async def test_an_unknown_session_is_404(house: House) -> None:
    await house.open()
    assert await send(house, CONNECT) == 404
    assert (await house.call("POST", "/connect/0.1/abc/xhr")).status == 404


@pytest.mark.parametrize(
    "text",
    [
        "nonsense",
        "SUBSCRIBE\nid:0\ndestination:/topic/task/" + TASK + "\n\n",
        stomp.encode(stomp.Frame("CONNECT", {"accept-version": "9.9"})),
        CONNECT + stomp.encode(stomp.Frame("SUBSCRIBE", {"id": "0", "destination": "/queue/secrets"})),
        CONNECT + stomp.encode(stomp.Frame("SUBSCRIBE", {"destination": f"/topic/task/{TASK}"})),
        CONNECT
        + stomp.encode(stomp.Frame("SUBSCRIBE", {"id": "x" * 100, "destination": f"/topic/task/{TASK}"})),
    ],
    ids=["no frame", "not ended", "version", "destination", "no id", "long id"],
)
async def test_nonsense_ends_the_session_with_an_error(house: House, text: str) -> None:
    await house.open()
    async with reading(house) as response:
        await response.content.readline()
        assert (await frame(response)).kind == "o"
        await send(house, text)
        kinds = []
        while line := await asyncio.wait_for(response.content.readline(), 10):
            kinds.append(line[:1])
        assert kinds[-1] == b"c"
        assert b"a" in kinds
    assert broker(house).count == 0


async def test_nobody_subscribes_without_bounds(house: House) -> None:
    await house.open(limits=Limits(subscriptions=3))
    async with connected(house) as response:
        await send(house, *(subscribe(f"0x{number:064x}", str(number)) for number in range(1, 5)))
        assert (await said(response)).command == "ERROR"
    assert broker(house).count == 0


async def test_a_pool_has_so_many_sessions_at_most(house: House) -> None:
    await house.open(limits=Limits(sessions=1))
    async with connected(house):
        assert (await house.call("POST", "/connect/042/another/xhr_streaming")).status == 503


async def test_who_reads_too_slowly_is_let_go(house: House) -> None:
    await house.open(limits=Limits(outbox_frames=5))
    async with connected(house) as response:
        for _ in range(10):
            broker(house).publish(notice())
        assert broker(house).count == 0
        async with asyncio.timeout(10):
            with suppress(ClientError):
                while await response.content.readline():
                    pass


async def test_over_a_websocket_frames_are_those_of_sockjs(house: House) -> None:
    await house.open()
    assert house.session is not None
    async with house.session.ws_connect(f"{house.url}{SESSION}/websocket") as socket:
        assert await socket.receive_str() == "o"
        await socket.send_str(sockjs.encode_client([CONNECT, subscribe()]))
        (text,) = sockjs.decode_server(await socket.receive_str()).messages
        assert stomp.decode(text)[0].command == "CONNECTED"
        await house.clock.advance(6.0)
        assert await socket.receive_str() == "h"
        broker(house).publish(notice())
        (text,) = (await past_beats(socket)).messages
        assert stomp.decode(text)[0].command == "MESSAGE"
        await socket.send_str("[broken")
        closed = await past_beats(socket)
        assert closed.kind == "c"
        assert (await socket.receive()).type in {WSMsgType.CLOSE, WSMsgType.CLOSING}
    await house.until(lambda: broker(house).count == 0)


async def test_over_a_bare_websocket_frames_are_those_of_stomp(house: House) -> None:
    await house.open()
    listener = await Listener.open(house, TASK)
    broker(house).publish(notice())
    await house.until(lambda: listener.heard)
    assert listener.heard == [("PLEASE_COMPLETE", [WALLET])]
    await listener.send(stomp.Frame("DISCONNECT", {"receipt": "bye"}))
    await house.until(lambda: broker(house).count == 0)
    assert listener.frames[-1].headers["receipt-id"] == "bye"
    await listener.close()


async def test_who_subscribes_late_is_told_what_it_missed(house: House) -> None:
    await house.open(contribute_and_finalize=False)
    hand = await house.hand()
    task_id = await house.order()
    await hand.ask()
    await hand.compute(task_id)
    await hand.contribute(task_id)
    await house.until(lambda: house.task(task_id).consensus)
    listener = await Listener.open(house, task_id)
    assert listener.heard[:1] == [("PLEASE_REVEAL", [hand.address])]
    (message, *_) = [each for each in listener.frames if each.command == "MESSAGE"]
    assert (
        json.loads(message.body)["taskNotificationExtra"]["blockNumber"]
        == house.task(task_id).consensus_block
    )
    await listener.close()


async def test_a_page_of_any_origin_may_listen(house: House) -> None:
    await house.open()
    assert house.session is not None
    headers = {"Origin": "https://page.example", "Access-Control-Request-Headers": "content-type"}
    async with house.session.options(f"{house.url}{SESSION}/xhr_send", headers=headers) as answer:
        assert answer.status == 204
        assert answer.headers["Access-Control-Allow-Origin"] == "https://page.example"
        assert answer.headers["Access-Control-Allow-Headers"] == "content-type"
