"""Checks that only the core's own keys need."""

from __future__ import annotations

import zoneinfo
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from edgepi.model import Importance
from edgepi.plugin.fields import Choice, FieldError, Number, nearest

__all__ = ["ImportanceField", "TimeZone"]


class TimeZone:
    """The IANA name of a time zone that this machine knows."""

    json_schema: Mapping[str, Any] = MappingProxyType({"type": "string", "minLength": 1})

    def __call__(self, value: object) -> str:
        """Return the name."""
        if not isinstance(value, str) or not value:
            raise FieldError("expected the name of a time zone such as Europe/Paris")
        try:
            zoneinfo.ZoneInfo(value)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
            known = zoneinfo.available_timezones()
            if value != "UTC" and not known:
                raise FieldError("this machine has no time zone data: install `tzdata`") from None
            if value != "UTC":
                raise FieldError(f"{value!r} is no time zone", nearest(value, known)) from None
        return value


class ImportanceField:
    """What a duty is worth at full level: a word, or points per hour."""

    def __call__(self, value: object) -> float:
        """Return points per hour."""
        if isinstance(value, str):
            return Importance(Choice(tuple(Importance))(value)).points_per_h
        return Number(min=0, max=1e6)(value)

    @property
    def json_schema(self) -> dict[str, Any]:
        """The same in JSON Schema."""
        return {"anyOf": [{"enum": [str(word) for word in Importance]}, Number(min=0, max=1e6).json_schema]}
