"""The INA219 on the bus; its words are sent high byte first. Everything here blocks."""

from __future__ import annotations

from edgepi.errors import DeviceNotFoundError, HardwareError, VerificationError
from edgepi.plugin import I2CBus
from edgepi_ina219.words import Measurement, Words, signed

__all__ = ["Ina219", "Measurement"]

CONFIG, SHUNT, BUS, CURRENT, CALIBRATION = 0, 1, 2, 4, 5
RESET, RESET_STATE = 0x8000, 0x399F
TRIGGERED = 0x03
RANGE_32_V = 0x2000
AVERAGE_128 = 0x0F << 7 | 0x0F << 3
READY, OVERFLOW = 0x02, 0x01
PGA_LIMITS_V = (0.04, 0.08, 0.16, 0.32)
SHUNT_LSB_V, BUS_LSB_V = 10e-6, 4e-3
CALIBRATION_CONSTANT = 0.04096
LARGEST_CALIBRATION = 0xFFFE
USUAL_MAX_A = 3.2


class Ina219:
    """One chip, asleep between measurements. Making it looks for the chip and sets it up.

    Raises:
        DeviceNotFoundError: nothing answers, or something that is no INA219.
        HardwareError: *max_a* through *shunt_ohm* is more than the chip can measure.
    """

    name = "INA219"
    conversion_s = 0.140  # shunt and bus, 68.1 ms each, one after the other

    def __init__(self, bus: I2CBus, address: int, *, shunt_ohm: float, max_a: float | None) -> None:
        self._words = Words(bus, address)
        self._address = address
        max_a = USUAL_MAX_A if max_a is None else max_a
        self._pga = _pga_for(shunt_ohm * max_a)
        wanted_lsb_a = max(max_a / 32768, CALIBRATION_CONSTANT / (LARGEST_CALIBRATION * shunt_ohm))
        self._calibration = int(CALIBRATION_CONSTANT / (wanted_lsb_a * shunt_ohm)) & LARGEST_CALIBRATION
        self._current_lsb_a = CALIBRATION_CONSTANT / (self._calibration * shunt_ohm)
        self._limit_v = PGA_LIMITS_V[self._pga]
        self.max_a = max_a
        self._detect()
        self._words.write(CALIBRATION, self._calibration)
        if (held := self._words.read(CALIBRATION)) != self._calibration:
            raise VerificationError(
                f"the INA219 at 0x{address:02x} holds calibration {held}, not the {self._calibration} written"
            )

    def trigger(self) -> None:
        """Start one measurement of both voltages, averaged over 128 samples; takes `conversion_s`."""
        self._words.write(CONFIG, RANGE_32_V | self._pga << 11 | AVERAGE_128 | TRIGGERED)

    def result(self) -> Measurement | None:
        """The measurement that was triggered, None while it runs.

        Raises:
            HardwareError: the current is more than the chip was set up for, or it was reset meanwhile.
        """
        word = self._words.read(BUS)
        if not word & READY:
            return None
        shunt_v = signed(self._words.read(SHUNT)) * SHUNT_LSB_V
        if word & OVERFLOW or abs(shunt_v) >= self._limit_v:
            raise HardwareError(
                f"more than {self.max_a:g} A flow through the INA219 at 0x{self._address:02x}",
                hint="raise `max_a`, or fit a smaller shunt and set `shunt_ohm`",
            )
        if self._words.read(CALIBRATION) != self._calibration:
            raise HardwareError(f"the INA219 at 0x{self._address:02x} was reset; it is set up anew")
        return Measurement((word >> 3) * BUS_LSB_V, signed(self._words.read(CURRENT)) * self._current_lsb_a)

    def _detect(self) -> None:
        try:
            self._words.write(CONFIG, RESET)
            found = self._words.read(CONFIG)
        except HardwareError as error:
            raise DeviceNotFoundError(
                f"no INA219 answers at 0x{self._address:02x}: {error.message}",
                hint="check the wiring, and the address set by the chip's A0 and A1",
            ) from error
        if found != RESET_STATE:
            raise DeviceNotFoundError(
                f"the chip at 0x{self._address:02x} is no INA219: after a reset it holds 0x{found:04x}"
            )


def _pga_for(shunt_v: float) -> int:
    for index, limit_v in enumerate(PGA_LIMITS_V):
        if shunt_v <= limit_v + 1e-9:
            return index
    raise HardwareError(
        f"the shunt would drop {shunt_v * 1000:.0f} mV; an INA219 measures 320 mV at most",
        hint="lower `max_a`, or fit a smaller shunt and set `shunt_ohm`",
    )
