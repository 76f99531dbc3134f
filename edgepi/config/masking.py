"""Keeping secrets out of what is printed, logged or served."""

from __future__ import annotations

import dataclasses
import json
import logging
import re
from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from typing import Any
from urllib.parse import quote, quote_plus

from edgepi.config.settings import Settings

__all__ = ["MASK", "Masker", "SecretFilter", "mask_all", "masked"]

MASK = "\N{BULLET}" * 4
_SHORTEST = 4  # a shorter value would mask half of every sentence


class Masker:
    """Replaces known values wherever they stand in a text; those under 4 characters are left."""

    def __init__(self, values: Iterable[object]) -> None:
        known = {str(value) for value in values if len(str(value)) >= _SHORTEST}
        texts = sorted({form for text in known for form in _forms(text)}, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, texts))) if texts else None

    def __call__(self, text: str) -> str:
        """Return the text with every known value masked."""
        return self._pattern.sub(MASK, text) if self._pattern else text


def _forms(text: str) -> Iterable[str]:
    """How a text looks in an error message, in JSON and in an address."""
    return (text, repr(text)[1:-1], json.dumps(text)[1:-1], quote(text, safe=""), quote_plus(text))


class SecretFilter(logging.Filter):
    """Masks known values in log records: in message, arguments and traceback."""

    def __init__(self, values: Iterable[object]) -> None:
        super().__init__()
        self._mask = Masker(values)

    def filter(self, record: logging.LogRecord) -> bool:
        """Mask; never drops a record."""
        try:
            message = record.getMessage()
        except (TypeError, ValueError, KeyError):
            return True  # the handler reports a message that does not fit its arguments
        if (clean := self._mask(message)) != message:
            record.msg, record.args = clean, None
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = self._mask(record.exc_text)
        return True


def mask_all(data: Any, mask: Callable[[str], str]) -> Any:
    """Return JSON-able data with every text in it masked."""
    if isinstance(data, str):
        return mask(data)
    if isinstance(data, Mapping):
        return {key: mask_all(value, mask) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [mask_all(value, mask) for value in data]
    return data


def masked(settings: Settings) -> dict[str, Any]:
    """Return the settings as JSON-able data with every secret replaced by `MASK`."""
    mask = Masker(settings.secrets)
    plugins = [_plain(plugin, mask, plugin.secret_keys) for plugin in settings.plugins]
    left_out = {"plugins", "secrets", "warnings"}
    rest = {
        field.name: _plain(getattr(settings, field.name), mask, frozenset())
        for field in dataclasses.fields(settings)
        if field.name not in left_out
    }
    return {**rest, "plugins": plugins}


def _plain(value: Any, mask: Masker, hidden: frozenset[str]) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
        value.pop("secret_keys", None)
    if isinstance(value, Mapping):
        return {
            str(key): MASK if key in hidden and item is not None else _plain(item, mask, hidden)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item, mask, hidden) for item in value]
    if isinstance(value, Enum):
        return _plain(value.value, mask, hidden)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return value if mask(str(value)) == str(value) else MASK
    return mask(str(value))
