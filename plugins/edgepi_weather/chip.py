"""The BME280 through RPi.bme280; the only module that knows that package, so that it can be replaced.

The package is dormant, so `quiet` silences what newer Pythons have against it, and it sleeps
while the chip measures, so everything here must run outside the event loop.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from edgepi.errors import DeviceNotFoundError, HardwareError, RequirementMissingError
from edgepi.plugin import I2CBus

__all__ = ["ADDRESSES", "Bme280", "Sample"]

ADDRESSES = (0x76, 0x77)
ID_REGISTER = 0xD0
BME280_ID = 0x60
RELATIVES = {0x58: "a BMP280", 0x56: "a BMP280", 0x57: "a BMP280", 0x61: "a BME680", 0x55: "a BMP180"}
SKIPPED, SKIPPED_HUMIDITY = 0x80000, 0x8000
LIMITS = {
    "temperature_c": (-40.0, 85.0, "degrees Celsius"),
    "pressure_hpa": (300.0, 1100.0, "hPa"),
    "humidity_percent": (0.0, 100.0, "%"),
}


@dataclass(frozen=True, slots=True)
class Sample:
    """One measurement, compensated."""

    temperature_c: float
    pressure_hpa: float
    humidity_percent: float


def quiet() -> None:
    """Let pass the one call by which RPi.bme280 is out of date: it asks for the time with utcnow()."""
    warnings.filterwarnings("ignore", r".*utcnow", DeprecationWarning, module="bme280")


class Bme280:
    """One chip. Making it looks for the chip and reads its calibration.

    *address* None tries both addresses.

    Raises:
        DeviceNotFoundError: there is no BME280.
        RequirementMissingError: the package is missing, or is the one that computes wrong values.
    """

    def __init__(self, bus: I2CBus, address: int | None = None) -> None:
        self._bus = bus
        self._package = _package()
        self.address = _find(bus, address)
        quiet()
        self._calibration = self._package.load_calibration_params(bus, self.address)
        if self._calibration.dig_T1 in (0, 0xFFFF) or self._calibration.dig_P1 in (0, 0xFFFF):
            raise HardwareError(
                f"the BME280 at 0x{self.address:02x} has an empty calibration",
                hint="check the wiring; the chip may be broken",
            )

    def sample(self) -> Sample:
        """Measure once in forced mode, after which the chip sleeps again; takes some 15 ms.

        Raises:
            HardwareError: the chip is gone, or answers what cannot be.
        """
        _check_id(self._bus, self.address)
        raw = self._package.sample(self._bus, self.address, self._calibration)
        counts = raw.uncompensated
        if SKIPPED in (counts.temperature, counts.pressure) or counts.humidity == SKIPPED_HUMIDITY:
            raise HardwareError(
                f"the BME280 at 0x{self.address:02x} has not measured", hint="it may just have been reset"
            )
        sample = Sample(raw.temperature, raw.pressure, raw.humidity)
        _check_limits(sample, self.address)
        return sample


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


def _find(bus: I2CBus, address: int | None) -> int:
    candidates = ADDRESSES if address is None else (address,)
    failures: list[HardwareError] = []
    for candidate in candidates:
        try:
            _check_id(bus, candidate)
        except HardwareError as error:
            failures.append(error)
        else:
            return candidate
    others = [error for error in failures if isinstance(error, DeviceNotFoundError)]
    if others:
        raise others[0]
    where = " or ".join(f"0x{each:02x}" for each in candidates)
    raise DeviceNotFoundError(
        f"no BME280 answers at {where}: {failures[-1].message}",
        hint="check the wiring, and that I2C is switched on",
    ) from failures[-1]


def _check_id(bus: I2CBus, address: int) -> None:
    found = bus.read_byte_data(address, ID_REGISTER)
    if found == BME280_ID:
        return
    if relative := RELATIVES.get(found):
        raise DeviceNotFoundError(
            f"the chip at 0x{address:02x} is {relative}, not a BME280",
            hint="shops mix them up; a BMP280 measures no humidity",
        )
    raise DeviceNotFoundError(
        f"the chip at 0x{address:02x} says its id is 0x{found:02x}; a BME280 says 0x60",
        hint="is it another device, or is the wiring bad?",
    )


def _check_limits(sample: Sample, address: int) -> None:
    for name, (low, high, unit) in LIMITS.items():
        value: Any = getattr(sample, name)
        if not low <= value <= high:
            raise HardwareError(
                f"the BME280 at 0x{address:02x} answers nonsense: {value:.1f} {unit}",
                hint="check the wiring; long or unshielded cables garble the bus",
            )
