"""The one shape of every answer, and what an error becomes in it."""

from __future__ import annotations

import logging
import math
from typing import Any

from aiohttp import web

from edgepi.errors import (
    AccessError,
    EdgePiError,
    EnergyError,
    HardwareError,
    NotFoundError,
    PluginNotFoundError,
    RecorderError,
    RequestError,
    StateLockedError,
)
from edgepi.web.access import Throttled
from edgepi.web.wire import encode

__all__ = ["Unauthorized", "failed", "ok", "refused"]

_LOG = logging.getLogger(__name__)

# The first class that fits counts.
_STATUS: tuple[tuple[type[EdgePiError], int, str], ...] = (
    (Throttled, 429, "too_many_logins"),
    (AccessError, 403, "forbidden"),
    (NotFoundError, 404, "not_found"),
    (PluginNotFoundError, 404, "not_found"),
    (RequestError, 400, "bad_request"),
    (EnergyError, 409, "energy"),
    (StateLockedError, 409, "locked"),
    (RecorderError, 503, "recorder"),
    (HardwareError, 503, "hardware"),
    (EdgePiError, 500, "failed"),
)
_KEYS = {400: "bad_request", 404: "not_found", 405: "method_not_allowed", 413: "too_large", 415: "not_json"}


class Unauthorized(AccessError):  # noqa: N818 (the name that HTTP gives it)
    """No credentials."""

    def __init__(self) -> None:
        super().__init__("log in first", hint="open a login link, or send a token as `Authorization: Bearer`")


def ok(data: Any, *, status: int = 200) -> web.Response:
    """``{"result": "ok", "data": ...}``."""
    return _json('{"result":"ok","data":' + encode(data) + "}", status)


def refused(status: int, message: str, *, key: str | None = None, hint: str | None = None) -> web.Response:
    """``{"result": "error", "message": ..., "hint": ..., "key": ...}``."""
    key = key or _KEYS.get(status, "failed")
    return _json(encode({"result": "error", "message": message, "hint": hint, "key": key}), status)


def failed(error: Exception) -> web.Response:
    """Turn any exception into an answer; the unexpected goes to the log, never to the client."""
    if isinstance(error, web.HTTPException):
        return _from_http(error)
    if isinstance(error, Unauthorized):
        answer = refused(401, error.message, key="unauthorized", hint=error.hint)
        answer.headers["WWW-Authenticate"] = "Bearer"
        return answer
    if isinstance(error, EdgePiError):
        status, key = next((s, k) for kind, s, k in _STATUS if isinstance(error, kind))
        answer = refused(status, error.message, key=key, hint=error.hint)
        if isinstance(error, Throttled):
            answer.headers["Retry-After"] = str(math.ceil(error.wait_s))
        return answer
    _LOG.error("a request failed", exc_info=error)
    return refused(500, "the node made a mistake", key="internal", hint="its log says more")


def _from_http(error: web.HTTPException) -> web.Response:
    messages = {
        404: "there is nothing at this address",
        405: "this address does not take that method",
        413: "the body is too large",
    }
    answer = refused(error.status, messages.get(error.status, error.reason))
    if "Allow" in error.headers:
        answer.headers["Allow"] = error.headers["Allow"]
    return answer


def _json(text: str, status: int) -> web.Response:
    return web.Response(
        body=text.encode("ascii"),
        status=status,
        headers={"Content-Type": "application/json", "Cache-Control": "no-store"},
    )
