"""A wind vane: a magnet that closes one of eight reed switches, each with a resistor of its own."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

__all__ = ["OHM", "vane_volts"]

# The usual weather kit (Argent, sold by SparkFun), from its data sheet; between two switches both are closed.
OHM: Mapping[float, float] = MappingProxyType(
    {
        0.0: 33000.0,
        22.5: 6570.0,
        45.0: 8200.0,
        67.5: 891.0,
        90.0: 1000.0,
        112.5: 688.0,
        135.0: 2200.0,
        157.5: 1410.0,
        180.0: 3900.0,
        202.5: 3140.0,
        225.0: 16000.0,
        247.5: 14120.0,
        270.0: 120000.0,
        292.5: 42120.0,
        315.0: 64900.0,
        337.5: 21880.0,
    }
)
PULL_UP_OHM = 10000.0
NOTCH_DEG = 22.5


def vane_volts(direction_deg: float, supply_v: float = 3.3) -> float:
    """Return the voltage at the vane with 10 kilohms to the supply; it knows sixteen directions."""
    notch = round(direction_deg / NOTCH_DEG) % len(OHM) * NOTCH_DEG
    return supply_v * OHM[notch] / (OHM[notch] + PULL_UP_OHM)
