"""What was measured and what was decided."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import voluptuous as vol

from edgepi.errors import RequestError
from edgepi.model import StateClass
from edgepi.web.api.shapes import DECISION, SERIES, array
from edgepi.web.endpoint import Call, Endpoint
from edgepi.web.fields import Choice, Integer, Many, Moment, Text
from edgepi.web.wire import decision_data, plain

__all__ = ["HISTORY"]

# The mean of 359° and 1° is no direction; of what only grows the latest counts.
_NO_MEAN = (StateClass.MEASUREMENT_ANGLE, StateClass.TOTAL, StateClass.TOTAL_INCREASING)
_SPAN = {
    vol.Optional("start", description="from when; a day back if left out"): Moment(relative=True),
    vol.Optional("end", description="until when; now if left out"): Moment(relative=True),
}


async def _history(call: Call) -> Any:
    start, end = _span(call)
    tier = call.query.get("tier", "auto")
    return [await _series(call, entity_id, start, end, tier) for entity_id in call.query["entity"]]


async def _series(call: Call, entity_id: str, start: datetime, end: datetime, tier: Any) -> dict[str, Any]:
    samples = await call.services.history(entity_id, start, end, tier=tier)
    info = call.services.states.info(entity_id)
    latest = info is not None and info.description.state_class in _NO_MEAN
    return {
        "entity_id": entity_id,
        "unit": info.description.unit if info else None,
        "times_s": [s.time_utc.timestamp() for s in samples],
        "values": [plain(s.value if latest or s.mean is None else s.mean) for s in samples],
        "minimums": [s.min for s in samples],
        "maximums": [s.max for s in samples],
    }


async def _decisions(call: Call) -> Any:
    start, end = _span(call)
    found = await call.services.decisions(start, end, call.query.get("limit", 100))
    return [decision_data(decision) for decision in found]


def _span(call: Call) -> tuple[datetime, datetime]:
    now = call.services.clock.now()
    end = _resolved(call.query.get("end", now), now)
    start = _resolved(call.query.get("start", timedelta(days=1)), now)
    if start >= end:
        raise RequestError("the start must lie before the end")
    return start, end


def _resolved(given: datetime | timedelta, now: datetime) -> datetime:
    if isinstance(given, datetime):
        return given
    return now - given if now - datetime.min.replace(tzinfo=UTC) > given else datetime.min.replace(tzinfo=UTC)


HISTORY = (
    Endpoint(
        method="GET",
        path="history",
        summary="Recorded values, in columns",
        handler=_history,
        returns=array(SERIES),
        query={
            vol.Required("entity", description="may be repeated"): Many(Text(what="an entity"), most=20),
            **_SPAN,
            vol.Optional("tier", default="auto", description="how fine"): Choice(
                "auto", "raw", "5min", "hour"
            ),
        },
    ),
    Endpoint(
        method="GET",
        path="decisions",
        summary="What was decided and why, newest first",
        handler=_decisions,
        returns=array(DECISION),
        query={**_SPAN, vol.Optional("limit", default=100, description="how many at most"): Integer(1, 1000)},
    ),
)
