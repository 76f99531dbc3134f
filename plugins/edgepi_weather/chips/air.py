"""BME280 and BMP280 on the bus, told apart by their id. Everything here blocks, but never waits."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

from edgepi.errors import DeviceNotFoundError, HardwareError, VerificationError
from edgepi.plugin import I2CBus
from edgepi_weather.chips.bosch import Bosch

__all__ = ["ADDRESSES", "CONVERSION_S", "AirChip", "Identity", "Sample", "answering"]

ADDRESSES = (0x76, 0x77)
CONVERSION_S = 0.0100  # at most 9.3 ms with everything measured once
CTRL_HUM, STATUS, CTRL_MEAS, CONFIG, DATA, ID = 0xF2, 0xF3, 0xF4, 0xF5, 0xF7, 0xD0
MODELS = {0x60: "BME280", 0x58: "BMP280", 0x57: "BMP280", 0x56: "BMP280"}
RELATIVES = {0x61: "a BME680", 0x55: "a BMP180", 0x50: "a BMP388"}
HUMIDITY_ONCE, ALL_ONCE, ASLEEP = 0x01, 0b001_001_01, 0x00
MEASURING = 0x08
# Pauses of a mode that is not used here: a chip that lost its power, or another one, holds 0.
MARK = 5 << 5
SKIPPED, SKIPPED_HUMIDITY = (0x80, 0x00, 0x00), (0x80, 0x00)
LIMITS = (
    ("degrees Celsius", -40.0, 85.0),
    ("hPa", 300.0, 1100.0),
    ("%", 0.0, 100.0),
)


@dataclass(frozen=True, slots=True)
class Identity:
    """Which chip it is: its model, and the calibration that hardly two have in common."""

    model: str
    calibration: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Sample:
    """One measurement, compensated; a BMP280 measures no humidity."""

    temperature_c: float
    pressure_hpa: float
    humidity_percent: float | None


class AirChip:
    """One chip, asleep between measurements. Making it looks for the chip and reads its calibration.

    *address* None tries both addresses; *models* are those that will do.

    Raises:
        DeviceNotFoundError: there is no such chip.
        RequirementMissingError: the package RPi.bme280 is missing, or is another one.
        HardwareError: it answers what cannot be.
    """

    def __init__(
        self, bus: I2CBus, address: int | None = None, models: tuple[str, ...] = ("BME280", "BMP280")
    ) -> None:
        self._bus = bus
        self._models = models
        self.address = _find(bus, address, models)
        self._set_up()

    def trigger(self) -> None:
        """Start one measurement, after which the chip sleeps again; takes `CONVERSION_S`.

        A chip that lost its power since, or was swapped, is set up anew first: look at *identity*.
        """
        model = _model(self._bus, self.address, self._models)
        if model != self.identity.model or self._bus.read_byte_data(self.address, CONFIG) != MARK:
            self._set_up()
        if self._humid:
            self._bus.write_byte_data(self.address, CTRL_HUM, HUMIDITY_ONCE)
        self._bus.write_byte_data(self.address, CTRL_MEAS, ALL_ONCE)

    def result(self) -> Sample | None:
        """The measurement that was triggered, None while it runs.

        Raises:
            HardwareError: there was no measurement, or it cannot be.
        """
        if self._bus.read_byte_data(self.address, STATUS) & MEASURING:
            return None
        block = tuple(self._bus.read_i2c_block_data(self.address, DATA, 8 if self._humid else 6))
        if SKIPPED in (block[:3], block[3:6]) or (self._humid and block[6:] == SKIPPED_HUMIDITY):
            raise HardwareError(f"{self._name} has not measured", hint="it may just have been reset")
        values = self._bosch.compensate(block if self._humid else block + SKIPPED_HUMIDITY)
        self._check_limits(values)
        temperature_c, pressure_hpa, humidity_percent = values
        return Sample(temperature_c, pressure_hpa, humidity_percent if self._humid else None)

    @property
    def _humid(self) -> bool:
        return self.identity.model == "BME280"

    @property
    def _name(self) -> str:
        return f"the {self.identity.model} at 0x{self.address:02x}"

    def _set_up(self) -> None:
        model = _model(self._bus, self.address, self._models)
        self._bosch = Bosch(self._bus, self.address, humidity=model == "BME280")
        self.identity = Identity(model, self._bosch.fingerprint)
        self._bus.write_byte_data(self.address, CTRL_MEAS, ASLEEP)  # awake it would not take the mark
        self._bus.write_byte_data(self.address, CONFIG, MARK)
        if self._bus.read_byte_data(self.address, CONFIG) != MARK:
            raise VerificationError(f"{self._name} does not keep what is written to it")

    def _check_limits(self, values: tuple[float, float, float]) -> None:
        for value, (unit, low, high) in zip(values, LIMITS, strict=True):
            if not low <= value <= high:
                raise HardwareError(
                    f"{self._name} answers nonsense: {value:.1f} {unit}",
                    hint="check the wiring; long or unshielded cables garble the bus",
                )


def answering(bus: I2CBus, models: tuple[str, ...]) -> tuple[int, ...]:
    """Return where one of these chips answers."""
    found: list[int] = []
    for address in ADDRESSES:
        with contextlib.suppress(HardwareError):
            _model(bus, address, models)
            found.append(address)
    return tuple(found)


def _find(bus: I2CBus, address: int | None, models: tuple[str, ...]) -> int:
    candidates = ADDRESSES if address is None else (address,)
    failures: list[HardwareError] = []
    for candidate in candidates:
        try:
            _model(bus, candidate, models)
        except HardwareError as error:
            failures.append(error)
        else:
            return candidate
    others = [error for error in failures if isinstance(error, DeviceNotFoundError)]
    if others:
        raise others[0]
    where = " or ".join(f"0x{each:02x}" for each in candidates)
    raise DeviceNotFoundError(
        f"no {' or '.join(models)} answers at {where}: {failures[-1].message}",
        hint="check the wiring, and that I2C is switched on",
    ) from failures[-1]


def _model(bus: I2CBus, address: int, models: tuple[str, ...]) -> str:
    found = bus.read_byte_data(address, ID)
    model = MODELS.get(found)
    if model in models:
        return str(model)
    wanted = " or ".join(f"a {each}" for each in models)
    if model is not None:
        raise DeviceNotFoundError(
            f"the chip at 0x{address:02x} is a {model}, not {wanted}",
            hint="shops mix them up, and a BMP280 measures no humidity; `air: auto` takes either",
        )
    if relative := RELATIVES.get(found):
        raise DeviceNotFoundError(f"the chip at 0x{address:02x} is {relative}, not {wanted}")
    raise DeviceNotFoundError(
        f"the chip at 0x{address:02x} says its id is 0x{found:02x}; a BME280 says 0x60, a BMP280 0x58",
        hint="is it another device, or is the wiring bad?",
    )
