"""Numbers of the command line, each within what can be meant."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from datetime import UTC, datetime

from edgepi.energy.simulation.plant import Load

__all__ = ["CONVERTER", "between", "count", "job", "load", "moment", "number", "step", "watts"]

CONVERTER = 0.9
"""Efficiency of the converter behind which options state powers at 5 V."""

_MOST_W, _MOST_POINTS = 100_000.0, 1e6
_DAY_MIN = 1440.0


def number(text: str) -> float:
    """A finite number."""
    try:
        value = float(text)
    except ValueError:
        hint = ": write a point" if "," in text else ""
        raise argparse.ArgumentTypeError(f"{text!r} is no number{hint}") from None
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"{text!r} is no number")
    return value


def between(low: float, high: float, unit: str = "") -> Callable[[str], float]:
    """Make a parser of numbers within bounds."""

    def parse(text: str) -> float:
        value = number(text)
        if not low <= value <= high:
            limits = f"{low:g} to {high:g} {unit}".rstrip()
            raise argparse.ArgumentTypeError(f"{text} cannot be meant: {limits}")
        return value

    return parse


def count(low: int, high: int) -> Callable[[str], int]:
    """Make a parser of whole numbers within bounds."""

    def parse(text: str) -> int:
        value = between(low, high)(text)
        if value != int(value):
            raise argparse.ArgumentTypeError(f"{text} is no whole number")
        return int(value)

    return parse


_power = between(0.001, _MOST_W, "W")
_any_power = between(0.0, _MOST_W, "W")
_points = between(0.0, _MOST_POINTS, "points")


def watts(text: str) -> tuple[float, float]:
    """``W`` or ``W:POINTS``: power at 5 V and points per hour; 0 W is none at all."""
    power, colon, points = text.partition(":")
    return _any_power(power), _points(points) if colon else 1.0


def load(text: str) -> Load:
    """``NAME=W`` or ``NAME=W:POINTS``: a duty, its power at 5 V, points per hour."""
    name, equals, rest = text.partition("=")
    if not name.strip() or not equals or ":" in name:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=W or NAME=W:POINTS")
    power, colon, points = rest.partition(":")
    return Load(
        name=name.strip(),
        power_w=_power(power) / CONVERTER,
        points_per_h=_points(points) if colon else 5.0,
    )


def job(text: str) -> tuple[float, bool]:
    """``HOURS`` or ``HOURS:pausable``."""
    hours, colon, word = text.partition(":")
    if colon and word != "pausable":
        raise argparse.ArgumentTypeError(f"{word!r} is not 'pausable'")
    return between(0.01, 1000.0, "hours")(hours), bool(colon)


def step(text: str) -> float:
    """Minutes that divide a day."""
    minutes = between(1, 60, "minutes")(text)
    if _DAY_MIN / minutes != round(_DAY_MIN / minutes):
        raise argparse.ArgumentTypeError(f"{text} minutes do not divide a day; 5, 10, 15, 30 or 60 do")
    return minutes


def moment(text: str) -> datetime:
    """A date or time; without a zone UTC."""
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no date; write 2024-03-01") from None
    return when.astimezone(UTC) if when.tzinfo else when.replace(tzinfo=UTC)
