"""What history hands out, and how values are written down."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from typing import Final, Literal, NamedTuple

from edgepi.model import Availability, Decision, State, Value

__all__ = [
    "FALSE",
    "FLOAT",
    "INT",
    "TEXT",
    "TIME",
    "TRUE",
    "UNAVAILABLE",
    "UNKNOWN",
    "Point",
    "Sample",
    "Stored",
    "Tier",
    "availability_of",
    "decode",
    "encode",
    "from_ms",
    "number_of",
    "storable",
    "to_decision",
    "to_ms",
]

Tier = Literal["raw", "5min", "hour"]
Stored = float | int | str | None
Point = tuple[int, int, Stored]  # (milliseconds, kind, stored value)

UNKNOWN: Final = 0
UNAVAILABLE: Final = 1
FLOAT: Final = 2
INT: Final = 3
FALSE: Final = 4
TRUE: Final = 5
TEXT: Final = 6
TIME: Final = 7

_INT64 = 2**63
_TEXT_LIMIT = 1000
_GAPS = (Availability.UNKNOWN, Availability.UNAVAILABLE)


# A named tuple and not a frozen dataclass: a month of one entity is 100,000 of them,
# and they take a third of the time to make.
class Sample(NamedTuple):
    """One moment of an entity's history; a *value* of None is a gap, *availability* says which.

    In the 5-minute and hourly tiers *time_utc* is the start of the interval, *value* the last
    one in it, *readings* how many are in it, *mean*, *min* and *max* what they come to if numeric.
    """

    time_utc: datetime
    value: Value | None
    availability: Availability = Availability.KNOWN
    readings: int = 1
    mean: float | None = None
    min: float | None = None
    max: float | None = None


def encode(state: State) -> tuple[int, Stored]:
    """Turn a state into a kind and what SQLite stores.

    What is not finite becomes unknown, an integer beyond 64 bits a float, long text is cut.
    """
    value = state.value
    if state.availability is not Availability.KNOWN or value is None:
        return (UNAVAILABLE if state.availability is Availability.UNAVAILABLE else UNKNOWN), None
    if isinstance(value, float):
        return (FLOAT, float(value)) if math.isfinite(value) else (UNKNOWN, None)
    if isinstance(value, bool):
        return (TRUE if value else FALSE), None
    if isinstance(value, int):
        return (INT, int(value)) if -_INT64 <= value < _INT64 else _large(value)
    if isinstance(value, datetime):
        return TIME, value.isoformat()
    return TEXT, storable(str(value)[:_TEXT_LIMIT])


def storable(text: str) -> str:
    """Replace half surrogate pairs, which SQLite refuses."""
    return text.encode("utf-8", "replace").decode()


def _large(value: int) -> tuple[int, Stored]:
    try:
        return FLOAT, float(value)
    except OverflowError:
        return UNKNOWN, None


def decode(kind: int, stored: Stored) -> Value | None:
    """Turn back what `encode` made; None is a gap."""
    if kind == FLOAT or stored is None:
        return stored if kind >= FLOAT and stored is not None else _BOOLS.get(kind)
    if kind == INT:
        return int(stored)
    return datetime.fromisoformat(str(stored)) if kind == TIME else stored


_BOOLS = {FALSE: False, TRUE: True}


def availability_of(kind: int) -> Availability:
    """Tell which gap a kind is, if it is one."""
    return _GAPS[kind] if kind < FLOAT else Availability.KNOWN


def number_of(kind: int, stored: Stored) -> float | None:
    """Return the number to average: a truth counts as 1 or 0, text as none."""
    if kind in (FLOAT, INT):
        return None if stored is None else float(stored)
    return float(kind == TRUE) if kind in (FALSE, TRUE) else None


def to_decision(ms: int, subject: str, action: str, sentence: str, numbers: str) -> Decision:
    """Turn back a decision that was written down; *numbers* is JSON."""
    return Decision(
        time_utc=from_ms(ms), subject=subject, action=action, sentence=sentence, numbers=json.loads(numbers)
    )


def to_ms(time_utc: datetime) -> int:
    """Milliseconds since 1970."""
    return round(time_utc.timestamp() * 1000)


def from_ms(ms: int) -> datetime:
    """Wall time for milliseconds since 1970."""
    return datetime.fromtimestamp(ms / 1000, UTC)
