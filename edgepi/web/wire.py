"""How things look as JSON."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Any

from edgepi.model import Decision, State
from edgepi.runtime.states import EntityInfo, StateStore

__all__ = ["Encoded", "StateTexts", "decision_data", "encode", "moment", "plain", "state_data"]


@dataclass(frozen=True, slots=True)
class Encoded:
    """JSON that is ready to be sent."""

    text: str


def moment(time_utc: datetime) -> str:
    """ISO 8601 in UTC with milliseconds and ``Z``."""
    if time_utc.tzinfo is not UTC:
        time_utc = time_utc.astimezone(UTC)
    return time_utc.isoformat(timespec="milliseconds")[:-6] + "Z"


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
    if isinstance(data, Encoded):
        return data.text
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


class StateTexts:
    """States as JSON, each put into words once: a state never changes, it is replaced."""

    def __init__(self, states: StateStore) -> None:
        self._states = states
        self._kept: dict[str, tuple[State, EntityInfo | None, str]] = {}

    def of(self, state: State) -> Encoded:
        """One state."""
        info = self._states.info(state.entity_id)
        kept = self._kept.get(state.entity_id)
        if kept is not None and kept[0] is state and kept[1] is info:
            return Encoded(kept[2])
        text = encode(state_data(state, info))
        self._kept[state.entity_id] = (state, info, text)
        return Encoded(text)

    def all(self, states: Iterable[State]) -> Encoded:
        """A list of states."""
        return Encoded("[" + ",".join(self.of(state).text for state in states) + "]")
