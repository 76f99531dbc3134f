"""Reads JSON of strangers: nothing too large, too deep or of another kind gets past."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NoReturn, TypeVar

from edgepi.errors import ProtocolError
from edgepi_iexec.protocol.hashing import address_bytes, hash_bytes, hex_bytes, hex_text

__all__ = ["Fields", "items", "parse_json", "read_json", "sane", "time_text", "too_deep", "writable"]

T = TypeVar("T")
MAX_BYTES = 1 << 20
MAX_DEPTH = 32
MAX_DIGITS = 80
MAX_TEXT = 200_000
MAX_ITEMS = 10_000
_MISSING: Any = object()


def parse_json(text: str | bytes, what: str, *, max_bytes: int = MAX_BYTES, cause: str | None = None) -> Any:
    """Return what a text of JSON says.

    Raises:
        ProtocolError: it is too large or deep, holds numbers or characters that are none, or is no JSON.
    """
    if len(text) > max_bytes:
        raise ProtocolError(f"{what} is larger than {max_bytes} bytes", cause=cause)
    try:
        text = text if isinstance(text, str) else text.decode()
        if too_deep(text):
            raise ProtocolError(f"{what} is nested too deeply", cause=cause)
        found = json.loads(text, parse_int=_whole, parse_float=_real, parse_constant=_no_number)
    except UnicodeDecodeError:
        raise ProtocolError(f"{what} is no UTF-8", cause=cause) from None
    except json.JSONDecodeError:
        raise ProtocolError(f"{what} is no JSON", cause=cause) from None
    except _NumberError as error:
        raise ProtocolError(f"{what} holds {error}", cause=cause) from None
    if not sane(found):
        raise ProtocolError(f"{what} is nested too deeply, or holds what is no text", cause=cause)
    return found


_MARKS = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+|[\[{]|[\]}]', re.DOTALL)


def too_deep(text: str) -> bool:
    """Whether a text of JSON is deeper than any message is.

    Looked at before it is parsed: Python's parser relies on its limit of recursion, which packages for
    signatures raise so far that the stack overflows first and the process dies.
    """
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return False
    depth = 0
    for mark in _MARKS.finditer(text):
        first = text[mark.start()]
        depth += 1 if first in "[{" else -1 if first in "]}" else 0
        if depth > MAX_DEPTH:
            return True
    return False


def read_json(text: str | bytes, read: Callable[[Any], T], what: str) -> T:
    """Return what *read* makes of a text of JSON; raises ProtocolError."""
    return read(parse_json(text, what))


def sane(found: object) -> bool:
    """Whether JSON is not deeper than any message is, and its texts can be written."""
    level: list[Any] = [found]
    for _ in range(MAX_DEPTH):
        if not all(writable(one) for one in level if isinstance(one, str)):
            return False
        lists = [one for one in level if isinstance(one, list)]
        tables = [one for one in level if isinstance(one, dict)]
        level = [each for one in lists for each in one]
        level += [each for one in tables for pair in one.items() for each in pair]
        if not level:
            return True
    return False


def writable(text: str) -> bool:
    """Whether a text can be encoded: halves of characters cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


class _NumberError(Exception):
    """A number that is none, or that nobody means."""


def _whole(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise _NumberError("a number that is too long")
    return int(digits)


def _real(digits: str) -> float:
    if len(digits) > MAX_DIGITS or not math.isfinite(number := float(digits)):
        raise _NumberError("a number that is too long, or too large")
    return number


def _no_number(_: str) -> NoReturn:
    raise _NumberError("NaN or Infinity")


def items(found: object, what: str, most: int = MAX_ITEMS) -> list[Any]:
    """Return a list; raises ProtocolError."""
    if not isinstance(found, list) or len(found) > most:
        raise ProtocolError(f"{what} is no list, or endless")
    return found


def time_text(time_utc: datetime) -> str:
    """Return a time as the protocol's Java writes it."""
    return (
        time_utc.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{time_utc.microsecond // 1000:03d}+00:00"
    )


class Fields:
    """Takes values out of a JSON object by key; every method raises ProtocolError for one of another kind.

    Without *default* the key must be there; with one it is returned for a key that is missing or null.
    *known* makes keys that nobody knows an error, as the protocol's Java does.
    """

    def __init__(self, found: object, what: str, *, known: frozenset[str] | None = None) -> None:
        if not isinstance(found, dict):
            raise ProtocolError(f"{what} is no JSON object")
        if known is not None and (odd := {str(key) for key in found} - known):
            raise ProtocolError(f"{what} has a field {min(odd)[:40]!r} that it has not")
        self._found = found
        self._what = what

    def text(self, key: str, default: Any = _MISSING, *, most: int = MAX_TEXT) -> Any:
        """Return a text."""
        value = self._value(key, default)
        if value is default:
            return default
        if not isinstance(value, str) or len(value) > most or not writable(value):
            self._refuse(key, "no text, or too long")
        return value

    def whole(self, key: str, default: Any = _MISSING, *, least: int = 0, most: int = (1 << 63) - 1) -> Any:
        """Return a whole number."""
        value = self._value(key, default)
        if value is default:
            return default
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            self._refuse(key, "no such number")
        return value

    def flag(self, key: str, default: Any = _MISSING) -> Any:
        """Return true or false."""
        value = self._value(key, default)
        if value is not default and not isinstance(value, bool):
            self._refuse(key, "neither true nor false")
        return value

    def address(self, key: str, default: Any = _MISSING) -> Any:
        """Return an address, lower-case."""
        value = self._value(key, default)
        return default if value is default else hex_text(address_bytes(value, self._name(key)))

    def hash(self, key: str, default: Any = _MISSING) -> Any:
        """Return 32 bytes as lower-case text."""
        value = self._value(key, default)
        return default if value is default else hex_text(hash_bytes(value, self._name(key)))

    def hex(self, key: str, default: Any = _MISSING, *, most: int = MAX_BYTES) -> Any:
        """Return bytes as lower-case text."""
        value = self._value(key, default)
        return default if value is default else hex_text(hex_bytes(value, self._name(key), most=most))

    def time(self, key: str, default: Any = _MISSING) -> Any:
        """Return a time, from ISO 8601 or milliseconds since 1970."""
        value = self._value(key, default)
        if value is default:
            return default
        try:
            if isinstance(value, str):
                return datetime.fromisoformat(value).astimezone(UTC)
            return datetime.fromtimestamp(self.whole(key, most=1 << 48) / 1000.0, UTC)
        except (ValueError, OverflowError, OSError):
            self._refuse(key, "no time")

    def items(self, key: str, default: Any = _MISSING, *, most: int = MAX_ITEMS) -> Any:
        """Return a list."""
        value = self._value(key, default)
        return default if value is default else items(value, self._name(key), most)

    def made(self, key: str, make: Callable[[Any], T], default: Any = _MISSING) -> Any:
        """Return what *make* makes of a value."""
        value = self._value(key, default)
        return default if value is default else make(value)

    def _value(self, key: str, default: Any) -> Any:
        value = self._found.get(key)
        if value is None:
            if default is _MISSING:
                self._refuse(key, "missing")
            return default
        return value

    def _name(self, key: str) -> str:
        return f"`{key}` of {self._what}"

    def _refuse(self, key: str, why: str) -> NoReturn:
        raise ProtocolError(f"{self._name(key)} is {why}")
