"""How things look as JSON."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from enum import Enum
from typing import Any

from edgepi.model import Decision, State
from edgepi.runtime.states import EntityInfo

__all__ = ["decision_data", "encode", "moment", "plain", "state_data"]


def moment(time_utc: datetime) -> str:
    """ISO 8601 in UTC with milliseconds and ``Z``."""
    return time_utc.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def plain(value: Any) -> Any:
    """Reduce to what JSON has; numbers that JSON lacks become null."""
    if isinstance(value, Enum):
        return plain(value.value)
    if value is None or isinstance(value, str | bool | int):
        return value
    for kind, turn in _TURNS:
        if isinstance(value, kind):
            return turn(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    return str(value)


_TURNS: tuple[tuple[type | tuple[type, ...], Callable[[Any], Any]], ...] = (
    (float, lambda v: v if math.isfinite(v) else None),
    (datetime, moment),
    (Mapping, lambda v: {str(plain(key)): plain(item) for key, item in v.items()}),
    ((set, frozenset), lambda v: sorted((plain(item) for item in v), key=str)),
    ((list, tuple), lambda v: [plain(item) for item in v]),
)


def encode(data: Any) -> str:
    """Write as JSON, in ASCII so that half a surrogate pair does no harm."""
    try:
        return json.dumps(data, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError):
        return json.dumps(plain(data), separators=(",", ":"))


def state_data(state: State, entity: EntityInfo | None) -> dict[str, Any]:
    """A state together with what describes it."""
    value = state.value
    data: dict[str, Any] = {
        "entity_id": state.entity_id,
        "value": moment(value) if isinstance(value, datetime) else value,
        "availability": state.availability.value,
        "reason": state.reason,
        "updated_utc": moment(state.updated_utc),
        "changed_utc": moment(state.changed_utc),
        "source": state.source,
    }
    if entity is not None:
        described = entity.description
        data |= {
            "plugin": entity.plugin,
            "instance": entity.instance,
            "name": described.name,
            "unit": described.unit,
            "device_class": described.device_class,
            "state_class": described.state_class,
            "precision": described.precision,
            "category": described.category,
        }
    return data


def decision_data(decision: Decision) -> dict[str, Any]:
    """A decision with its sentence and numbers."""
    return {
        "time_utc": moment(decision.time_utc),
        "subject": decision.subject,
        "action": decision.action,
        "sentence": decision.sentence,
        "numbers": dict(decision.numbers),
    }
