"""JSON Schemas of what the API answers with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edgepi.model import Availability

__all__ = [
    "DECISION",
    "ENERGY",
    "EXPLANATION",
    "HEALTH",
    "LOGIN_LINK",
    "NUMBER",
    "OBJECT",
    "PLUGIN",
    "POWER_EVENT",
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
MAYBE_OBJECT: Shape = {"type": ["object", "null"]}
MAYBE_TIME: Shape = {"type": ["string", "null"], "format": "date-time"}


def books(of: Shape) -> Shape:
    """Accounts by day, month or consumer."""
    return {"type": "object", "additionalProperties": of}


ACCOUNT = record(
    harvested_wh=NUMBER,
    stored_wh=NUMBER,
    lost_wh=NUMBER,
    gap_wh=NUMBER,
    measured_s=NUMBER,
    gap_s=NUMBER,
    used_wh=books(NUMBER),
    total_used_wh=NUMBER,
    balance_wh=NUMBER,
)
EARNED = record(points=NUMBER, used_wh=NUMBER, jobs=NUMBER, points_per_wh=MAYBE_NUMBER)
POWER_EVENT = record(event=TEXT, time_utc=MAYBE_TIME, reason=TEXT, planned=FLAG, wake_utc=MAYBE_TIME)
ENERGY = record(
    supply=MAYBE_OBJECT,
    soc=MAYBE_OBJECT,
    harvest_w=MAYBE_NUMBER,
    load_w=NUMBER,
    load_measured=FLAG,
    guard=OBJECT,
    governor=TEXT,
    governor_trouble=MAYBE_TEXT,
    thinking=FLAG,
    price_points_per_wh=MAYBE_NUMBER,
    duties=array(OBJECT),
    leases=array(OBJECT),
    plan=record(
        made_utc=MAYBE_TIME,
        sleep_utc=MAYBE_TIME,
        wake_utc=MAYBE_TIME,
        steps=array(
            record(
                start_utc=TIME,
                awake=FLAG,
                price_points_per_wh=NUMBER,
                harvest_w=NUMBER,
                load_w=NUMBER,
                stored_wh=NUMBER,
                runs=books(TEXT),
            )
        ),
    ),
    insight=record(
        days_learned=NUMBER,
        clearness_today=MAYBE_NUMBER,
        clear_day_wh=MAYBE_NUMBER,
        harvest_left_wh=MAYBE_NUMBER,
        harvest_tomorrow_wh=MAYBE_NUMBER,
        forecast_source=TEXT,
        forecast_sd=MAYBE_NUMBER,
        floor_wh=MAYBE_NUMBER,
        loads=array(record(part=TEXT, stated_w=NUMBER, learned_w=NUMBER, hours=NUMBER, excessive=FLAG)),
    ),
    ledger=record(today=ACCOUNT, total=ACCOUNT, days=books(ACCOUNT), months=books(ACCOUNT)),
    earnings=record(
        total=EARNED,
        by_consumer=books(EARNED),
        days=books(EARNED),
        months=books(EARNED),
        points_per_rlc=NUMBER,
    ),
    co2=record(grid_g_per_kwh=NUMBER, avoided_g_today=NUMBER, avoided_g_total=NUMBER),
    battery=record(
        chemistry=TEXT,
        capacity_wh=NUMBER,
        capacity_estimate_wh=MAYBE_NUMBER,
        capacity_sd_wh=MAYBE_NUMBER,
        efficiency_estimate=MAYBE_NUMBER,
        efficiency_sd=MAYBE_NUMBER,
        cycles=NUMBER,
        days=NUMBER,
        advice=array(TEXT),
    ),
    forecasts=array(OBJECT),
    board=MAYBE_OBJECT,
    power_log=array(POWER_EVENT),
    meters=array(OBJECT),
    boots=NUMBER,
    node_sentence=TEXT,
)
EXPLANATION = record(sentences=array(TEXT))
LOGIN_LINK = record(url=TEXT)
