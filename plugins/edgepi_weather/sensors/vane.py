"""The wind vane as a sensor."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence

from edgepi.errors import EdgePiError, HardwareError
from edgepi.model import Reading, ReadingDescription
from edgepi.plugin import Sensor
from edgepi_weather.chips.adc import CONVERSION_S, Adc
from edgepi_weather.chips.wind import DirectionLog
from edgepi_weather.config import VaneConfig
from edgepi_weather.sensors.described import WIND_DIRECTION
from edgepi_weather.station import Station

__all__ = ["VaneSensor"]

EXTRA_WAITS = 3
LEAST_SUPPLY_V = 0.5


class VaneSensor(Sensor):
    """Mean direction of the last ten minutes, sampled each three seconds in which the cups turn.

    In a calm there is no direction: the vane stands as the last wind left it.
    """

    name = "vane"
    # A conversion each three seconds: some milliseconds of bus and thread.
    power_w = 0.001

    def __init__(self, station: Station, config: VaneConfig) -> None:
        self._station = station
        self._config = config
        self._vane = config.vane
        self._log = DirectionLog()
        self._adc: Adc | None = None
        self._busy = asyncio.Lock()
        self._told_between = False
        self.interval_s = station.context.config.interval

    def describe(self) -> Sequence[ReadingDescription]:
        """List the direction."""
        return (WIND_DIRECTION,)

    async def start(self) -> None:
        """Find the converter."""
        self._adc = await self._station.context.run_blocking(self._open)
        self._station.sampler.add(self.name, self._look)

    async def read(self) -> Sequence[Reading]:
        """Look once more, and say where the wind of the last ten minutes came from."""
        if self._adc is None:
            await self.start()
        await self._sample()
        mean_deg = self._log.mean_deg(self._station.context.clock.monotonic())
        seen = self._station.observe(wind_direction=mean_deg)
        self._station.tell({"wind_direction": seen.wind_direction})
        return (Reading("wind_direction", seen.wind_direction),)

    async def stop(self) -> None:
        """Forget the converter; it sleeps by itself."""
        self._station.sampler.remove(self.name)
        self._adc = None
        await self._station.stopped("wind_direction")

    def _open(self) -> Adc:
        context = self._station.context
        return Adc(context.hardware.i2c(context.config.bus), self._config.address, self._config.chip)

    async def _look(self) -> None:
        # A failure is told by the next reading, which meets it too if it lasts.
        if self._station.wind_m_s != 0.0 and self._adc is not None:
            with contextlib.suppress(EdgePiError, OSError):
                await self._sample()

    async def _sample(self) -> None:
        share = await self._share()
        direction_deg = self._vane.direction(share)
        if direction_deg is None:
            self._tell_between(share)
        elif (speed_m_s := self._station.wind_m_s) != 0.0:
            self._log.add(self._station.context.clock.monotonic(), direction_deg, speed_m_s)

    async def _share(self) -> float:
        """Measure which share of the supply comes back from the vane."""
        config = self._config
        supply_v = config.supply_v
        if config.supply_channel is not None:
            supply_v = await self._volts(config.supply_channel)
            if supply_v < LEAST_SUPPLY_V:
                raise HardwareError(
                    f"input {config.supply_channel} sees {supply_v:.2f} V, which is not the vane's supply",
                    hint="wire it to the supply, or leave `supply_channel` out",
                )
        return await self._volts(config.channel) / supply_v

    async def _volts(self, channel: int) -> float:
        context = self._station.context
        async with self._busy:
            adc = self._adc
            if adc is None:
                raise HardwareError("the wind vane was stopped")
            await context.run_blocking(adc.trigger, channel)
            for _ in range(1 + EXTRA_WAITS):
                await context.clock.sleep(CONVERSION_S)
                if (volts := await context.run_blocking(adc.result)) is not None:
                    return volts
        raise HardwareError(
            f"the converter at 0x{self._config.address:02x} never finishes a conversion",
            hint="check the wiring; long cables garble the bus",
        )

    def _tell_between(self, share: float) -> None:
        if not self._told_between:
            self._told_between = True
            self._station.context.log.warning(
                "the wind vane gives %.1f %% of the supply voltage, which is none of its positions "
                "(said once): do `table`, `pull_up_ohm` and `supply_v` fit?",
                100.0 * share,
            )
