"""Validators of queries and bodies that also know their JSON Schema."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import voluptuous as vol

__all__ = ["Choice", "Integer", "Many", "Moment", "Text", "object_schema", "parameters"]

_RELATIVE = re.compile(r"-(\d{1,6})(s|m|h|d)\Z")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_LONGEST = timedelta(days=36525)


class Text:
    """A text of limited length, perhaps of a pattern; *what* names it in the error."""

    def __init__(self, *, longest: int = 200, pattern: str | None = None, what: str = "a text") -> None:
        self._longest = longest
        self._pattern = re.compile(pattern) if pattern else None
        self._what = what
        self.schema: dict[str, Any] = {"type": "string", "minLength": 1, "maxLength": longest}
        if pattern:
            self.schema["pattern"] = pattern

    def __call__(self, value: Any) -> str:
        """Return the text."""
        if not isinstance(value, str) or not value or len(value) > self._longest:
            raise vol.Invalid(f"must be {self._what} of 1 to {self._longest} characters")
        if self._pattern and not self._pattern.fullmatch(value):
            raise vol.Invalid(f"is not {self._what}")
        return value


class Integer:
    """A whole number within limits; a query's text is read as one."""

    def __init__(self, low: int, high: int) -> None:
        self._low, self._high = low, high
        self.schema = {"type": "integer", "minimum": low, "maximum": high}

    def __call__(self, value: Any) -> int:
        """Return the number."""
        try:
            if isinstance(value, str) and len(value) <= 20 and value.isascii():
                value = int(value)
        except ValueError:
            pass
        if not isinstance(value, int) or isinstance(value, bool) or not self._low <= value <= self._high:
            raise vol.Invalid(f"must be a whole number from {self._low} to {self._high}")
        return value


class Choice:
    """One of a few words."""

    def __init__(self, *words: str) -> None:
        self._words = words
        self.schema = {"type": "string", "enum": list(words)}

    def __call__(self, value: Any) -> str:
        """Return the word."""
        if not isinstance(value, str) or value not in self._words:
            raise vol.Invalid(f"must be one of: {', '.join(self._words)}")
        return value


class Moment:
    """A date and time with offset, or (if allowed) a span back from now such as ``-6h``."""

    def __init__(self, *, relative: bool = False) -> None:
        self._relative = relative
        example = "2026-06-01T05:30:00Z" + (" or -6h" if relative else "")
        self._expected = f"must be a time with offset such as {example}"
        self.schema = {"type": "string", "format": "date-time", "examples": example.split(" or ")}

    def __call__(self, value: Any) -> datetime | timedelta:
        """Return an aware time in UTC, or the span."""
        if not isinstance(value, str):
            raise vol.Invalid(self._expected)
        if self._relative and (match := _RELATIVE.match(value)):
            return min(timedelta(seconds=int(match[1]) * _SECONDS[match[2]]), _LONGEST)
        try:
            parsed = datetime.fromisoformat(value.replace(" ", "+"))  # an unescaped plus arrives as a space
            if parsed.tzinfo is None:
                raise vol.Invalid(self._expected)
            return parsed.astimezone(UTC)
        except (ValueError, OverflowError) as error:
            raise vol.Invalid(self._expected) from error


class Many:
    """A query key that may be repeated."""

    def __init__(self, item: Callable[[Any], Any], *, most: int) -> None:
        self._item, self._most = item, most
        self.schema = {"type": "array", "items": _field_schema(item), "minItems": 1, "maxItems": most}

    def __call__(self, value: Any) -> list[Any]:
        """Return the list of values."""
        values = value if isinstance(value, list) else [value]
        if not 1 <= len(values) <= self._most:
            raise vol.Invalid(f"may be given {self._most} times at most")
        return [self._item(v) for v in values]


def object_schema(fields: Mapping[Any, Any]) -> dict[str, Any]:
    """JSON Schema of a voluptuous mapping whose values are fields of this module."""
    required = [marker.schema for marker in fields if isinstance(marker, vol.Required)]
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {marker.schema: _described(marker, field) for marker, field in fields.items()},
        "additionalProperties": False,
    }
    return schema | ({"required": required} if required else {})


def parameters(fields: Mapping[Any, Any]) -> list[dict[str, Any]]:
    """OpenAPI query parameters of a voluptuous mapping."""
    return [
        {
            "name": marker.schema,
            "in": "query",
            "required": isinstance(marker, vol.Required),
            "schema": _described(marker, field),
        }
        for marker, field in fields.items()
    ]


def _described(marker: vol.Marker, field: Any) -> dict[str, Any]:
    schema = _field_schema(field)
    if marker.description:
        schema |= {"description": marker.description}
    default = getattr(marker, "default", vol.UNDEFINED)
    if callable(default):
        schema |= {"default": default()}
    return schema


def _field_schema(field: Any) -> dict[str, Any]:
    return dict(field.schema)
