"""How voltages, temperatures and delays are written in the registers of the Witty Pi 4; pure."""

from __future__ import annotations

import math

from edgepi_wittypi.gen4.registers import UNSET

__all__ = ["decode_temperature", "decode_wake", "encode_voltage", "encode_wake"]


def decode_temperature(word: int) -> float:
    """Degrees Celsius of a word read low byte first: swap, drop 5 bits, 0.125 degrees each."""
    swapped = (word & 0xFF) << 8 | word >> 8
    steps = swapped >> 5
    return (steps - 2048 if steps & 0x400 else steps) * 0.125


def encode_voltage(volts: float | None) -> int:
    """Tenths of a volt, 255 for off."""
    return UNSET if volts is None else min(max(round(volts * 10), 0), UNSET - 1)


def encode_wake(hours: int) -> int:
    """Register 49: hours up to 127, then days, rounded up."""
    if hours <= 127:
        return max(hours, 1)
    return 0x80 | min(math.ceil(hours / 24), 127)


def decode_wake(register: int) -> int:
    """Hours that register 49 stands for; 0 is off."""
    return (register & 0x7F) * (24 if register & 0x80 else 1)
