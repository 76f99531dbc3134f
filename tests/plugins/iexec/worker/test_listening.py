from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from edgepi.clock import SystemClock
from edgepi.errors import PeerError
from edgepi_iexec.protocol import sockjs, stomp
from edgepi_iexec.protocol.notifications import NotificationType, TaskNotification
from edgepi_iexec.worker.listening import Listener, backed_off
from edgepi_iexec.worker.transports import WebSocketTransport

TASKS = ["0x" + each * 32 for each in ("ab", "cd")]
LATE = "0x" + "ef" * 32


class Quick(SystemClock):
    """A clock on which nothing takes long."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(min(seconds, 0.05) if seconds < 15 else 3600)


class Session:
    """One connection of a client."""

    def __init__(self) -> None:
        self.out: asyncio.Queue[str | None] = asyncio.Queue()
        self.topics: dict[str, str] = {}
        self.at_subscription: list[Callable[[], Awaitable[None]]] = []

    async def take(self, text: str) -> None:
        for frame in stomp.decode(text):
            if frame.command == "CONNECT":
                self.say(stomp.Frame("CONNECTED", {"version": "1.2", "heart-beat": "0,0"}))
            elif frame.command == "SUBSCRIBE":
                self.topics[frame.headers["destination"]] = frame.headers["id"]
                while self.at_subscription:
                    await self.at_subscription.pop()()
            elif frame.command == "UNSUBSCRIBE":
                self.topics = {k: v for k, v in self.topics.items() if v != frame.headers["id"]}

    def say(self, frame: stomp.Frame) -> None:
        self.out.put_nowait(stomp.encode(frame))


class Server:
    """SockJS by streaming, or a raw WebSocket, as the test says."""

    def __init__(self, *, websocket: bool) -> None:
        self.websocket = websocket
        self.sessions: dict[str, Session] = {}
        self.at_subscription: list[Callable[[], Awaitable[None]]] = []
        self.url = ""

    async def info(self, _: web.Request) -> web.Response:
        return web.json_response(sockjs.info(1, websocket=self.websocket))

    async def streaming(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["session"]
        new = name not in self.sessions
        session = self.sessions.setdefault(name, Session())
        session.at_subscription = self.at_subscription
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(sockjs.PRELUDE.encode())
        if new:
            await response.write(b"o\n")
        while (text := await session.out.get()) is not None:
            await response.write((sockjs.message_frame([text]) + "\n").encode())
        return response

    async def sent(self, request: web.Request) -> web.Response:
        session = self.sessions.get(request.match_info["session"])
        if session is None:
            return web.Response(status=404)
        for text in sockjs.decode_client(await request.text()):
            await session.take(text)
        return web.Response(status=204)

    async def raw(self, request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        session = self.sessions[f"ws{len(self.sessions)}"] = Session()
        session.at_subscription = self.at_subscription

        async def write() -> None:
            while (text := await session.out.get()) is not None:
                await socket.send_str(text)
            await socket.close()

        writing = asyncio.create_task(write())
        async for message in socket:
            await session.take(message.data)
        writing.cancel()
        return socket

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/connect/info", self.info)
        app.router.add_post("/connect/{server}/{session}/xhr_streaming", self.streaming)
        app.router.add_post("/connect/{server}/{session}/xhr_send", self.sent)
        app.router.add_get("/connect/websocket", self.raw)
        return app

    @property
    def last(self) -> Session:
        return list(self.sessions.values())[-1]

    def notify(self, task_id: str, body: str) -> None:
        topic = f"/topic/task/{task_id}"
        headers = {"destination": topic, "subscription": self.last.topics[topic], "message-id": "1"}
        self.last.say(stomp.Frame("MESSAGE", headers, body))


class Ear:
    """A listener with what it heard."""

    def __init__(self, listener: Callable[[Ear], Listener]) -> None:
        self.heard: list[TaskNotification] = []
        self.found = 0
        self.listener = listener(self)

    async def lost_and_found(self) -> None:
        self.found += 1


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(10.0):
        while not true():  # noqa: ASYNC110 (what is awaited comes over a socket)
            await asyncio.sleep(0.005)


@pytest.fixture(params=[False, True], ids=["sockjs", "websocket"])
async def server(request: pytest.FixtureRequest) -> AsyncIterator[Server]:
    made = Server(websocket=request.param)
    async with TestServer(made.app(), host="127.0.0.1") as running:
        made.url = f"http://127.0.0.1:{running.port}"
        yield made
        for session in made.sessions.values():
            session.out.put_nowait(None)


@pytest.fixture
async def ear(server: Server) -> AsyncIterator[Ear]:
    async with ClientSession() as session:

        async def http() -> ClientSession:
            return session

        def listener(ear: Ear) -> Listener:
            return Listener(
                server.url,
                http,
                clock=Quick(),
                log=logging.getLogger("edgepi.plugins.iexec"),
                notify=ear.heard.append,
                lost_and_found=ear.lost_and_found,
            )

        made = Ear(listener)
        await made.listener.start()
        yield made
        await made.listener.stop()


def said(kind: NotificationType, task_id: str = TASKS[0]) -> str:
    return json.dumps(TaskNotification(task_id=task_id, type=kind, workers=()).to_json())


async def test_hears_of_the_tasks_that_it_listens_to(server: Server, ear: Ear) -> None:
    for task_id in TASKS:
        await ear.listener.listen(task_id)
    assert await ear.listener.ready(10.0)
    await until(lambda: len(server.last.topics) == 2)
    server.notify(TASKS[0], said(NotificationType.PLEASE_REVEAL))
    server.notify(TASKS[1], said(NotificationType.PLEASE_ABORT, TASKS[1]))
    await until(lambda: len(ear.heard) == 2)
    assert [each.type for each in ear.heard] == [
        NotificationType.PLEASE_REVEAL,
        NotificationType.PLEASE_ABORT,
    ]


async def test_holds_no_connection_while_there_is_no_task(server: Server, ear: Ear) -> None:
    await asyncio.sleep(0.1)
    assert not server.sessions


async def test_connects_again_and_subscribes_again_when_the_connection_breaks(
    server: Server, ear: Ear
) -> None:
    await ear.listener.listen(TASKS[0])
    await until(lambda: bool(server.sessions) and bool(server.last.topics))
    first = server.last
    if not server.websocket:
        server.sessions.clear()  # as after a restart of the scheduler: the next request opens a new session
    first.out.put_nowait(None)
    await until(lambda: bool(server.sessions) and server.last is not first and bool(server.last.topics))
    server.notify(TASKS[0], said(NotificationType.PLEASE_UPLOAD))
    await until(lambda: len(ear.heard) == 1)


async def test_looks_for_what_was_missed_after_a_break(server: Server, ear: Ear) -> None:
    await ear.listener.listen(TASKS[0])
    await until(lambda: bool(server.sessions) and bool(server.last.topics))
    assert ear.found == 0
    server.last.say(stomp.Frame("ERROR", {"message": "going down"}))
    await until(lambda: ear.found == 1)


@pytest.mark.parametrize(
    "body", ["no JSON", "[1]", "{}", '{"chainTaskId":"0x12"}', "[" * 5000, '{"chainTaskId":null}']
)
async def test_nonsense_is_passed_over(server: Server, ear: Ear, body: str) -> None:
    await ear.listener.listen(TASKS[0])
    await until(lambda: bool(server.sessions) and bool(server.last.topics))
    server.notify(TASKS[0], body)
    server.notify(TASKS[0], said(NotificationType.PLEASE_REVEAL))
    await until(lambda: len(ear.heard) == 1)
    assert ear.found == 0


async def test_hears_nothing_of_a_task_that_it_forgot(server: Server, ear: Ear) -> None:
    for task_id in TASKS:
        await ear.listener.listen(task_id)
    await until(lambda: bool(server.sessions) and len(server.last.topics) == 2)
    await ear.listener.forget(TASKS[0])
    await until(lambda: len(server.last.topics) == 1)
    with suppress(KeyError):
        server.notify(TASKS[0], said(NotificationType.PLEASE_REVEAL))
    server.notify(TASKS[1], said(NotificationType.PLEASE_REVEAL, TASKS[1]))
    await until(lambda: bool(ear.heard))
    assert [each.task_id for each in ear.heard] == [TASKS[1]]


async def test_takes_and_drops_tasks_while_it_subscribes(server: Server, ear: Ear) -> None:
    async def change_your_mind() -> None:
        await ear.listener.forget(TASKS[0])
        await ear.listener.listen(LATE)

    server.at_subscription.append(change_your_mind)
    for task_id in TASKS:
        await ear.listener.listen(task_id)
    topics = {f"/topic/task/{task_id}" for task_id in (TASKS[1], LATE)}
    await until(lambda: bool(server.sessions) and server.last.topics.keys() == topics)
    server.notify(LATE, said(NotificationType.PLEASE_REVEAL, LATE))
    await until(lambda: [each.task_id for each in ear.heard] == [LATE])


def test_waits_longer_after_each_failure() -> None:
    assert [backed_off(n) for n in (0, 1, 2, 3, 50)] == [1.0, 2.0, 4.0, 8.0, 60.0]


async def test_is_sent_nowhere_else_for_its_notifications() -> None:
    asked = []

    async def handle(request: web.Request) -> web.Response:
        asked.append(request.path)
        raise web.HTTPFound("/router/reboot")

    app = web.Application()
    app.router.add_get("/{path:.*}", handle)
    async with TestServer(app, host="127.0.0.1") as running:
        transport = WebSocketTransport(f"http://127.0.0.1:{running.port}")
        with pytest.raises(PeerError):
            await transport.open()
        await transport.close()
    assert asked == ["/connect/websocket"]
