"""Numbers as people write them."""

from __future__ import annotations

import math
from collections.abc import Sequence

__all__ = ["amount", "amounts", "number", "step_digits"]

_THIN = "\u202f"
_MINUS = "\u2212"
_GLUE = "\u00a0"
_LARGER = {"Wh": ("kWh", 10_000.0, 1000.0), "g": ("kg", 1000.0, 1000.0)}
_SMALLER = {"W": ("mW", 0.1, 1000.0), "Wh": ("mWh", 0.01, 1000.0)}


def number(value: float, digits: int | None = None) -> str:
    """Write a number: two or three figures that count unless *digits* after the point are asked for."""
    if not math.isfinite(value):
        return "?"
    places = _places(value) if digits is None else digits
    rounded = round(value, places)
    text = f"{abs(rounded):,.{max(0, places)}f}"
    text = text.replace(",", _THIN if abs(rounded) >= 10_000 else "")
    return f"{_MINUS}{text}" if rounded < 0 else text


def amount(value: float | None, unit: str, digits: int | None = None) -> str:
    """Write a number with its unit: ``3.1 Wh``, ``12.4 kWh``, ``40 mW``; a dash for None."""
    if value is None or not math.isfinite(value):
        return "\u2013"
    if digits is None:
        value, unit = _scaled(value, unit)
    return f"{number(value, digits)}{_GLUE}{unit}" if unit else number(value, digits)


def amounts(values: Sequence[float], unit: str) -> tuple[str, ...]:
    """Write numbers that are compared: where one is in kWh, all are."""
    larger = _LARGER.get(unit)
    if larger and any(math.isfinite(v) and abs(v) >= larger[1] for v in values):
        return tuple(amount(value / larger[2], larger[0]) for value in values)
    return tuple(amount(value, unit) for value in values)


def step_digits(step: float) -> int:
    """How many digits after the point tell steps of an axis apart."""
    return max(0, -math.floor(math.log10(step) + 1e-9)) if step > 0 else 0


def _places(value: float) -> int:
    size = abs(value)
    if size >= 29.5 or size < 5e-4:
        return 0
    return 1 if size >= 0.995 else 2 if size >= 0.00995 else 3


def _scaled(value: float, unit: str) -> tuple[float, str]:
    larger, smaller = _LARGER.get(unit), _SMALLER.get(unit)
    if larger and abs(value) >= larger[1]:
        return value / larger[2], larger[0]
    if smaller and 0.0 < abs(value) < smaller[1]:
        return value * smaller[2], smaller[0]
    return value, unit
