"""Notifications over WebSocket: with SockJS's framing, or STOMP alone."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from aiohttp import WSMsgType, web

from edgepi.errors import ProtocolError
from edgepi_iexec.pool.broker import Broker
from edgepi_iexec.pool.sessions import Session
from edgepi_iexec.pool.settings import PoolSettings
from edgepi_iexec.protocol import sockjs

__all__ = ["Sockets"]


class Sockets:
    """One session to each connection."""

    def __init__(self, settings: PoolSettings, broker: Broker) -> None:
        self._settings = settings
        self._broker = broker

    async def framed(self, request: web.Request) -> web.StreamResponse:
        """Answer ``/connect/<server>/<session>/websocket``."""
        return await self._serve(request, framed=True)

    async def plain(self, request: web.Request) -> web.StreamResponse:
        """Answer ``/connect/websocket``."""
        return await self._serve(request, framed=False)

    async def _serve(self, request: web.Request, *, framed: bool) -> web.StreamResponse:
        if not self._settings.websocket or request.headers.get("Upgrade", "").lower() != "websocket":
            return web.Response(status=400, text='Can "Upgrade" only to "WebSocket".')
        session = self._broker.open()
        if session is None:
            return web.Response(status=503)
        socket = web.WebSocketResponse(
            max_msg_size=self._settings.limits.frame_bytes,
            protocols=("v12.stomp", "v11.stomp", "v10.stomp"),
            timeout=2.0,
        )
        try:
            await socket.prepare(request)
            session.abort = None if request.transport is None else request.transport.abort
            await self._talk(socket, session, framed=framed)
        except ConnectionResetError:
            pass
        finally:
            session.close()
        return socket

    async def _talk(self, socket: web.WebSocketResponse, session: Session, *, framed: bool) -> None:
        if framed:
            await socket.send_str("o")
        sending = asyncio.create_task(_send(socket, session, framed=framed))
        try:
            async for message in socket:
                if message.type is not WSMsgType.TEXT:
                    break
                self._hear(session, message.data, framed=framed)
        finally:
            session.close()
            if socket.closed:
                sending.cancel()
            with suppress(asyncio.CancelledError, ConnectionResetError):
                await sending

    def _hear(self, session: Session, text: str, *, framed: bool) -> None:
        if not framed:
            self._broker.hear(session, text)
            return
        if not text:
            return
        try:
            texts = sockjs.decode_client(text)
        except ProtocolError:
            session.close(1002, "Broken JSON encoding.")
            return
        for each in texts:
            self._broker.hear(session, each)


async def _send(socket: web.WebSocketResponse, session: Session, *, framed: bool) -> None:
    while True:
        texts, beat = session.take()
        if texts and framed:
            await socket.send_str(sockjs.message_frame(texts))
        elif texts:
            for text in texts:
                await socket.send_str(text)
        elif session.closed is not None:
            if framed:
                await socket.send_str(sockjs.close_frame(*session.closed))
            await socket.close()
            return
        elif beat:
            await socket.send_str("h" if framed else "\n")
        else:
            await session.wake.wait()
