"""Either chip as a supply meter of EdgePi."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from edgepi.errors import BusError, DeviceNotFoundError, HardwareError
from edgepi.model import Supply
from edgepi.plugin import I2CBus, PluginContext, SupplyMeter
from edgepi_ina219.chip import Ina219
from edgepi_ina219.ina226 import Ina226, is_ina226
from edgepi_ina219.words import Chip, Measurement

__all__ = ["Ina219Config", "Ina219Meter"]

EXTRA_WAITS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Ina219Config:
    """Section ``ina219``.

    *chip* is which one it is, *auto* asks it; *invert* for a shunt wired the other way round; *max_a* None
    is what the usual board can measure.
    """

    chip: Literal["auto", "ina219", "ina226"] = "auto"
    measures: Literal["input", "battery", "output"] = "battery"
    bus: int = 1
    address: int = 0x40
    shunt_ohm: float = 0.1
    max_a: float | None = None
    invert: bool = False
    interval: float = 10.0


class Ina219Meter(SupplyMeter):
    """Measures on request and lets the chip sleep in between."""

    name = "ina219"

    def __init__(self, context: PluginContext[Ina219Config]) -> None:
        self._context = context
        self._chip: Chip | None = None
        self.interval_s = context.config.interval

    async def start(self) -> None:
        """Find the chip and calibrate it."""
        self._chip = await self._context.run_blocking(self._open)

    async def read(self) -> Supply:
        """Measure once; takes some 150 ms."""
        if self._chip is None:
            await self.start()
        assert self._chip is not None
        try:
            measured = await self._measure(self._chip)
        except HardwareError:
            self._chip = None
            raise
        return self._as_supply(measured)

    async def stop(self) -> None:
        """Forget the chip; it sleeps by itself."""
        self._chip = None

    def _open(self) -> Chip:
        config = self._context.config
        bus = self._context.hardware.i2c(config.bus)
        kind = Ina226 if self._is_ina226(bus) else Ina219
        return kind(bus, config.address, shunt_ohm=config.shunt_ohm, max_a=config.max_a)

    def _is_ina226(self, bus: I2CBus) -> bool:
        config = self._context.config
        if config.chip != "auto":
            return config.chip == "ina226"
        try:
            return is_ina226(bus, config.address)
        except BusError as error:
            raise DeviceNotFoundError(
                f"neither an INA219 nor an INA226 answers at 0x{config.address:02x}: {error.message}",
                hint="check the wiring, and the address set by the chip's A0 and A1",
            ) from error

    async def _measure(self, chip: Chip) -> Measurement:
        await self._context.run_blocking(chip.trigger)
        for _ in range(1 + EXTRA_WAITS):
            await self._context.clock.sleep(chip.conversion_s)
            if (measured := await self._context.run_blocking(chip.result)) is not None:
                return measured
        raise HardwareError(
            f"the {chip.name} at 0x{self._context.config.address:02x} never finishes a measurement",
            hint="check the wiring; long cables garble the bus",
        )

    def _as_supply(self, measured: Measurement) -> Supply:
        config = self._context.config
        current_a = -measured.current_a if config.invert else measured.current_a
        values = {
            f"{config.measures}_v": round(measured.bus_v, 3),
            f"{config.measures}_a": round(current_a, 4),
            f"{config.measures}_w": round(measured.bus_v * current_a, 4),
        }
        return Supply(time_utc=self._context.clock.now(), source=self._context.instance, **values)
