"""Keeps strangers from using up the node's connections and file descriptors."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Middleware

from edgepi.web.gate import Handler

__all__ = ["QUIET", "Doorman"]

MOST = 200
FIRST_REQUEST_S = 15.0
BODY_S = 20.0

# What a stranger sends is no error of the node; whatever a handler raises is answered and logged by the gate.
QUIET = logging.getLogger("edgepi.web.http")
QUIET.setLevel(logging.CRITICAL)


class Doorman:
    """Lets in at most *most* connections, and hangs up on those that never finish asking.

    *first_s* is the time for the first request's head, *body_s* for each request's body, in real seconds.
    """

    def __init__(self, *, most: int = MOST, first_s: float = FIRST_REQUEST_S, body_s: float = BODY_S) -> None:
        self._most, self._first_s, self._body_s = most, first_s, body_s
        self._silent: dict[Any, asyncio.TimerHandle] = {}

    def door(self, server: web.Server) -> Callable[[], asyncio.Protocol]:
        """Return the factory of protocols to listen with."""

        def admit() -> asyncio.Protocol:
            if len(server.connections) >= self._most:
                return _Refusal()
            handler = server()
            later = asyncio.get_running_loop().call_later
            self._silent[handler] = later(self._first_s, self._hang_up, handler)
            return handler

        return admit

    def _hang_up(self, handler: web.RequestHandler) -> None:
        self._silent.pop(handler, None)
        if handler.transport is not None:
            handler.transport.abort()

    def middleware(self) -> Middleware:
        """Notes that a connection has asked, and reads each body in time."""

        @web.middleware
        async def greet(request: web.Request, handler: Handler) -> web.StreamResponse:
            if (timer := self._silent.pop(request.protocol, None)) is not None:
                timer.cancel()
            if request.body_exists:
                try:
                    async with asyncio.timeout(self._body_s):
                        await request.read()
                except TimeoutError:
                    raise web.HTTPRequestTimeout(reason="the body did not come in time") from None
            return await handler(request)

        return greet


class _Refusal(asyncio.Protocol):
    """A connection too many."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.abort()
