"""Logging in and out; the only routes that set the cookie."""

from __future__ import annotations

from collections.abc import Callable

import voluptuous as vol
from aiohttp import web

from edgepi.web.access import COOKIE, Access, address_of
from edgepi.web.answers import ok
from edgepi.web.api.shapes import LOGIN_LINK
from edgepi.web.app import PREFIX, body_of
from edgepi.web.endpoint import Call, Endpoint, checked
from edgepi.web.fields import Text
from edgepi.web.sessions import SESSION_LIFE
from edgepi.web.tokens import Scope

__all__ = ["Login", "link_endpoint"]

_LONGEST = 200
_BODY = vol.Schema({vol.Required("token"): Text(what="a token")})
_EMPTY = vol.Schema({})


class Login:
    """Opens sessions from one-time links and tokens."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def mount(self, app: web.Application) -> None:
        """Add the routes."""
        app.router.add_get("/login", self._follow_link)
        app.router.add_post(PREFIX + "login", self._with_token)
        app.router.add_post(PREFIX + "logout", self._log_out)

    async def _follow_link(self, request: web.Request) -> web.StreamResponse:
        code = request.query.get("code", "")[:_LONGEST]
        if request.method != "GET" or not code:
            return _redirect("/")
        cookie = await self._access.log_in_with_code(code, address_of(request))
        if cookie is None:
            return _redirect("/#expired")
        answer = _redirect("/")
        _set_cookie(answer, cookie)
        return answer

    async def _with_token(self, request: web.Request) -> web.StreamResponse:
        body = checked(_BODY, await body_of(request), what="body")
        cookie = await self._access.log_in_with_token(body["token"], address_of(request))
        answer = ok({})
        _set_cookie(answer, cookie)
        return answer

    async def _log_out(self, request: web.Request) -> web.StreamResponse:
        checked(_EMPTY, await body_of(request), what="body")
        await self._access.log_out(request.cookies.get(COOKIE, ""))
        answer = ok({})
        answer.del_cookie(COOKIE, path="/", httponly=True, samesite="Strict")
        return answer


def link_endpoint(link: Callable[[], str]) -> Endpoint:
    """The Unix socket's way to get a fresh login link."""

    async def handler(_call: Call) -> dict[str, str]:
        return {"url": link()}

    return Endpoint(
        method="POST",
        path="login-links",
        summary="Make a one-time login link (Unix socket only)",
        handler=handler,
        returns=LOGIN_LINK,
        scope=Scope.CONTROL,
        local=True,
        body={},
    )


def _redirect(where: str) -> web.Response:
    return web.Response(status=303, headers={"Location": where, "Cache-Control": "no-store"})


def _set_cookie(answer: web.Response, cookie: str) -> None:
    answer.set_cookie(
        COOKIE,
        cookie,
        path="/",
        httponly=True,
        samesite="Strict",
        max_age=int(SESSION_LIFE.total_seconds()),
    )
