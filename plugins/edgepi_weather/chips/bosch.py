"""What the counts of a BME280 or BMP280 mean, by RPi.bme280; the only module that knows that package.

Only its arithmetic is used: it would sleep while the chip measures, and it is dormant, so `quiet` silences
what newer Pythons have against it.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from types import ModuleType
from typing import Any

from edgepi.errors import HardwareError, RequirementMissingError
from edgepi.plugin import I2CBus

__all__ = ["Bosch", "quiet"]

HUMIDITY_WORDS = ("dig_H1", "dig_H2", "dig_H3", "dig_H4", "dig_H5", "dig_H6")
EMPTY = (0, 0xFFFF)


def quiet() -> None:
    """Let pass the one call by which RPi.bme280 is out of date: it asks for the time with utcnow()."""
    warnings.filterwarnings("ignore", r".*utcnow", DeprecationWarning, module="bme280")


class Bosch:
    """The calibration of one chip, read from it.

    Raises:
        RequirementMissingError: the package is missing, or is the one that computes wrong values.
        HardwareError: the calibration is empty or cannot be read twice the same.
    """

    def __init__(self, bus: I2CBus, address: int, *, humidity: bool) -> None:
        self._package = _package()
        quiet()
        self._words = self._load(bus, address, humidity=humidity)
        if self._load(bus, address, humidity=humidity) != self._words:
            raise HardwareError(
                f"the sensor at 0x{address:02x} tells its calibration differently each time",
                hint="check the wiring; long or unshielded cables garble the bus",
            )
        if self._words.dig_T1 in EMPTY or self._words.dig_P1 in EMPTY:
            raise HardwareError(
                f"the sensor at 0x{address:02x} has an empty calibration",
                hint="check the wiring; the chip may be broken",
            )

    @property
    def fingerprint(self) -> tuple[int, ...]:
        """The calibration words, which hardly two chips have in common."""
        return tuple(self._words.values())

    def compensate(self, block: Sequence[int]) -> tuple[float, float, float]:
        """Turn the eight data bytes into degrees, hPa and percent."""
        raw = self._package.uncompensated_readings(block)
        meant = self._package.compensated_readings(raw, self._words)
        return float(meant.temperature), float(meant.pressure), float(meant.humidity)

    def _load(self, bus: I2CBus, address: int, *, humidity: bool) -> Any:
        words = self._package.load_calibration_params(bus, address)
        words.dig_H3 &= 0xFF  # unsigned in the data sheet, signed in the package
        if not humidity:
            words.update(dict.fromkeys(HUMIDITY_WORDS, 0))  # a BMP280 answers there what it likes
        return words


def _package() -> ModuleType:
    try:
        import bme280
    except ImportError as error:
        raise RequirementMissingError(
            "the package RPi.bme280 is missing", hint="pip install 'edgepi[weather]'"
        ) from error
    if not hasattr(bme280, "load_calibration_params"):
        raise RequirementMissingError(
            "the module bme280 is that of another package, which computes wrong values",
            hint="pip uninstall bme280; pip install --force-reinstall RPi.bme280",
        )
    module: ModuleType = bme280
    return module
