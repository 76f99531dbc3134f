"""JSON Schemas of what the API answers with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edgepi.model import Availability

__all__ = [
    "DECISION",
    "HEALTH",
    "LOGIN_LINK",
    "NUMBER",
    "OBJECT",
    "PLUGIN",
    "SERIES",
    "STATE",
    "STATUS",
    "TEXT",
    "array",
    "record",
]

Shape = Mapping[str, Any]

TEXT: Shape = {"type": "string"}
MAYBE_TEXT: Shape = {"type": ["string", "null"]}
NUMBER: Shape = {"type": "number"}
FLAG: Shape = {"type": "boolean"}
TIME: Shape = {"type": "string", "format": "date-time"}
OBJECT: Shape = {"type": "object"}
MAYBE_NUMBER: Shape = {"type": ["number", "null"]}
VALUE: Shape = {"type": ["number", "string", "boolean", "null"]}


def record(**properties: Shape) -> Shape:
    """An object with these properties."""
    return {"type": "object", "properties": dict(properties)}


def array(items: Shape) -> Shape:
    """A list of alike things."""
    return {"type": "array", "items": items}


HEALTH = record(healthy=FLAG, checks={"type": "object", "additionalProperties": FLAG})
STATE = record(
    entity_id=TEXT,
    value=VALUE,
    availability={"type": "string", "enum": [a.value for a in Availability]},
    reason=MAYBE_TEXT,
    updated_utc=TIME,
    changed_utc=TIME,
    source=TEXT,
    plugin=TEXT,
    instance=TEXT,
    name=TEXT,
    unit=MAYBE_TEXT,
    device_class=MAYBE_TEXT,
    state_class=MAYBE_TEXT,
    precision=MAYBE_NUMBER,
    category=MAYBE_TEXT,
)
DECISION = record(
    time_utc=TIME,
    subject=TEXT,
    action=TEXT,
    sentence=TEXT,
    numbers={"type": "object", "additionalProperties": NUMBER},
)
SERIES = record(
    entity_id=TEXT,
    unit=MAYBE_TEXT,
    times_s=array(NUMBER),
    values=array(VALUE),
    minimums=array(MAYBE_NUMBER),
    maximums=array(MAYBE_NUMBER),
)
PLUGIN = record(
    name=TEXT,
    instance=MAYBE_TEXT,
    title=MAYBE_TEXT,
    status=TEXT,
    reason=TEXT,
    distribution=MAYBE_TEXT,
    version=MAYBE_TEXT,
)
STATUS = record(
    node=OBJECT,
    version=TEXT,
    time_utc=TIME,
    clock=record(rate=NUMBER, trusted=FLAG),
    simulated=FLAG,
    notes=array(TEXT),
    energy=OBJECT,
    charts={"type": "object", "additionalProperties": TEXT},
    has_power_board=FLAG,
    cards=array(record(title=TEXT, entities=array(TEXT), kind=TEXT, options=OBJECT)),
)
LOGIN_LINK = record(url=TEXT)
