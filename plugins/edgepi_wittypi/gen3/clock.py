"""The Witty Pi 3's clock, a DS3231 that hangs on the node's own bus: time, alarms, temperature. Blocks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from edgepi.errors import HardwareError, VerificationError
from edgepi.plugin import I2CBus
from edgepi_wittypi.access import WRITE_TRIES, Access
from edgepi_wittypi.family import see_clock_set
from edgepi_wittypi.gen3.codes import decode_clock, decode_temperature, encode_clock
from edgepi_wittypi.gen3.registers import CLOCK, Control, Rtc, Status

__all__ = ["Clock"]

TRIES = 5
ALARM_FLAGS = Status.ALARM1 | Status.ALARM2
COLDEST_C, HOTTEST_C = -45.0, 90.0


class Clock:
    """One DS3231; its alarms are seconds to day, their line is watched by the board's controller."""

    def __init__(self, bus: I2CBus) -> None:
        self.registers = Access(bus, CLOCK, "Witty Pi 3's clock")

    def time(self) -> datetime | None:
        """What it shows, None if it lost the time; read again if a minute ends meanwhile."""
        for _ in range(TRIES):
            held = [self.registers.read(Rtc.SECOND + i) for i in range(7)]
            if self.registers.read(Rtc.SECOND) >= held[0]:
                return None if self.status() & Status.TIME_LOST else decode_clock(held)
        raise HardwareError("the clock of the Witty Pi cannot be read: its seconds jump")

    def set(self, now: Callable[[], datetime]) -> None:
        """Set it to what *now* says; not to be called within the last seconds of a minute.

        Raises:
            VerificationError: it does not show that time afterwards.
        """
        begun = now()
        for register, value in enumerate(encode_clock(begun), start=Rtc.SECOND):
            self.registers.put(register, value)
        self.clear(Status.TIME_LOST)
        see_clock_set(self.time(), begun, now())

    def status(self) -> int:
        """Flags, as `Status` has them."""
        return self.registers.read(Rtc.STATUS)

    def due(self) -> int:
        """Flags of the alarms that came and are switched on."""
        return self.status() & self.registers.read(Rtc.CONTROL) & ALARM_FLAGS

    def clear(self, flags: int = ALARM_FLAGS) -> None:
        """Take flags down.

        Raises:
            VerificationError: one stays up.
        """
        for _ in range(WRITE_TRIES):
            held = self.status()
            if not held & flags:
                return
            self.registers.put(Rtc.STATUS, held & ~flags)
        if self.status() & flags:
            raise VerificationError("the clock of the Witty Pi does not take its flags down")

    def switch_alarms(self, *, second: bool) -> None:
        """Let the first alarm, perhaps the second too, reach the board; and the clock run on its cell."""
        self.registers.write(
            Rtc.CONTROL, Control.ALARMS_GO_OUT | Control.ALARM1 | (Control.ALARM2 if second else 0)
        )

    def set_alarm(self, first: Rtc, wanted: tuple[int, ...]) -> None:
        """Set an alarm; its day, the last, goes first to nowhere, so that no half-written alarm can come."""
        registers = range(first, first + len(wanted))
        if tuple(self.registers.read(register) for register in registers) == wanted:
            return
        self.registers.write(registers[-1], 0)
        for register, value in zip(registers, wanted, strict=True):
            self.registers.write(register, value)

    def temperature_c(self) -> float | None:
        """What its thermometer measured within the last minute, None if that cannot be."""
        high, low = (self.registers.read(Rtc.TEMPERATURE + i) for i in range(2))
        value = decode_temperature(high, low)
        return value if COLDEST_C <= value <= HOTTEST_C else None
