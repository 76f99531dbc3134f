"""The weather as a sensor of EdgePi."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from edgepi.model import DeviceClass, Reading, ReadingDescription, StateClass
from edgepi.plugin import PluginContext, Sensor
from edgepi_weather.chip import Bme280

__all__ = ["WeatherConfig", "WeatherSensor"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WeatherConfig:
    """Section ``weather``; *address* None tries both."""

    bus: int = 1
    address: int | None = None
    interval: float = 60.0


class WeatherSensor(Sensor):
    """Temperature, humidity and pressure of one BME280."""

    name = "bme280"
    # Once a minute the chip itself takes less than 1 uW (data sheet: 3.6 uA at one measurement a second,
    # 0.1 uA asleep); the rest is the computer, awake for some milliseconds of one core at about 1 W.
    power_w = 0.0001

    def __init__(self, context: PluginContext[WeatherConfig]) -> None:
        self._context = context
        self._chip: Bme280 | None = None
        self.interval_s = context.config.interval

    def describe(self) -> Sequence[ReadingDescription]:
        """List the three quantities."""
        return _DESCRIPTIONS

    async def start(self) -> None:
        """Find the chip and read its calibration."""
        self._chip = await self._context.run_blocking(self._open)
        self._context.log.info("BME280 found at 0x%02x", self._chip.address)

    async def read(self) -> Sequence[Reading]:
        """Measure once."""
        if self._chip is None:
            await self.start()
        assert self._chip is not None
        sample = await self._context.run_blocking(self._chip.sample)
        return (
            Reading("temperature", round(sample.temperature_c, 2)),
            Reading("humidity", round(sample.humidity_percent, 2)),
            Reading("pressure", round(sample.pressure_hpa, 2)),
        )

    async def stop(self) -> None:
        """Forget the chip; it sleeps by itself."""
        self._chip = None

    def _open(self) -> Bme280:
        config = self._context.config
        return Bme280(self._context.hardware.i2c(config.bus), config.address)


_DESCRIPTIONS = (
    ReadingDescription(
        key="temperature",
        name="Temperature",
        unit="°C",
        device_class=DeviceClass.TEMPERATURE,
        state_class=StateClass.MEASUREMENT,
        precision=1,
        valid_min=-40.0,
        valid_max=85.0,
    ),
    ReadingDescription(
        key="humidity",
        name="Humidity",
        unit="%",
        device_class=DeviceClass.HUMIDITY,
        state_class=StateClass.MEASUREMENT,
        precision=0,
        valid_min=0.0,
        valid_max=100.0,
    ),
    ReadingDescription(
        key="pressure",
        name="Air pressure",
        unit="hPa",
        device_class=DeviceClass.ATMOSPHERIC_PRESSURE,
        state_class=StateClass.MEASUREMENT,
        precision=1,
        valid_min=300.0,
        valid_max=1100.0,
    ),
)
