"""The INA219 as a supply meter of EdgePi."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from edgepi.errors import HardwareError
from edgepi.model import Supply
from edgepi.plugin import PluginContext, SupplyMeter
from edgepi_ina219.chip import CONVERSION_S, Ina219, Measurement

__all__ = ["Ina219Config", "Ina219Meter"]

EXTRA_WAITS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Ina219Config:
    """Section ``ina219``; *invert* for a shunt wired the other way round."""

    measures: Literal["input", "battery", "output"] = "battery"
    bus: int = 1
    address: int = 0x40
    shunt_ohm: float = 0.1
    max_a: float = 3.2
    invert: bool = False
    interval: float = 10.0


class Ina219Meter(SupplyMeter):
    """Measures on request and lets the chip sleep in between."""

    name = "ina219"

    def __init__(self, context: PluginContext[Ina219Config]) -> None:
        self._context = context
        self._chip: Ina219 | None = None
        self.interval_s = context.config.interval

    async def start(self) -> None:
        """Find the chip and calibrate it."""
        self._chip = await self._context.run_blocking(self._open)

    async def read(self) -> Supply:
        """Measure once; takes some 140 ms."""
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

    def _open(self) -> Ina219:
        config = self._context.config
        bus = self._context.hardware.i2c(config.bus)
        return Ina219(bus, config.address, shunt_ohm=config.shunt_ohm, max_a=config.max_a)

    async def _measure(self, chip: Ina219) -> Measurement:
        await self._context.run_blocking(chip.trigger)
        for _ in range(1 + EXTRA_WAITS):
            await self._context.clock.sleep(CONVERSION_S)
            if (measured := await self._context.run_blocking(chip.result)) is not None:
                return measured
        raise HardwareError(
            f"the INA219 at 0x{self._context.config.address:02x} never finishes a measurement",
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
