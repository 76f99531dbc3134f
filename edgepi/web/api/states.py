"""The latest that is known of every entity."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

import voluptuous as vol

from edgepi.errors import NotFoundError
from edgepi.web.api.shapes import STATE, array
from edgepi.web.endpoint import Call, Endpoint
from edgepi.web.fields import Text

__all__ = ["STATES"]


async def _all(call: Call) -> Any:
    states, pattern = call.services.states.all(), call.query.get("entity")
    if pattern is None:
        return call.texts.all(states.values())
    return call.texts.all(state for entity_id, state in states.items() if fnmatchcase(entity_id, pattern))


async def _one(call: Call) -> Any:
    entity_id = call.path["entity_id"]
    state = call.services.states.get(entity_id)
    if state is None:
        raise NotFoundError(f"there is no entity {entity_id[:100]!r}", hint="GET /api/v1/states lists them")
    return call.texts.of(state)


STATES = (
    Endpoint(
        method="GET",
        path="states",
        summary="All states, or those that a pattern fits",
        handler=_all,
        returns=array(STATE),
        query={vol.Optional("entity", description="a pattern such as weather.*"): Text()},
    ),
    Endpoint(method="GET", path="states/{entity_id}", summary="One state", handler=_one, returns=STATE),
)
