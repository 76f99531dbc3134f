"""Checks for configuration keys, for the core and for plugins; each explains itself to people and editors.

They go into the mapping of a `ConfigSchema` like any voluptuous validator::

    fields = {vol.Optional("interval"): TimeSpan(min_s=1), vol.Required("url"): Text()}
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import voluptuous as vol

__all__ = ["Choice", "FieldError", "Flag", "I2CAddress", "Integer", "Number", "Text", "TimeSpan", "nearest"]

_UNITS_S = {
    **dict.fromkeys(("ms",), 0.001),
    **dict.fromkeys(("s", "sec", "second", "seconds"), 1.0),
    **dict.fromkeys(("min", "minute", "minutes"), 60.0),
    **dict.fromkeys(("h", "hour", "hours"), 3600.0),
    **dict.fromkeys(("d", "day", "days"), 86400.0),
    **dict.fromkeys(("w", "week", "weeks"), 604800.0),
}
_LONGEST_S = 100 * 365 * 86400.0
_SPAN = re.compile(r"(?:\s*\d{1,15}(?:\.\d{1,9})?\s*[a-z]+)+\s*", re.ASCII)
_SPAN_PART = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]+)", re.ASCII)


class FieldError(vol.Invalid):
    """A value that a key does not take; *suggestion* is what to write instead."""

    def __init__(self, message: str, suggestion: str | None = None) -> None:
        super().__init__(message)
        self.suggestion = suggestion


def nearest(word: object, choices: Iterable[object]) -> str | None:
    """Return the choice that *word* was most likely meant to be, or None."""
    known = {str(choice).lower(): str(choice) for choice in choices}
    found = difflib.get_close_matches(str(word).lower(), known, n=1, cutoff=0.6)
    return known[found[0]] if found else None


def _plain(value: float) -> str:
    return f"{value:.12g}"


def _span(value_s: float) -> str:
    for unit in ("d", "h", "min"):
        if value_s >= _UNITS_S[unit] and value_s % _UNITS_S[unit] == 0:
            return f"{value_s / _UNITS_S[unit]:.12g}{unit}"
    return f"{value_s:.12g}s"


def _within(
    value: float, low: float | None, high: float | None, show: Callable[[float], str] = _plain
) -> None:
    if (low is None or value >= low) and (high is None or value <= high):
        return
    limits = f"{show(low)} or more" if low is not None and high is None else ""
    limits = limits or (f"{show(high)} or less" if high is not None and low is None else "")
    limits = limits or " to ".join(show(limit) for limit in (low, high) if limit is not None)
    raise FieldError(f"{show(value)} is out of range: it must be {limits}")


def _bounds(low: float | None, high: float | None) -> dict[str, float]:
    return {k: v for k, v in (("minimum", low), ("maximum", high)) if v is not None}


@dataclass(frozen=True, slots=True)
class Number:
    """A finite number from *min* to *max*; *above* is a lower limit that is itself refused."""

    min: float | None = None
    max: float | None = None
    above: float | None = None

    def __call__(self, value: object) -> float:
        """Return the number."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise FieldError("expected a number")
        number = float(value)
        if not math.isfinite(number):
            raise FieldError("expected a finite number")
        _within(number, self.min, self.max)
        if self.above is not None and number <= self.above:
            raise FieldError(f"{_plain(number)} is out of range: it must be more than {_plain(self.above)}")
        return number

    @property
    def json_schema(self) -> dict[str, Any]:
        """The same in JSON Schema."""
        above = {} if self.above is None else {"exclusiveMinimum": self.above}
        return {"type": "number", **_bounds(self.min, self.max), **above}


@dataclass(frozen=True, slots=True)
class Integer:
    """A whole number from *min* to *max*."""

    min: int | None = None
    max: int | None = None

    def __call__(self, value: object) -> int:
        """Return the number."""
        if isinstance(value, bool) or not isinstance(value, int):
            raise FieldError("expected a whole number")
        _within(value, self.min, self.max)
        return value

    @property
    def json_schema(self) -> dict[str, Any]:
        """The same in JSON Schema."""
        return {"type": "integer", **_bounds(self.min, self.max)}


