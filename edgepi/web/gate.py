"""The one middleware: who asks, whether they may, and every failure as JSON."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web
from aiohttp.typedefs import Middleware

from edgepi.web.access import Access, Actor, check_host, check_origin
from edgepi.web.answers import failed

__all__ = ["ACTOR", "gate_for_network", "gate_for_socket"]

ACTOR: web.RequestKey[Actor | None] = web.RequestKey("actor", Actor)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_SAFE = frozenset({"GET", "HEAD"})
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self'; "
        "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def gate_for_network(access: Access, *, loopback: bool) -> Middleware:
    """Checks for requests that come over TCP."""

    @web.middleware
    async def gate(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            if loopback:
                check_host(request)
            actor = request[ACTOR] = await access.actor(request)
            upgrade = "Upgrade" in request.headers
            if upgrade or request.method not in _SAFE:
                check_origin(request, needed=actor is not None and actor.kind == "session")
            response = await handler(request)
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 (whatever it is, the client gets JSON)
            response = failed(error)
        if not response.prepared:
            response.headers.update(_HEADERS)
        return response

    return gate


def gate_for_socket(actor: Actor) -> Middleware:
    """The Unix socket: whoever may open it may do everything."""

    @web.middleware
    async def gate(request: web.Request, handler: Handler) -> web.StreamResponse:
        request[ACTOR] = actor
        try:
            return await handler(request)
        except Exception as error:  # noqa: BLE001 (answered, whatever it is)
            return failed(error)

    return gate
