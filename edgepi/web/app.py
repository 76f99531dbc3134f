"""Puts the route table on an aiohttp application."""

from __future__ import annotations

import json
from typing import Any

import voluptuous as vol
from aiohttp import web
from aiohttp.typedefs import Middleware

from edgepi.errors import AccessError, RequestError
from edgepi.web.answers import Unauthorized, ok
from edgepi.web.endpoint import Call, Endpoint, checked
from edgepi.web.gate import ACTOR, Handler
from edgepi.web.services import WebServices
from edgepi.web.tokens import Scope
from edgepi.web.wire import StateTexts

__all__ = ["PREFIX", "NotJson", "body_of", "mount", "new_app", "permit"]

PREFIX = "/api/v1/"
LARGEST_BODY = 64 * 1024


class NotJson(web.HTTPUnsupportedMediaType):
    """A body of another content type, which a foreign page could send without asking."""

    def __init__(self) -> None:
        super().__init__(reason="the body must be JSON, with Content-Type: application/json")


def new_app(*gates: Middleware) -> web.Application:
    """An application with its gates, the outermost first, and a limit on bodies."""
    return web.Application(middlewares=gates, client_max_size=LARGEST_BODY)


def mount(
    app: web.Application, services: WebServices, texts: StateTexts, endpoints: tuple[Endpoint, ...]
) -> None:
    """Add routes that answer in the common shape."""
    for endpoint in endpoints:
        app.router.add_route(endpoint.method, PREFIX + endpoint.path, _served(endpoint, services, texts))


def permit(request: web.Request, scope: Scope | None) -> None:
    """Let pass whoever has the scope.

    Raises:
        Unauthorized: nobody is logged in.
        AccessError: somebody is, but may not.
    """
    if scope is None:
        return
    actor = request[ACTOR]
    if actor is None:
        raise Unauthorized
    if not actor.scope.allows(scope):
        raise AccessError(
            "this login may look but not change anything", hint="use a token of scope `control`"
        )


async def body_of(request: web.Request) -> Any:
    """The JSON body; an empty one counts as ``{}``.

    Raises:
        RequestError: it is no JSON.
        NotJson: it does not say that it is.
    """
    if request.content_type != "application/json":
        raise NotJson
    content = await request.read()
    try:
        return json.loads(content) if content.strip() else {}
    except (ValueError, RecursionError) as error:
        raise RequestError("the body is not valid JSON") from error


def query_of(request: web.Request) -> dict[str, Any]:
    """The query; a repeated key becomes a list."""
    if not request.query_string:
        return {}
    query = request.query
    return {key: found if len(found := query.getall(key)) > 1 else found[0] for key in query}


def _served(endpoint: Endpoint, services: WebServices, texts: StateTexts) -> Handler:
    query_schema = vol.Schema(dict(endpoint.query))
    body_schema = None if endpoint.body is None else vol.Schema(dict(endpoint.body))

    async def serve(request: web.Request) -> web.StreamResponse:
        permit(request, endpoint.scope)
        body = {}
        if body_schema is not None:
            body = checked(body_schema, await body_of(request), what="body")
        call = Call(
            services=services,
            texts=texts,
            actor=request[ACTOR],
            path=request.match_info,
            query=checked(query_schema, query_of(request), what="query"),
            body=body,
        )
        return ok(await endpoint.handler(call))

    return serve