@dataclass(frozen=True, slots=True)
class Text:
    """A text; *pattern* must match all of it, *expected* says so in words."""

    pattern: str | None = None
    expected: str = "a text"
    empty: bool = False

    def __call__(self, value: object) -> str:
        """Return the text."""
        if not isinstance(value, str):
            quoted = f'"{value}"' if isinstance(value, int | float) else None
            raise FieldError(f"expected {self.expected}", quoted if self.pattern is None else None)
        if not value and not self.empty:
            raise FieldError(f"expected {self.expected}, this one is empty")
        if self.pattern is not None and re.fullmatch(self.pattern, value) is None:
            raise FieldError(f"expected {self.expected}")
        return value

    @property
    def json_schema(self) -> dict[str, Any]:
        """The same in JSON Schema."""
        pattern = {} if self.pattern is None else {"pattern": f"^(?:{self.pattern})$"}
        return {"type": "string", **({} if self.empty else {"minLength": 1}), **pattern}


@dataclass(frozen=True, slots=True)
class Flag:
    """Exactly true or false."""

    def __call__(self, value: object) -> bool:
        """Return the truth value."""
        if isinstance(value, bool):
            return value
        word = str(value).lower()
        meant = "true" if word in {"yes", "on", "1"} else "false" if word in {"no", "off", "0"} else None
        raise FieldError("expected true or false", meant)

    @property
    def json_schema(self) -> dict[str, Any]:
        """The same in JSON Schema."""
        return {"type": "boolean"}


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few words."""

    options: tuple[str, ...]

    def __call__(self, value: object) -> str:
        """Return the word."""
        if isinstance(value, str) and value in self.options:
            return value
        listed = ", ".join(self.options)
        raise FieldError(f"{value!r} is not one of {listed}", nearest(value, self.options))

    @property
    def json_schema(self) -> dict[str, Any]:
        """The same in JSON Schema."""
        return {"enum": list(self.options)}


@dataclass(frozen=True, slots=True)
class I2CAddress:
    """An address on an I2C bus, from *min* to *max*; people write it as 0x76."""

    min: int = 0x08
    max: int = 0x77

    def __call__(self, value: object) -> int:
        """Return the address."""
        if isinstance(value, bool) or not isinstance(value, int):
            plain = str(value) if re.fullmatch(r"0x[0-9a-fA-F]{1,2}", str(value)) else None
            raise FieldError(f"expected an I2C address such as 0x{self.min:02x}, without quotes", plain)
        if not self.min <= value <= self.max:
            raise FieldError(
                f"0x{value & 0xFFFF:02x} is out of range: it must be 0x{self.min:02x} to 0x{self.max:02x}"
            )
        return value

    @property
    def json_schema(self) -> dict[str, Any]:
        """The same in JSON Schema."""
        return {"type": "integer", **_bounds(self.min, self.max)}


@dataclass(frozen=True, slots=True)
class TimeSpan:
    """A time span such as ``60s``, ``5min``, ``1h 30min``, or a number of seconds.

    The result is counted in *unit_s* (86400 for days); *forever* is a word that means None.
    """

    min_s: float = 0.0
    max_s: float = _LONGEST_S
    unit_s: float = 1.0
    forever: str | None = None

    def __call__(self, value: object) -> float | None:
        """Return the span."""
        if self.forever is not None and value == self.forever:
            return None
        seconds = self._seconds(value)
        try:
            _within(seconds, self.min_s, self.max_s if self.max_s < _LONGEST_S else None, _span)
            _within(seconds, None, _LONGEST_S, _span)
        except FieldError as error:
            if isinstance(value, int | float) and self.unit_s == _UNITS_S["d"]:
                error.suggestion = f"{value}d"
            raise
        return seconds / self.unit_s

    def _seconds(self, value: object) -> float:
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
            return float(value)
        expected = "expected a time span such as 60s, 5min, 2h or 30d" + (
            f", or {self.forever}" if self.forever else ""
        )
        if not isinstance(value, str) or _SPAN.fullmatch(value) is None:
            raise FieldError(expected)
        parts = _SPAN_PART.findall(value)
        for number, unit in parts:
            if unit not in _UNITS_S:
                meant = "min" if unit == "m" else nearest(unit, _UNITS_S)
                raise FieldError(expected, f"{number}{meant}" if meant else None)
        return sum(float(number) * _UNITS_S[unit] for number, unit in parts)

    @property
    def json_schema(self) -> dict[str, Any]:
        """The same in JSON Schema."""
        units = "|".join(_UNITS_S)
        text: dict[str, Any] = {
            "type": "string",
            "pattern": rf"^(\s*\d+(\.\d+)?\s*({units}))+\s*$",
        }
        number = {"type": "number", "minimum": self.min_s, "maximum": self.max_s}
        word = [{"const": self.forever}] if self.forever else []
        return {"anyOf": [text, number, *word]}
