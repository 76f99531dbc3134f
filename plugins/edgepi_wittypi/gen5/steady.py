"""Reads of a slave that now and then turns a bit over. Blocks."""

from __future__ import annotations

from statistics import median

from edgepi.errors import HardwareError
from edgepi.plugin import I2CBus
from edgepi_wittypi.access import Access
from edgepi_wittypi.gen5.registers import Admin, Reg

__all__ = ["SteadyAccess"]

TRIES = 8
SAMPLES = 5
COMMAND_TRIES = 50
DONE, BUSY = 0x00, 0xFE


class SteadyAccess(Access):
    """Takes a register's content only when it was read twice the same.

    *changed* says that a register was written since it was last set to False.
    """

    def __init__(self, bus: I2CBus, address: int, name: str) -> None:
        super().__init__(bus, address, name)
        self.changed = False

    def read(self, register: int) -> int:
        """Read a register that does not change by being read.

        Raises:
            HardwareError: it says something else each time.
        """
        before = self.once(register)
        for _ in range(TRIES):
            now = self.once(register)
            if now == before:
                return now
            before = now
        raise HardwareError(
            f"register {int(register)} of the {self.name} says something else each time",
            hint="is the bus disturbed, or is a clock chip with the same address on it?",
        )

    def once(self, register: int) -> int:
        """Read a register once, as it is."""
        return super().read(register)

    def pair(self, register: int) -> tuple[int, int]:
        """Read a high byte, which measures afresh, and the low byte that belongs to it."""
        return self.once(register), self.once(register + 1)

    def measured(self, register: int) -> int:
        """Measure a pair of bytes some times and take the middle, so that a turned bit does no harm."""
        return int(median(high << 8 | low for high, low in (self.pair(register) for _ in range(SAMPLES))))

    def put(self, register: int, value: int) -> None:
        """Write one register, once."""
        super().put(register, value)
        self.changed = True

    def command(self, wanted: Admin) -> None:
        """Have the board carry out a command.

        Raises:
            HardwareError: the board does not know it, or could not.
        """
        super().put(Reg.ADMIN_PASSWORD, wanted >> 8)
        super().put(Reg.ADMIN_COMMAND, wanted & 0xFF)
        status = BUSY
        for _ in range(COMMAND_TRIES):
            if (status := self.read(Reg.ADMIN_CONTEXT)) != BUSY:
                break
        if status not in (DONE, BUSY):
            raise HardwareError(f"the {self.name} refuses the command 0x{wanted:04x} with 0x{status:02x}")
