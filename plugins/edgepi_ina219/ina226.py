"""The INA226 on the bus; its words are sent high byte first. Everything here blocks."""

from __future__ import annotations

from edgepi.errors import DeviceNotFoundError, HardwareError, VerificationError
from edgepi.plugin import I2CBus
from edgepi_ina219.words import Measurement, Words, signed

__all__ = ["Ina226", "is_ina226"]

CONFIG, SHUNT, BUS, CURRENT, CALIBRATION, MASK = 0, 1, 2, 4, 5, 6
MANUFACTURER, DIE = 0xFE, 0xFF
TEXAS, INA226 = 0x5449, 0x2260
RESET, RESET_STATE = 0x8000, 0x4127
TRIGGERED = 0x4003 | 3 << 9 | 4 << 6 | 4 << 3  # both voltages once, the mean of 64 samples of 1.1 ms
READY, OVERFLOW = 0x08, 0x04
SHUNT_LSB_V, BUS_LSB_V = 2.5e-6, 1.25e-3
LIMIT_V = 0.08192
HIGHEST_BUS_V = 36.0
CALIBRATION_CONSTANT = 0.00512
LARGEST_CALIBRATION = 0x7FFF


def is_ina226(bus: I2CBus, address: int) -> bool:
    """Whether the chip says that it is one; an INA219 has no such register. Raises BusError."""
    words = Words(bus, address)
    return words.read(MANUFACTURER) == TEXAS and words.read(DIE) == INA226


class Ina226:
    """One chip, asleep between measurements. Making it looks for the chip and sets it up.

    Raises:
        DeviceNotFoundError: nothing answers, or something that is no INA226.
        HardwareError: *max_a* through *shunt_ohm* is more than the chip can measure.
    """

    name = "INA226"
    conversion_s = 0.150  # 64 times two of 1.1 ms, and a tenth for a slow clock

    def __init__(self, bus: I2CBus, address: int, *, shunt_ohm: float, max_a: float | None) -> None:
        self._words = Words(bus, address)
        self._address = address
        self.max_a = min(3.2, LIMIT_V / shunt_ohm) if max_a is None else max_a
        _must_reach(shunt_ohm, self.max_a)
        wanted_lsb_a = max(self.max_a / 32768, CALIBRATION_CONSTANT / (LARGEST_CALIBRATION * shunt_ohm))
        self._calibration = int(CALIBRATION_CONSTANT / (wanted_lsb_a * shunt_ohm))
        self._current_lsb_a = CALIBRATION_CONSTANT / (self._calibration * shunt_ohm)
        self._detect()
        self._words.write(CALIBRATION, self._calibration)
        if (held := self._words.read(CALIBRATION)) != self._calibration:
            raise VerificationError(
                f"the INA226 at 0x{address:02x} holds calibration {held}, not the {self._calibration} written"
            )

    def trigger(self) -> None:
        """Start one measurement of both voltages; takes `conversion_s`."""
        self._words.write(CONFIG, TRIGGERED)

    def result(self) -> Measurement | None:
        """The measurement that was triggered, None while it runs.

        Raises:
            HardwareError: the current is more than the chip was set up for, it was reset meanwhile, or
                what it says cannot be.
        """
        flags = self._words.read(MASK)
        if not flags & READY:
            return None
        shunt = signed(self._words.read(SHUNT))
        bus_v = self._words.read(BUS) * BUS_LSB_V
        if flags & OVERFLOW or shunt in (-0x8000, 0x7FFF):
            raise HardwareError(
                f"more than {self.max_a:g} A flow through the INA226 at 0x{self._address:02x}",
                hint="raise `max_a`, or fit a smaller shunt and set `shunt_ohm`",
            )
        if self._words.read(CALIBRATION) != self._calibration:
            raise HardwareError(f"the INA226 at 0x{self._address:02x} was reset; it is set up anew")
        if bus_v > HIGHEST_BUS_V:
            raise HardwareError(f"the INA226 at 0x{self._address:02x} reads {bus_v:.1f} V, which cannot be")
        return Measurement(bus_v, signed(self._words.read(CURRENT)) * self._current_lsb_a)

    def _detect(self) -> None:
        try:
            found = is_ina226(self._words.bus, self._address)
            if found:
                self._words.write(CONFIG, RESET)
                found = self._words.read(CONFIG) == RESET_STATE
        except HardwareError as error:
            raise DeviceNotFoundError(
                f"no INA226 answers at 0x{self._address:02x}: {error.message}",
                hint="check the wiring, and the address set by the chip's A0 and A1",
            ) from error
        if not found:
            raise DeviceNotFoundError(
                f"the chip at 0x{self._address:02x} is no INA226",
                hint="leave `chip` out, and the plugin finds out which it is",
            )


def _must_reach(shunt_ohm: float, max_a: float) -> None:
    if shunt_ohm * max_a > LIMIT_V + 1e-9:
        raise HardwareError(
            f"the shunt would drop {shunt_ohm * max_a * 1000:.0f} mV; an INA226 measures 81.9 mV at most",
            hint="lower `max_a`, or fit a smaller shunt and set `shunt_ohm`",
        )
