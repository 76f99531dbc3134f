"""The scheduler in memory behind HTTP: REST, notifications over a raw WebSocket, and a result store."""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import web

from edgepi_iexec.protocol import sockjs, stomp
from edgepi_iexec.protocol.models import ResultModel, WorkerModel, WorkerpoolAuthorization
from edgepi_iexec.protocol.notifications import NotificationType, TaskNotification
from edgepi_iexec.protocol.reports import StatusUpdate
from tests.plugins.iexec.fakescheduler import FakeHearing, FakeScheduler

PLACE = "QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPBdG"
REFUSALS = {NotificationType.PLEASE_ABORT: 202, NotificationType.PLEASE_WAIT: 208}


class HttpScheduler:
    """Speaks for a `FakeScheduler`; *url* is where it is reached."""

    def __init__(self, scheduler: FakeScheduler) -> None:
        self.scheduler = scheduler
        self.url = ""
        self.hearing = scheduler.hearing = FakeHearing(scheduler, self._notify)
        self._sockets: dict[web.WebSocketResponse, dict[str, str]] = {}
        self._sending: set[asyncio.Task[None]] = set()

    def app(self) -> web.Application:
        app = web.Application(client_max_size=10_000_000)
        app.router.add_get("/version", self._version)
        app.router.add_get("/workers/config", self._config)
        app.router.add_get("/config/chain", self._chain)
        app.router.add_get("/workers/challenge", self._challenge)
        app.router.add_post("/workers/login", self._login)
        app.router.add_post("/workers/register", self._register)
        app.router.add_post("/workers/ping", self._ping)
        app.router.add_get("/replicates/available", self._available)
        app.router.add_get("/replicates/interrupted", self._interrupted)
        app.router.add_post("/replicates/{task}/updateStatus", self._update)
        app.router.add_get("/connect/info", self._info)
        app.router.add_get("/connect/websocket", self._socket)
        app.router.add_post("/v1/results/token", self._token)
        app.router.add_head("/v1/results/{task}", self._there)
        app.router.add_post("/v1/results", self._result)
        return app

    async def _version(self, _: web.Request) -> web.Response:
        return web.Response(text=await self.scheduler.version())

    async def _config(self, _: web.Request) -> web.Response:
        told = (await self.scheduler.configuration()).to_json()
        return web.json_response(
            told
            | {"configServerUrl": self.url, "resultRepositoryURL": self.url, "askForReplicatePeriod": 1000}
        )

    async def _chain(self, _: web.Request) -> web.Response:
        return web.json_response((await self.scheduler.chain_configuration("")).to_json())

    async def _challenge(self, request: web.Request) -> web.Response:
        self.scheduler.worker = request.query["walletAddress"]
        return web.Response(text="AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")

    async def _login(self, _: web.Request) -> web.Response:
        return web.Response(text="token")

    async def _register(self, request: web.Request) -> web.Response:
        await self.scheduler.register(WorkerModel.from_json(await request.json()))
        return web.json_response({})

    async def _ping(self, _: web.Request) -> web.Response:
        return web.Response(text=await self.scheduler.ping())

    async def _available(self, request: web.Request) -> web.Response:
        energy = {k: v for k, v in request.headers.items() if k.startswith("X-EdgePi")}
        found = await self.scheduler.available(int(request.query["blockNumber"]), energy)
        return web.Response(status=204) if found is None else web.json_response(found.to_json())

    async def _interrupted(self, request: web.Request) -> web.Response:
        found = await self.scheduler.interrupted(int(request.query["blockNumber"]))
        return web.json_response([each.to_json() for each in found])

    async def _update(self, request: web.Request) -> web.Response:
        update = StatusUpdate.from_json(await request.json())
        answer = await self.scheduler.update(request.match_info["task"], update)
        return web.json_response(answer.value)

    async def _info(self, _: web.Request) -> web.Response:
        return web.json_response(sockjs.info(1, websocket=True))

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self._sockets[socket] = {}
        async for message in socket:
            for frame in stomp.decode(message.data):
                await self._take(socket, frame)
        del self._sockets[socket]
        return socket

    async def _take(self, socket: web.WebSocketResponse, frame: stomp.Frame) -> None:
        topics = self._sockets[socket]
        if frame.command == "CONNECT":
            await socket.send_str(stomp.encode(stomp.Frame("CONNECTED", {"version": "1.2"})))
        elif frame.command == "SUBSCRIBE":
            topic = frame.headers["destination"]
            topics[topic] = frame.headers["id"]
            self.hearing.topics.add(topic.rsplit("/", 1)[-1])

    def _notify(self, said: TaskNotification) -> None:
        for socket, topics in self._sockets.items():
            topic = f"/topic/task/{said.task_id}"
            if topic in topics:
                headers = {"destination": topic, "subscription": topics[topic], "message-id": "1"}
                text = stomp.encode(stomp.Frame("MESSAGE", headers, _json(said)))
                sending = asyncio.ensure_future(socket.send_str(text))
                self._sending.add(sending)
                sending.add_done_callback(self._sending.discard)

    async def _token(self, request: web.Request) -> web.Response:
        WorkerpoolAuthorization.from_json(await request.json())
        return web.Response(text="result-token")

    async def _there(self, request: web.Request) -> web.Response:
        return web.Response(status=204 if request.match_info["task"] in self.scheduler.results else 404)

    async def _result(self, request: web.Request) -> web.Response:
        result = ResultModel.from_json(await request.json())
        self.scheduler.results[result.task_id] = result.zip
        return web.Response(text=f"/ipfs/{PLACE}")


def _json(said: TaskNotification) -> Any:
    return web.json_response(said.to_json()).text
