"""What a plugin in a process of its own declares and measures, as plain data and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any, TypeVar

from edgepi.errors import PluginError
from edgepi.model import DeviceClass, EntityCategory, Level, Reading, ReadingDescription, StateClass, Supply
from edgepi.plugin import Card

__all__ = ["pack", "unpack"]

T = TypeVar("T")

# Of every kind that crosses, the fields that are no plain JSON.
_FIELDS: Mapping[type, Mapping[str, Callable[[Any], Any]]] = {
    Card: {"entities": tuple},
    Level: {},
    Reading: {},
    ReadingDescription: {
        "device_class": DeviceClass,
        "state_class": StateClass,
        "category": EntityCategory,
        "options": tuple,
    },
    Supply: {},
}


def pack(thing: object) -> dict[str, Any]:
    """Turn one thing into what fits into a message.

    Raises:
        PluginError: it is of no kind that crosses.
    """
    if type(thing) not in _FIELDS:
        raise PluginError(f"{type(thing).__name__} cannot leave a process of its own")
    values = {field.name: getattr(thing, field.name) for field in fields(thing)}  # type: ignore[arg-type]
    return {name: {"time": v.isoformat()} if isinstance(v, datetime) else v for name, v in values.items()}


def unpack(kind: type[T], table: Mapping[str, Any]) -> T:
    """Turn it back.

    Raises:
        PluginError: it does not fit.
    """
    turns = _FIELDS[kind]
    try:
        values = {name: _time(v) if isinstance(v, dict) else v for name, v in table.items()}
        return kind(**{k: turns[k](v) if k in turns and v is not None else v for k, v in values.items()})
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise PluginError(f"its process sent no {kind.__name__}: {error!r}") from error


def _time(value: Mapping[str, Any]) -> Any:
    return datetime.fromisoformat(value["time"]) if value.keys() == {"time"} else value
