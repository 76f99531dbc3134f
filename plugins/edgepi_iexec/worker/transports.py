"""Two ways to the notifications of a scheduler: SockJS streaming over HTTP, and a raw WebSocket."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Protocol

from aiohttp import (
    ClientError,
    ClientSession,
    ClientTimeout,
    ClientWebSocketResponse,
    TraceConfig,
    WSMsgType,
    WSServerHandshakeError,
)

from edgepi.errors import PeerError, ProtocolError
from edgepi_iexec.protocol import sockjs
from edgepi_iexec.worker.web import MAX_ANSWER, Request, send

__all__ = ["SILENCE_S", "Transport", "WebSocketTransport", "XhrTransport", "websocket_offered"]

SILENCE_S = 60.0  # SockJS servers give a sign of life each 5 to 25 s
PING_S = 20.0
Http = Callable[[], Awaitable[ClientSession]]


class Transport(Protocol):
    """Carries texts both ways; every method raises PeerError when the connection is gone."""

    async def open(self) -> None:
        """Connect."""

    def texts(self) -> AsyncIterator[str]:
        """What arrives, until the connection ends."""

    async def send(self, text: str) -> None:
        """Send one text."""

    async def close(self) -> None:
        """Let go of the connection."""


async def websocket_offered(url: str, http: Http) -> bool:
    """Whether the scheduler takes WebSockets, as its ``/connect/info`` says."""
    reply = await send(await http(), Request(method="GET", url=f"{url}/connect/info", max_bytes=64_000))
    if reply.status != 200:
        raise PeerError(f"the scheduler's notifications answer {reply.status}")
    info = reply.json()
    if not isinstance(info, dict):
        raise ProtocolError("the scheduler's notifications do not say how they are sent")
    return info.get("websocket") is True


class XhrTransport:
    """SockJS ``xhr_streaming`` and ``xhr_send``."""

    def __init__(self, url: str, http: Http) -> None:
        self._http = http
        self._base = f"{url}/connect/{secrets.randbelow(1000):03d}/{secrets.token_hex(16)}"

    async def open(self) -> None:
        """Do nothing: the first request to receive opens the session."""

    async def texts(self) -> AsyncIterator[str]:
        """Receive, and ask again whenever the server has ended a full response."""
        while True:
            async for frame in self._frames():
                if frame.kind == sockjs.OPEN:
                    yield ""
                elif frame.kind == "c":
                    raise PeerError(f"the scheduler ended the notifications: {frame.code} {frame.reason}")
                for text in frame.messages:
                    yield text

    async def send(self, text: str) -> None:
        """Post one message."""
        request = Request(
            method="POST",
            url=f"{self._base}/xhr_send",
            body=sockjs.encode_client([text]),
            headers={"Content-Type": "text/plain;charset=UTF-8"},
        )
        reply = await send(await self._http(), request)
        if reply.status not in {200, 204}:
            raise PeerError(f"the scheduler's notifications answer {reply.status} to a message")

    async def close(self) -> None:
        """Hold nothing: the server forgets a session whose receiver has gone."""

    async def _frames(self) -> AsyncIterator[sockjs.SockJsFrame]:
        session = await self._http()
        try:
            async with session.post(
                f"{self._base}/xhr_streaming",
                timeout=ClientTimeout(total=None, connect=10.0, sock_read=SILENCE_S),
                allow_redirects=False,
                headers={"Accept-Encoding": "identity"},
            ) as response:
                if response.status != 200:
                    raise PeerError(f"the scheduler's notifications answer {response.status}")
                async for line in _lines(response.content.iter_any()):
                    if line:
                        yield sockjs.decode_server(line)
        except (ClientError, OSError, ValueError) as error:
            if isinstance(error, PeerError | ProtocolError):
                raise
            raise PeerError(f"the scheduler's notifications broke off: {type(error).__name__}") from error


async def _lines(chunks: AsyncIterator[bytes]) -> AsyncIterator[str]:
    rest = b""
    async for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        if len(rest) > MAX_ANSWER:
            raise ProtocolError("a notification has no end")
        for line in whole:
            yield line.decode(errors="replace")


class WebSocketTransport:
    """A WebSocket without SockJS's frames, as its servers offer at ``/connect/websocket``."""

    def __init__(self, url: str) -> None:
        self._url = f"{url}/connect/websocket"
        self._session: ClientSession | None = None
        self._socket: ClientWebSocketResponse | None = None

    async def open(self) -> None:
        """Shake hands; raises PeerError."""
        self._session = _straight()
        try:
            self._socket = await self._session.ws_connect(
                self._url, heartbeat=PING_S, max_msg_size=MAX_ANSWER, protocols=("v12.stomp", "v11.stomp")
            )
        except WSServerHandshakeError as error:
            raise PeerError(f"the scheduler takes no WebSocket: {error.status}") from error
        except (ClientError, OSError) as error:
            raise PeerError(f"the scheduler's notifications: {type(error).__name__}") from error

    async def texts(self) -> AsyncIterator[str]:
        """Receive until the socket closes."""
        yield ""
        assert self._socket is not None
        async for message in self._socket:
            if message.type is WSMsgType.TEXT:
                yield message.data
            elif message.type is WSMsgType.BINARY:
                yield bytes(message.data).decode(errors="replace")

    async def send(self, text: str) -> None:
        """Send one message."""
        if self._socket is None or self._socket.closed:
            raise PeerError("the connection to the scheduler's notifications is gone")
        try:
            await self._socket.send_str(text)
        except (ClientError, OSError) as error:
            raise PeerError(f"the scheduler's notifications: {type(error).__name__}") from error

    async def close(self) -> None:
        """Say good-bye."""
        if self._socket is not None:
            with suppress(ClientError, OSError):
                await self._socket.close()
        if self._session is not None:
            await self._session.close()


def _straight() -> ClientSession:
    """A client that is sent nowhere else: a scheduler has no say in what is asked of the local network."""

    async def refuse(*_: object) -> None:
        raise PeerError("the scheduler sends elsewhere for its notifications")

    watch = TraceConfig()
    watch.on_request_redirect.append(refuse)
    return ClientSession(trace_configs=[watch])
