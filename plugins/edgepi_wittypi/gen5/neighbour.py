"""The clock chips that use the Witty Pi 5's address. Blocks, and writes nothing."""

from __future__ import annotations

from edgepi.errors import BusError
from edgepi_wittypi.access import Access
from edgepi_wittypi.codes import from_bcd

__all__ = ["is_clock_chip"]

TIMES_AT = (2, 4)  # where a PCF8563, and a PCF85063 or RV-8263, have their seconds
UNUSED_IN_CONTROL = 0x41  # bits of register 0 that are always 0 in these, and set in the board's id
MASKS = (0x7F, 0x7F, 0x3F, 0x3F, 0x07, 0x1F, 0xFF)
LIMITS = ((0, 59), (0, 59), (0, 23), (1, 31), (0, 6), (1, 12), (0, 99))


def is_clock_chip(chip: Access) -> bool:
    """Whether what answers shows a time where such a clock has it."""
    try:
        if chip.read(0) & UNUSED_IN_CONTROL:
            return False
        return any(_shows_time([chip.read(first + i) for i in range(7)]) for first in TIMES_AT)
    except BusError:
        return False


def _shows_time(held: list[int]) -> bool:
    try:
        fields = [from_bcd(value & mask) for value, mask in zip(held, MASKS, strict=True)]
    except ValueError:
        return False
    return all(low <= value <= high for value, (low, high) in zip(fields, LIMITS, strict=True))
