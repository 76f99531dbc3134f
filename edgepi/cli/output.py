"""How commands show things: JSON for programs, tables and marks for people."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date, datetime, timedelta
from enum import Enum
from pathlib import PurePath
from typing import Any, TextIO

from edgepi.errors import EdgePiError

__all__ = ["paint", "plain", "print_error", "print_json", "print_table", "progress"]

_COLOURS = {"red": "31", "green": "32", "yellow": "33", "bold": "1", "dim": "2"}


def plain(value: Any) -> Any:
    """Turn a value into what JSON knows: dataclasses to objects, times to ISO 8601, sets to lists."""
    if value is None or (isinstance(value, bool | int | float | str) and not isinstance(value, Enum)):
        return value
    for kinds, turn in _TURNS:
        if isinstance(value, kinds):
            return turn(value)
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    return str(value)


_TURNS: tuple[tuple[type | tuple[type, ...], Callable[[Any], Any]], ...] = (
    (Enum, lambda v: plain(v.value)),
    ((datetime, date), lambda v: v.isoformat()),
    (timedelta, lambda v: v.total_seconds()),
    (PurePath, str),
    (Mapping, lambda v: {str(plain(key)): plain(item) for key, item in v.items()}),
    ((set, frozenset), lambda v: sorted((plain(item) for item in v), key=str)),
    ((list, tuple), lambda v: [plain(item) for item in v]),
)


def print_json(data: Any) -> None:
    """Print *data* as indented JSON; dataclasses, times, paths and enums are turned first."""
    print(json.dumps(plain(data), indent=2, ensure_ascii=False))


def print_table(headers: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print aligned columns; numbers to the right, None as a dash."""
    rows = list(rows)
    cells = [[_cell(value) for value in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(headers, *cells, strict=True)]
    right = [
        any(_is_number(v) for v in column) and all(v is None or _is_number(v) for v in column)
        for column in zip(*rows, strict=True)
    ] or [False] * len(headers)
    print(paint(_line(headers, widths, right), "bold"))
    for line in cells:
        print(_line(line, widths, right))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return format(value, ".6g") if isinstance(value, float) else str(plain(value))


def _line(cells: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    padded = (
        cell.rjust(width) if is_right else cell.ljust(width)
        for cell, width, is_right in zip(cells, widths, right, strict=True)
    )
    return "  ".join(padded).rstrip()


def paint(text: str, colour: str, stream: TextIO | None = None) -> str:
    """Colour *text* if the stream (standard output) is a terminal and NO_COLOR is not set."""
    stream = stream or sys.stdout
    if not stream.isatty() or os.environ.get("NO_COLOR"):
        return text
    return f"\x1b[{_COLOURS[colour]}m{text}\x1b[0m"


def progress(text: str) -> None:
    """Say on standard error what is being done, over the line before; nothing if nobody watches."""
    if sys.stderr.isatty():
        print(f"\r\x1b[2K{text}", end="", file=sys.stderr, flush=True)


def print_error(error: EdgePiError) -> None:
    """Print what went wrong, and what to do, on standard error."""
    print(f"{paint('edgepi:', 'red', sys.stderr)} {error.message}", file=sys.stderr)
    if error.hint:
        print(f"hint: {error.hint}", file=sys.stderr)
