"""ADS1115 and ADS1015, which turn the vane's voltage into a number. Everything blocks, but never waits."""

from __future__ import annotations

from typing import Literal

from edgepi.errors import DeviceNotFoundError, HardwareError
from edgepi.plugin import I2CBus

__all__ = ["CONVERSION_S", "Adc", "AdcModel"]

AdcModel = Literal["ads1115", "ads1015"]

CONVERSION, CONFIG = 0, 1
START, READY = 0x8000, 0x8000
AGAINST_GROUND, UP_TO_4_V, ONCE, COMPARATOR_OFF = 0x4000, 0x0200, 0x0100, 0x0003
RATES = {"ads1115": 4 << 5, "ads1015": 0 << 5}  # 128 a second: slow, so that noise is averaged
CONVERSION_S = 1.0 / 128 * 1.1 + 0.0005  # its clock may be a tenth slow
FULL_SCALE_V = 4.096


class Adc:
    """One converter, asleep between conversions. Making it looks for it.

    It has no id: it is recognised by keeping its configuration.

    Raises:
        DeviceNotFoundError: nothing answers, or something that is no such converter.
    """

    def __init__(self, bus: I2CBus, address: int, model: AdcModel = "ads1115") -> None:
        self._bus = bus
        self._name = f"the {model.upper()} at 0x{address:02x}"
        self._address = address
        self._rate = RATES[model]
        self._written = 0
        try:
            self.trigger(0)
            self._configuration()
        except HardwareError as error:
            raise DeviceNotFoundError(
                f"no {model.upper()} answers at 0x{address:02x}: {error.message}",
                hint="check the wiring, and the address set by the pin ADDR",
            ) from error

    def trigger(self, channel: int) -> None:
        """Start one conversion of an input, 0 to 3, against ground; takes `CONVERSION_S`."""
        self._written = (
            START | AGAINST_GROUND | channel << 12 | UP_TO_4_V | ONCE | self._rate | COMPARATOR_OFF
        )
        self._bus.write_word_data(self._address, CONFIG, _turned(self._written))

    def result(self) -> float | None:
        """The voltage that was triggered, None while it is being converted.

        Raises:
            HardwareError: the converter was reset or is another chip.
        """
        if not self._configuration() & READY:
            return None
        count = self._read(CONVERSION)
        return (count - 0x10000 if count & 0x8000 else count) / 0x8000 * FULL_SCALE_V

    def _configuration(self) -> int:
        found = self._read(CONFIG)
        if found & ~READY != self._written & ~READY:
            raise HardwareError(
                f"{self._name} holds 0x{found:04x} as its configuration, not what was written",
                hint="it lost its power, or another program uses it, or the wiring is bad",
            )
        return found

    def _read(self, register: int) -> int:
        return _turned(self._bus.read_word_data(self._address, register))


def _turned(word: int) -> int:
    """Change the order of the two bytes: SMBus sends the low one first, the converter the high one."""
    return (word & 0xFF) << 8 | word >> 8
