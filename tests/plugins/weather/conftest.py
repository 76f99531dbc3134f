from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from edgepi.errors import HardwareError
from edgepi.plugin import I2CBus, PluginContext
from edgepi.sim.bus import SimulatedBus
from edgepi.sim.chips import ADS1115, BME280, Air
from edgepi.testing.clock import ManualClock
from edgepi.testing.doubles import FakeHardware, FakeLine, FakeTimers, run_in_thread
from edgepi.testing.driving import drive
from edgepi.testing.pytest_plugin import ContextFactory
from edgepi_weather.chips.vane import KIT_OHM
from edgepi_weather.config import RainConfig, VaneConfig, WeatherConfig, WindConfig
from edgepi_weather.sensors import AirSensor, RainSensor, VaneSensor, WindSensor
from edgepi_weather.station import Station

WIND_PIN, RAIN_PIN = 5, 6
SUPPLY_V = 3.3


class FlakyLine(FakeLine):
    """A counter that can fail."""

    broken: set[int]

    def total(self) -> int:
        """Closures so far."""
        if self.pin in self.broken:
            raise HardwareError(f"GPIO{self.pin} cannot be read")
        return self.count


class FlakyHardware(FakeHardware):
    """Hardware whose counters can be *broken*, or *taken* by another program."""

    def __init__(self, buses: dict[int, I2CBus]) -> None:
        super().__init__(buses)
        self.broken: set[int] = set()
        self.taken: set[int] = set()

    def pulse_counter(self, pin: int, *, pull_up: bool = True, bounce_s: float = 0.002) -> FakeLine:
        """Count pulses."""
        del bounce_s
        if pin in self.taken:
            raise HardwareError(f"GPIO{pin} cannot be used: Device or resource busy", hint="see `gpioinfo`")
        line = FlakyLine(pin, pull_up)
        line.broken = self.broken
        self.counters[pin] = line
        return line


class Kit:
    """A station on simulated hardware that a test blows, rains and turns on.

    *volts* are those of the converter's four inputs; the vane is on the first.
    """

    def __init__(
        self, contexts: ContextFactory, hardware: FakeHardware, clock: ManualClock, timers: FakeTimers
    ) -> None:
        self._contexts = contexts
        self._in_threads = 0
        self._look_s = 0.0
        self.hardware, self.clock, self.timers = hardware, clock, timers
        self.volts = [0.0, SUPPLY_V, 0.0, 0.0]
        self.point(270.0)
        self.adc = ADS1115(lambda number: self.volts[number])
        self.bme280 = BME280(Air(21.5, 987.6, 43.0))
        self.bus.attach(0x48, self.adc)
        self.bus.attach(0x76, self.bme280)

    @property
    def bus(self) -> SimulatedBus:
        bus = self.hardware.buses[1]
        assert isinstance(bus, SimulatedBus)
        return bus

    def context(self, **changes: Any) -> PluginContext[WeatherConfig]:
        values: dict[str, Any] = {
            "wind": WindConfig(pin=WIND_PIN),
            "vane": VaneConfig(),
            "rain": RainConfig(pin=RAIN_PIN),
        }
        context = self._contexts(WeatherConfig(**(values | changes)), plugin="weather", instance="roof")
        return replace(context, run_blocking=self._run_blocking)

    async def _run_blocking(self, function: Callable[..., Any], /, *args: Any) -> Any:
        self._in_threads += 1
        try:
            return await run_in_thread(function, *args)
        finally:
            self._in_threads -= 1

    async def settle(self) -> None:
        """Let everything end that a thread or a conversion is still busy with."""
        for _ in range(10):
            await self.clock.advance(0.02)
            await self._threads()

    def station(self, **changes: Any) -> Station:
        return Station(self.context(**changes))

    def air(self, station: Station | None = None) -> AirSensor:
        return AirSensor(station or self.station())

    def wind(self, station: Station | None = None) -> WindSensor:
        station = station or self.station()
        assert station.context.config.wind is not None
        return WindSensor(station, station.context.config.wind)

    def vane(self, station: Station | None = None) -> VaneSensor:
        station = station or self.station()
        assert station.context.config.vane is not None
        return VaneSensor(station, station.context.config.vane)

    def rain(self, station: Station | None = None) -> RainSensor:
        station = station or self.station()
        assert station.context.config.rain is not None
        return RainSensor(station, station.context.config.rain)

    def point(self, position_deg: float) -> None:
        """Turn the vane."""
        ohm = KIT_OHM[position_deg]
        self.volts[0] = SUPPLY_V * ohm / (ohm + 10000.0)

    async def blow(self, seconds: float, *, closures: int = 0) -> None:
        """Let time pass in steps of three seconds, with so many closures of the anemometer in each."""
        for _ in range(round(seconds / 3.0)):
            await self.clock.advance(self._until_next())
            await self._threads()
            if WIND_PIN in self.hardware.counters:
                self.hardware.counters[WIND_PIN].count += closures
            for timer in [each for each in self.timers.all if each.name == "wind" and not each.cancelled]:
                await timer.fire()
                await self._looked()

    def _until_next(self) -> float:
        """Seconds to the next look, which comes each three seconds however long the last one took."""
        now_s = self.clock.monotonic()
        self._look_s = max(self._look_s, now_s - 3.0) + 3.0
        return self._look_s - now_s

    def tip(self, times: int) -> None:
        """Let the bucket tip."""
        self.hardware.counters[RAIN_PIN].count += times

    async def read(self, sensor: AirSensor | WindSensor | VaneSensor | RainSensor) -> dict[str, Any]:
        """Start it if it is not, and read it."""
        readings = await drive(self._read(sensor), self.clock, step_s=0.01)
        return {reading.key: reading.value for reading in readings}

    async def run(self, work: Any) -> Any:
        """Await something while the clock goes on."""
        return await drive(work, self.clock, step_s=0.01)

    async def _threads(self) -> None:
        while self._in_threads:  # noqa: ASYNC110 (threads tell nobody)
            await asyncio.sleep(0.001)

    async def _looked(self) -> None:
        """Wait until whoever looks each three seconds has done so; no time passes but what that takes."""
        while any(task.get_name().startswith("weather look") for task in asyncio.all_tasks()):
            await self._threads()
            await self.clock.advance(0.01)

    @staticmethod
    async def _read(sensor: AirSensor | WindSensor | VaneSensor | RainSensor) -> list[Any]:
        return list(await sensor.read())


@pytest.fixture
def fake_hardware(simulated_bus: SimulatedBus) -> FlakyHardware:
    return FlakyHardware({1: simulated_bus})


@pytest.fixture
def kit(
    plugin_context: ContextFactory,
    fake_hardware: FakeHardware,
    manual_clock: ManualClock,
    fake_timers: FakeTimers,
) -> Kit:
    return Kit(plugin_context, fake_hardware, manual_clock, fake_timers)
