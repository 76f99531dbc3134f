"""Registers of one chip on the bus: reads that are tried again, writes that are verified. Blocks."""

from __future__ import annotations

from edgepi.errors import BusError, VerificationError
from edgepi.plugin import I2CBus

__all__ = ["Access"]

READ_TRIES = 3
WRITE_TRIES = 5


class Access:
    """One byte in one transaction, for the boards' controllers know no blocks."""

    def __init__(self, bus: I2CBus, address: int, name: str) -> None:
        self.bus = bus
        self.address = address
        self.name = name

    def read(self, register: int) -> int:
        """Read one register; tried again, for a board's controller is at times too busy to answer."""
        for left in reversed(range(READ_TRIES)):
            try:
                return self.bus.read_byte_data(self.address, register)
            except BusError:
                if not left:
                    raise
        raise AssertionError

    def write(self, register: int, value: int) -> None:
        """Write one register unless it holds the value, and read it back.

        Raises:
            VerificationError: after several tries it still holds something else.
        """
        held = self.read(register)
        for _ in range(WRITE_TRIES):
            if held == value:
                return
            self.put(register, value)
            held = self.read(register)
        if held != value:
            raise VerificationError(
                f"register {int(register)} of the {self.name} holds {held} where {value} was written",
                hint="does other software use the board, or is the bus disturbed?",
            )

    def put(self, register: int, value: int) -> None:
        """Write one register whose content changes by itself, once."""
        self.bus.write_byte_data(self.address, register, value)
