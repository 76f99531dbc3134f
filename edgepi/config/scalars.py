"""What a plain YAML scalar means: YAML 1.2's core schema, as JSON and editors see it.

YAML 1.1, PyYAML's own, reads ``off`` as false, ``010`` as 8 and ``12:30`` as 750.
"""

from __future__ import annotations

import math
import re

__all__ = ["Plain", "resolve"]

Plain = str | int | float | bool | None

_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INTEGER = re.compile(r"[-+]?\d{1,30}", re.ASCII)
_BASED = re.compile(r"0x[0-9a-fA-F]{1,16}|0o[0-7]{1,22}")
_FLOAT = re.compile(r"[-+]?(\.\d+|\d+(\.\d*)?)([eE][-+]?\d{1,4})?", re.ASCII)


def resolve(text: str) -> Plain:
    """Return null, truth value, number or text; what no float can hold stays a text."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _BASED.fullmatch(text):
        return int(text, 0)
    if _FLOAT.fullmatch(text) and math.isfinite(number := float(text)):
        return number
    return text
