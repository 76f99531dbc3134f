"""One row of the route table: what serves requests, checks them and documents them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import voluptuous as vol

from edgepi.errors import RequestError
from edgepi.web.access import Actor
from edgepi.web.services import WebServices
from edgepi.web.tokens import Scope
from edgepi.web.wire import StateTexts

__all__ = ["Call", "Endpoint", "checked"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request that has passed every check; *query* and *body* are validated."""

    services: WebServices
    texts: StateTexts
    actor: Actor | None
    path: Mapping[str, str]
    query: Mapping[str, Any]
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A method on a path below ``/api/v1/``; *scope* None is open to everyone.

    *local* routes exist on the Unix socket alone. *returns* is the JSON Schema of ``data``.
    """

    method: str
    path: str
    summary: str
    handler: Callable[[Call], Awaitable[Any]]
    returns: Mapping[str, Any]
    scope: Scope | None = Scope.READ
    local: bool = False
    query: Mapping[Any, Any] = field(default_factory=dict)
    body: Mapping[Any, Any] | None = None


def checked(schema: vol.Schema, values: Any, *, what: str) -> Any:
    """Validate *values*.

    Raises:
        RequestError: with every complaint in one sentence.
    """
    try:
        return schema(values)
    except vol.Invalid as error:
        raise RequestError(f"the {what} is not right: {_complaints(error)}") from error


def _complaints(error: vol.Invalid) -> str:
    errors = error.errors if isinstance(error, vol.MultipleInvalid) else [error]
    return "; ".join(_complaint(e) for e in errors[:10])


def _complaint(error: vol.Invalid) -> str:
    where = ".".join(str(part) for part in error.path)[:100]
    return f"{where} {error.msg}" if where else str(error.msg)
