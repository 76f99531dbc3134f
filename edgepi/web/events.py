"""The WebSocket that pushes what changes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from fnmatch import fnmatchcase
from functools import lru_cache, partial
from typing import Any

import voluptuous as vol
from aiohttp import WSMsgType, web

from edgepi.clock import Clock
from edgepi.errors import RequestError
from edgepi.model import (
    DecisionMade,
    LeaseChanged,
    LevelChanged,
    PluginStatusChanged,
    StateChanged,
    SupplyRead,
)
from edgepi.web.api.node import status_data
from edgepi.web.app import PREFIX, permit
from edgepi.web.endpoint import checked
from edgepi.web.fields import Choice, Many, Text
from edgepi.web.outbox import Outbox
from edgepi.web.services import WebServices
from edgepi.web.tokens import Scope
from edgepi.web.wire import StateTexts, decision_data, encode, moment, plain

__all__ = ["TOPICS", "EventHub"]

TOPICS = ("states", "decisions", "levels", "leases", "supply", "status", "plugins")
_REQUEST = vol.Schema(
    {
        vol.Required("type"): Choice("subscribe", "ping"),
        vol.Optional("topics"): Many(Choice(*TOPICS), most=len(TOPICS)),
        vol.Optional("entities"): Many(Text(what="a pattern of entities"), most=50),
        vol.Optional("id"): vol.Any(int, str),
    }
)
_HEARTBEAT_S = 20.0
_STATUS_EVERY_S = 1.0
_MOST_CLIENTS = 50


class EventHub:
    """Listens to the bus while anybody is connected and hands events to each client's outbox."""

    def __init__(self, services: WebServices, texts: StateTexts, real: Clock) -> None:
        self._services = services
        self._texts = texts
        self._real = real
        self._clients: set[_Client] = set()
        self._unlisten: list[Callable[[], None]] = []
        self._status_s = float("-inf")

    def mount(self, app: web.Application) -> None:
        """Add the route."""
        app.router.add_get(PREFIX + "events", self.serve)

    @property
    def clients(self) -> int:
        """How many are connected."""
        return len(self._clients)

    async def close(self) -> None:
        """Say goodbye to every client."""
        await asyncio.gather(*(client.socket.close(code=1001) for client in self._clients))

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """One client's connection, from greeting to end."""
        permit(request, Scope.READ)
        if "websocket" not in request.headers.get("Upgrade", "").lower():
            raise RequestError("this address speaks WebSocket only")
        if len(self._clients) >= _MOST_CLIENTS:
            raise RequestError(f"{_MOST_CLIENTS} clients are connected already")
        socket = web.WebSocketResponse(heartbeat=_HEARTBEAT_S, max_msg_size=16 * 1024)
        await socket.prepare(request)
        client = _Client(socket)
        self._add(client)
        try:
            await client.run(self._hello())
        finally:
            self._remove(client)
        return socket

    def _hello(self) -> str:
        clock = self._services.clock
        return encode({"type": "hello", "data": {"time_utc": moment(clock.now()), "topics": TOPICS}})

    def _add(self, client: _Client) -> None:
        self._clients.add(client)
        if self._unlisten:
            return
        listen = partial(self._services.bus.listen, name="web events")
        self._unlisten = [
            listen(StateChanged, self._on_state),
            listen(SupplyRead, self._on_supply),
            listen(DecisionMade, self._on_decision),
            listen(LevelChanged, self._on_level),
            listen(LeaseChanged, self._on_lease),
            listen(PluginStatusChanged, self._on_plugin),
        ]

    def _remove(self, client: _Client) -> None:
        self._clients.discard(client)
        if not self._clients:
            while self._unlisten:
                self._unlisten.pop()()

    def _on_state(self, event: StateChanged) -> None:
        state = event.new
        text = _once(lambda: _message("state", self._texts.of(state)))
        for client in self._clients:
            if client.wants("states", state.entity_id):
                client.outbox.put_latest(state.entity_id, text)

    def _on_supply(self, event: SupplyRead) -> None:
        self._put_latest("supply", lambda: plain(event.supply))
        now_s = self._real.monotonic()
        if now_s - self._status_s >= _STATUS_EVERY_S:
            self._status_s = now_s
            self._put_latest("status", lambda: status_data(self._services))

    def _on_decision(self, event: DecisionMade) -> None:
        self._put_event("decisions", "decision", lambda: decision_data(event.decision))

    def _on_level(self, event: LevelChanged) -> None:
        self._put_event("levels", "level", lambda: plain(event))

    def _on_lease(self, event: LeaseChanged) -> None:
        self._put_event("leases", "lease", lambda: plain(event.lease))

    def _on_plugin(self, event: PluginStatusChanged) -> None:
        self._put_event("plugins", "plugin", lambda: plain(event))

    def _put_latest(self, topic: str, data: Callable[[], Any]) -> None:
        text = _once(lambda: _message(topic, data()))
        for client in self._clients:
            if client.wants(topic):
                client.outbox.put_latest(f"/{topic}", text)

    def _put_event(self, topic: str, kind: str, data: Callable[[], Any]) -> None:
        text = _once(lambda: _message(kind, data()))
        for client in self._clients:
            if client.wants(topic):
                client.outbox.put_event(text)


class _Client:
    """One connection with what it subscribed to; everything until it says otherwise."""

    def __init__(self, socket: web.WebSocketResponse) -> None:
        self.socket = socket
        self.outbox = Outbox()
        self._topics: frozenset[str] = frozenset(TOPICS)
        self._patterns: tuple[str, ...] | None = None

    def wants(self, topic: str, entity_id: str | None = None) -> bool:
        """Whether an event is for this client."""
        if topic not in self._topics:
            return False
        if entity_id is None or self._patterns is None:
            return True
        return any(fnmatchcase(entity_id, pattern) for pattern in self._patterns)

    async def run(self, hello: str) -> None:
        """Send and receive until either side ends."""
        await self.socket.send_str(hello)
        sender = asyncio.create_task(self._send())
        try:
            async for message in self.socket:
                if message.type is WSMsgType.TEXT:
                    self._receive(message.data)
        finally:
            sender.cancel()
            with suppress(asyncio.CancelledError, ConnectionError):
                await sender

    async def _send(self) -> None:
        while not self.socket.closed:
            messages, lost = await self.outbox.take()
            if lost:
                await self.socket.send_str(_message("lost", {"count": lost}))
            for text in messages:
                await self.socket.send_str(text())

    def _receive(self, text: str) -> None:
        try:
            asked = json.loads(text)
            asked = checked(_REQUEST, asked, what="message")
        except (ValueError, RecursionError) as error:
            message = error.message if isinstance(error, RequestError) else "the message is not valid JSON"
            self._reply("error", None, {"message": message})
            return
        if asked["type"] == "subscribe":
            self._subscribe(asked)
        self._reply("pong" if asked["type"] == "ping" else "subscribed", asked.get("id"), None)

    def _subscribe(self, asked: Mapping[str, Any]) -> None:
        self._topics = frozenset(asked.get("topics", TOPICS))
        self._patterns = tuple(asked["entities"]) if "entities" in asked else None

    def _reply(self, kind: str, given_id: int | str | None, data: Any) -> None:
        text = encode({"type": kind, "id": given_id, "data": data})
        self.outbox.put_event(lambda: text)


def _message(kind: str, data: Any) -> str:
    return f'{{"type":"{kind}","data":{encode(data)}}}'


def _once(make: Callable[[], str]) -> Callable[[], str]:
    return lru_cache(maxsize=1)(make)
