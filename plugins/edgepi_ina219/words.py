"""What both chips share: registers of two bytes, and what a measurement is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from edgepi.plugin import I2CBus

__all__ = ["Chip", "Measurement", "Words", "signed"]


@dataclass(frozen=True, slots=True)
class Measurement:
    """Voltage against ground and current through the shunt, positive from IN+ to IN-."""

    bus_v: float
    current_a: float


class Chip(Protocol):
    """One chip that was found and set up; every call blocks and may raise HardwareError."""

    name: str
    conversion_s: float

    def trigger(self) -> None:
        """Start one measurement."""

    def result(self) -> Measurement | None:
        """The measurement that was triggered, None while it runs."""


class Words:
    """Registers of a chip that sends the high byte first, unlike the bus's own words."""

    def __init__(self, bus: I2CBus, address: int) -> None:
        self.bus = bus
        self._address = address

    def read(self, register: int) -> int:
        """Read a register."""
        word = self.bus.read_word_data(self._address, register)
        return (word & 0xFF) << 8 | word >> 8

    def write(self, register: int, value: int) -> None:
        """Write a register."""
        self.bus.write_word_data(self._address, register, (value & 0xFF) << 8 | value >> 8)


def signed(word: int) -> int:
    """Read a 16-bit word as two's complement."""
    return word - 0x10000 if word & 0x8000 else word
