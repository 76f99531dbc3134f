"""What may be asked of the power board."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import voluptuous as vol

from edgepi.errors import NotFoundError, RequestError
from edgepi.web.api.shapes import OBJECT, POWER_EVENT, array
from edgepi.web.endpoint import Call, Endpoint
from edgepi.web.fields import Integer, Moment, Text
from edgepi.web.services import PowerRequests
from edgepi.web.tokens import Scope
from edgepi.web.wire import plain

__all__ = ["POWER"]

_SOONEST = timedelta(minutes=1)
_LATEST = timedelta(days=31)


async def _status(call: Call) -> Any:
    return plain(await _board(call).status())


async def _log(call: Call) -> Any:
    return plain((await _board(call).log())[: call.query.get("limit", 50)])


async def _wake_at(call: Call) -> Any:
    board = _board(call)
    _check_wake(call)
    return plain(await board.wake_at(call.body["wake_utc"]))


async def _off(call: Call) -> Any:
    board = _board(call)
    _check_wake(call)
    reason = call.body.get("reason", "asked for by a person")
    return plain(await board.off(wake_utc=call.body.get("wake_utc"), reason=reason))


def _board(call: Call) -> PowerRequests:
    if call.services.power is None:
        raise NotFoundError("this node has no power board", hint="enable the plugin of your board")
    return call.services.power


def _check_wake(call: Call) -> None:
    wake_utc = call.body.get("wake_utc")
    now = call.services.clock.now()
    if wake_utc is not None and not now + _SOONEST <= wake_utc <= now + _LATEST:
        raise RequestError("wake_utc must lie between a minute and 31 days ahead")


POWER = (
    Endpoint(
        method="GET",
        path="power/status",
        summary="What the power board says",
        handler=_status,
        returns=OBJECT,
    ),
    Endpoint(
        method="GET",
        path="power/log",
        summary="The latest wakes and sleeps, newest first",
        handler=_log,
        returns=array(POWER_EVENT),
        query={vol.Optional("limit", default=50, description="how many at most"): Integer(1, 200)},
    ),
    Endpoint(
        method="POST",
        path="power/wake-at",
        summary="Arm a wake and say what the board really holds",
        handler=_wake_at,
        returns=OBJECT,
        scope=Scope.CONTROL,
        body={vol.Required("wake_utc"): Moment()},
    ),
    Endpoint(
        method="POST",
        path="power/off",
        summary="Switch the node off in order, on again at wake_utc",
        handler=_off,
        returns=OBJECT,
        scope=Scope.CONTROL,
        body={vol.Optional("wake_utc"): Moment(), vol.Optional("reason"): Text()},
    ),
)
