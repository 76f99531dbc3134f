"""Routes of plugins, below ``/api/v1/plugins/<instance>/``; they come and go while the node runs."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Mapping
from urllib.parse import unquote

from aiohttp import web

from edgepi.errors import EdgePiError, NotFoundError
from edgepi.plugin import Request, Response, Route
from edgepi.web.answers import ok, refused
from edgepi.web.app import PREFIX, body_of, permit
from edgepi.web.services import WebServices
from edgepi.web.streams import UNREAD_S, Stream, file_answer
from edgepi.web.tokens import Scope

__all__ = ["PluginRoutes", "match"]

_LOG = logging.getLogger(__name__)
_LONGEST_S = 30.0


def match(pattern: str, path: str) -> Mapping[str, str] | None:
    """The values of ``{names}`` in *pattern*, each one segment of *path*; None if it does not fit."""
    wanted, given = pattern.strip("/").split("/"), path.strip("/").split("/")
    if len(wanted) != len(given):
        return None
    values: dict[str, str] = {}
    for want, have in zip(wanted, given, strict=True):
        if name := re.fullmatch(r"\{(\w+)\}", want):
            values[name[1]] = unquote(have)
        elif want != unquote(have):
            return None
    return values


class PluginRoutes:
    """Finds the route, checks the right to use it, and contains its failures."""

    def __init__(self, services: WebServices, *, unread_s: float = UNREAD_S) -> None:
        self._services = services
        self._unread_s = unread_s
        self._stopping = asyncio.get_running_loop().create_future()

    def mount(self, app: web.Application) -> None:
        """Take every path below an instance's name."""
        app.router.add_route("*", PREFIX + "plugins/{instance}/{tail:.*}", self.serve)
        app.on_shutdown.append(self._stop)

    async def _stop(self, _: web.Application) -> None:
        if not self._stopping.done():
            self._stopping.set_result(None)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        permit(request, Scope.READ)
        instance = request.match_info["instance"]
        route, values = self._find(instance, request)
        permit(request, Scope.CONTROL if route.writes else Scope.READ)
        body = await body_of(request) if request.method in {"POST", "PUT"} else None
        asked = Request(path=values, query=dict(request.query), body=body)
        answer = await self._run(instance, route, asked)
        if isinstance(answer, Response):
            return await self._answered(instance, route, answer)
        return answer

    def _find(self, instance: str, request: web.Request) -> tuple[Route, Mapping[str, str]]:
        routes = self._services.plugin_routes().get(instance)
        if routes is None:
            raise NotFoundError(f"no running plugin named {instance[:60]!r} has routes")
        allowed: set[str] = set()
        for route in routes:
            values = match(route.path, request.match_info["tail"])
            if values is None:
                continue
            # Whoever may see the whole may see its head.
            if request.method == route.method or (request.method, route.method) == ("HEAD", "GET"):
                return route, values
            allowed.add(route.method)
        if allowed:
            raise web.HTTPMethodNotAllowed(request.method, allowed)
        raise NotFoundError(f"plugin {instance[:60]!r} has nothing at this address")

    async def _run(self, instance: str, route: Route, asked: Request) -> Response | web.Response:
        try:
            async with asyncio.timeout(_LONGEST_S):
                answer = await route.handler(asked)
        except asyncio.CancelledError:
            raise
        except EdgePiError as error:
            error.message = self._services.mask(error.message)
            error.hint = self._services.mask(error.hint) if error.hint else None
            raise
        except TimeoutError:
            return refused(504, f"plugin {instance!r} did not answer in {_LONGEST_S:.0f} s", key="timeout")
        except (Exception, SystemExit):  # noqa: BLE001 (a plugin harms nobody)
            _LOG.exception("route %s %s of plugin %s failed", route.method, route.path, instance)
            return refused(
                502, f"plugin {instance!r} failed to answer", key="plugin", hint="the log says more"
            )
        if not isinstance(answer, Response):
            _LOG.error("route %s of plugin %s returned %r", route.path, instance, type(answer).__name__)
            return refused(502, f"plugin {instance!r} gave no proper answer", key="plugin")
        return answer

    async def _answered(self, instance: str, route: Route, answer: Response) -> web.StreamResponse:
        kind, status = answer.content_type, answer.status
        if answer.file is not None:
            return await file_answer(answer.file, content_type=kind, status=status)
        if answer.stream is not None:
            return Stream(
                answer.stream,
                content_type=kind,
                status=status,
                name=f"{route.path} of plugin {instance}",
                wanted=lambda: route in self._services.plugin_routes().get(instance, ()),
                stop=self._stopping,
                unread_s=self._unread_s,
            )
        return _whole(answer)


def _whole(answer: Response) -> web.Response:
    if answer.content is not None:
        headers = {"Content-Type": answer.content_type or "application/json", "Cache-Control": "no-store"}
        return web.Response(body=answer.content, status=answer.status, headers=headers)
    if answer.status >= 400:
        return refused(answer.status, str(answer.data or "refused"), key="plugin")
    return ok(answer.data, status=answer.status)
