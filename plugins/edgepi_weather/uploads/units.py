"""Into the units that American networks speak."""

from __future__ import annotations

__all__ = ["fahrenheit", "inches", "inches_of_mercury", "miles_per_hour"]

MM_PER_INCH = 25.4
HPA_PER_INCH_OF_MERCURY = 33.8638866667
M_S_PER_MPH = 0.44704


def fahrenheit(celsius: float) -> float:
    """Return degrees Fahrenheit."""
    return celsius * 9.0 / 5.0 + 32.0


def inches(millimetres: float) -> float:
    """Return inches of rain."""
    return millimetres / MM_PER_INCH


def inches_of_mercury(hpa: float) -> float:
    """Return inches of mercury."""
    return hpa / HPA_PER_INCH_OF_MERCURY


def miles_per_hour(metres_per_second: float) -> float:
    """Return miles per hour."""
    return metres_per_second / M_S_PER_MPH
