"""SockJS as the protocol's workers speak it: streaming and polling responses, and what clients send."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable

from aiohttp import web

from edgepi.clock import Clock
from edgepi.errors import ProtocolError
from edgepi_iexec.pool.broker import Broker
from edgepi_iexec.pool.reading import read_body
from edgepi_iexec.pool.sessions import Session
from edgepi_iexec.pool.settings import PoolSettings
from edgepi_iexec.protocol import sockjs

__all__ = ["SockJs", "cors"]

_PART = re.compile(r"[^/.]{1,64}")
_STREAM_BYTES = 128 * 1024
_DISCARD_S = 5.0
_SWEEP_S = 1.0
_PRELUDE = "h" * 2048 + "\n"
_BUSY = sockjs.close_frame(2010, "Another connection still open") + "\n"
_LOOPBACK = frozenset({"127.0.0.1", "::1"})
_SESSIONS_OF_ONE = 2000
_TYPE = "application/javascript; charset=UTF-8"


class _Client:
    """A session over HTTP: *receiving* while a response of it is open."""

    def __init__(self, session: Session, remote: str) -> None:
        self.session = session
        self.remote = remote
        self.receiving = False
        self.greeted = False


class SockJs:
    """Sessions by their clients' ids; one without a reader is discarded after five seconds."""

    def __init__(self, settings: PoolSettings, broker: Broker, clock: Clock) -> None:
        self._settings = settings
        self._broker = broker
        self._clock = clock
        self._clients: dict[str, _Client] = {}
        self._idle_s: dict[str, float] = {}
        self._of_remote: dict[str, int] = {}

    async def greeting(self, request: web.Request) -> web.Response:
        """Answer ``/connect``."""
        return web.Response(text="Welcome to SockJS!\n", headers=cors(request))

    async def info(self, request: web.Request) -> web.Response:
        """Answer ``/connect/info``."""
        said = {
            "entropy": secrets.randbelow(2**31),
            "origins": ["*:*"],
            "cookie_needed": False,
            "websocket": self._settings.websocket,
        }
        return web.json_response(said, headers=cors(request))

    async def options(self, request: web.Request) -> web.Response:
        """Let pages of any origin in."""
        allowed = {"Access-Control-Allow-Methods": "GET, POST, OPTIONS", "Access-Control-Max-Age": "86400"}
        return web.Response(status=204, headers=cors(request) | allowed)

    async def streaming(self, request: web.Request) -> web.StreamResponse:
        """Answer ``xhr_streaming``: frames until 128 KiB are sent or the session ends."""
        return await self._receive(request, prelude=_PRELUDE, most_bytes=_STREAM_BYTES)

    async def polling(self, request: web.Request) -> web.StreamResponse:
        """Answer ``xhr``: one frame."""
        return await self._receive(request, prelude="", most_bytes=1)

    async def send(self, request: web.Request) -> web.Response:
        """Answer ``xhr_send``: STOMP texts of a client's."""
        client = self._clients.get(_id(request))
        if client is None or client.session.closed is not None:
            return web.Response(status=404, headers=cors(request))
        limits = self._settings.limits
        try:
            texts = sockjs.decode_client(
                (await read_body(request, limits.frame_bytes, limits.read_s)).decode("utf-8", "replace")
            )
        except ProtocolError as error:
            return web.Response(status=500, text=error.message, headers=cors(request))
        for text in texts:
            self._broker.hear(client.session, text)
        return web.Response(status=204, headers=cors(request), content_type="text/plain")

    async def keep_sweeping(self) -> None:
        """Discard sessions that nobody reads."""
        while True:
            await self._clock.sleep(_SWEEP_S)
            old_s = self._clock.monotonic() - _DISCARD_S
            for name in [name for name, since_s in self._idle_s.items() if since_s < old_s]:
                self._discard(name)

    async def _receive(self, request: web.Request, *, prelude: str, most_bytes: int) -> web.StreamResponse:
        name = _id(request)
        client = self._clients.get(name) or self._new(name, request.remote or "")
        if client is None:
            return web.Response(status=503, headers=cors(request))
        response = web.StreamResponse(headers=cors(request) | {"Content-Type": _TYPE})
        await response.prepare(request)
        if prelude:
            await response.write(prelude.encode())
        if client.receiving:
            await response.write(_BUSY.encode())
            return response
        client.receiving, client.session.abort = True, _aborter(request)
        self._idle_s.pop(name, None)
        try:
            await _feed(client, response, request, most_bytes)
        except ConnectionResetError:
            pass
        finally:
            client.receiving, client.session.abort = False, None
            if client.session.closed is None:
                self._idle_s[name] = self._clock.monotonic()
            else:
                self._discard(name)
        return response

    def _new(self, name: str, remote: str) -> _Client | None:
        if remote not in _LOOPBACK and self._of_remote.get(remote, 0) >= _SESSIONS_OF_ONE:
            return None
        session = self._broker.open()
        if session is None:
            return None
        client = self._clients[name] = _Client(session, remote)
        self._of_remote[remote] = self._of_remote.get(remote, 0) + 1
        return client

    def _discard(self, name: str) -> None:
        self._idle_s.pop(name, None)
        client = self._clients.pop(name, None)
        if client is None:
            return
        left = self._of_remote[client.remote] - 1
        if left:
            self._of_remote[client.remote] = left
        else:
            del self._of_remote[client.remote]
        client.session.close()


async def _feed(client: _Client, response: web.StreamResponse, request: web.Request, most_bytes: int) -> None:
    sent, session = 0, client.session
    while sent < most_bytes:
        if not client.greeted:
            client.greeted = True
            frame = "o"
        elif (frame := _next_frame(session)) == "":
            await session.wake.wait()
            if request.transport is None or request.transport.is_closing():
                raise ConnectionResetError
            continue
        await response.write((frame + "\n").encode())
        sent += len(frame) + 1
        if frame[0] == "c":
            return


def _next_frame(session: Session) -> str:
    texts, beat = session.take()
    if texts:
        return sockjs.message_frame(texts)
    if session.closed is not None:
        return sockjs.close_frame(*session.closed)
    return "h" if beat else ""


def _aborter(request: web.Request) -> Callable[[], None]:
    def abort() -> None:
        if request.transport is not None:
            request.transport.abort()

    return abort


def _id(request: web.Request) -> str:
    server, session = request.match_info["server"], request.match_info["session"]
    if _PART.fullmatch(server) is None or _PART.fullmatch(session) is None:
        raise web.HTTPNotFound
    return session


def cors(request: web.Request) -> dict[str, str]:
    """Headers that let a page of any origin read the answer, and nobody keep it."""
    origin = request.headers.get("Origin")
    headers = {"Cache-Control": "no-store, no-cache, must-revalidate, max-age=0"}
    if origin is None or origin == "null":
        return headers | {"Access-Control-Allow-Origin": "*"}
    headers |= {"Access-Control-Allow-Origin": origin, "Access-Control-Allow-Credentials": "true"}
    asked = request.headers.get("Access-Control-Request-Headers")
    return headers if asked is None else headers | {"Access-Control-Allow-Headers": asked}
