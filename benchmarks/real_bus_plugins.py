"""Whole plugins on the kernel's bus and pins: a power board that asks, a station in wind and rain."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from real_bus_chips import BUS
from real_bus_pins import SimulatedPins, Watcher
from real_bus_rows import Row, about, exact, said

from edgepi.clock import Clock
from edgepi.hardware.linux import LinuxMachine
from edgepi.hardware.linux_bus import LinuxBus
from edgepi.model import WakePlan
from edgepi.plugin import PluginContext
from edgepi.testing.clock import ManualClock
from edgepi.testing.doubles import FakeTimers, build_context
from edgepi_weather.chips.wind import GUST_S
from edgepi_weather.config import RainConfig, WeatherConfig, WindConfig
from edgepi_weather.sensors import RainSensor, WindSensor
from edgepi_weather.station import Station
from edgepi_wittypi.config import WittyPiConfig
from edgepi_wittypi.controller import WittyPiController
from edgepi_wittypi.link import link_of

__all__ = ["board", "station"]

HALT, SYS_UP, WIND, RAIN = 4, 17, 5, 6
REASON, CUT_DELAY, ALARM, BUTTON = 11, 21, 1, 3
LOOKS, CLOSURES_A_LOOK, IN_THE_GUST = 45, 6, 12
M_S_PER_HZ, MM_PER_TIP = 2.4 / 3.6, 0.2794


async def board(machine: LinuxMachine, pins: SimulatedPins, state_dir: Path) -> AsyncIterator[Row]:
    """The Witty Pi 4 as EdgePi's power controller."""
    timers = FakeTimers()
    context = _context(machine, WittyPiConfig(bus=BUS), state_dir, machine.clock, timers)
    controller = WittyPiController(context, link_of(context))
    asked: list[str] = []
    controller.on_shutdown_request = asked.append
    pins.pull(HALT, up=True)
    await controller.start()
    yield exact("controller: the board it found", "Witty Pi 4, firmware revision 7", controller.identity)
    with Watcher(pins, SYS_UP) as watcher:
        await controller.ready()
        await asyncio.sleep(0.05)
    yield exact("controller: pulses of SYS_UP, GPIO17", (2, 2), (len(watcher.rises), len(watcher.falls)))
    pulses = [fall - rise for rise, fall in zip(watcher.rises, watcher.falls, strict=False)]
    shortest_s = min(pulses, default=0.0)
    yield Row("controller: length of the shorter, s", ">= 0.09", f"{shortest_s:.3f}", shortest_s >= 0.09)
    async for row in _asks(machine.i2c(BUS), pins, asked):
        yield row
    wake = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=9)
    receipt = await controller.arm(WakePlan(wake_utc=wake, fallback_hours=12))
    yield exact("controller: the wake that the board holds", wake, receipt.wake_utc)
    await controller.prepare_cut()
    board_waits = link_of(context).quirks.longest_cut_delay
    yield exact(
        "controller: cut delay before a cut", board_waits, machine.i2c(BUS).read_byte_data(0x08, CUT_DELAY)
    )
    await controller.stop()
    line = machine.output_line(SYS_UP)
    yield exact("controller: lets go of its pins", False, pins.value(SYS_UP))
    line.close()


async def _asks(bus: LinuxBus, pins: SimulatedPins, asked: list[str]) -> AsyncIterator[Row]:
    bus.write_byte_data(0x08, REASON, ALARM)
    await _fall(pins)
    yield exact("controller: GPIO4 falls, but the board does not say that it asks", [], asked)
    asked.clear()
    bus.write_byte_data(0x08, REASON, BUTTON)
    await _fall(pins)
    yield said(
        "controller: GPIO4 falls for the button", "the button was pressed", "; ".join(asked) or "nothing"
    )
    yield exact("controller: how often it was told", 1, len(asked))


async def _fall(pins: SimulatedPins) -> None:
    pins.pull(HALT, up=False)
    await asyncio.sleep(0.5)
    pins.pull(HALT, up=True)
    await asyncio.sleep(0.05)


async def station(machine: LinuxMachine, pins: SimulatedPins, state_dir: Path) -> AsyncIterator[Row]:
    """Anemometer and rain gauge; the switches close in real time, the station's clock is moved by hand."""
    clock, timers = ManualClock(), FakeTimers()
    config = WeatherConfig(bus=BUS, air="none", wind=WindConfig(pin=WIND), rain=RainConfig(pin=RAIN))
    weather = Station(_context(machine, config, state_dir, clock, timers))
    assert config.wind is not None
    assert config.rain is not None
    wind, rain = WindSensor(weather, config.wind), RainSensor(weather, config.rain)
    await wind.start()
    await rain.start()
    for look in range(LOOKS):
        closures = IN_THE_GUST if look == LOOKS // 2 else CLOSURES_A_LOOK
        await asyncio.to_thread(pins.pulses, WIND, closures, 1 / 30, bounces=2)
        if look % 9 == 0:
            await asyncio.to_thread(pins.pulses, RAIN, 1, 0.08, bounces=4)
        await asyncio.sleep(0.02)
        await clock.advance(GUST_S)
        await timers["wind"].fire()
    blown = {reading.key: reading.value for reading in await wind.read()}
    fallen = {reading.key: reading.value for reading in await rain.read()}
    total = (LOOKS - 1) * CLOSURES_A_LOOK + IN_THE_GUST
    yield about(
        "weather: wind, m/s", total / (LOOKS * GUST_S) * M_S_PER_HZ, _number(blown["wind_speed"]), 0.006
    )
    yield about("weather: gust, m/s", IN_THE_GUST / GUST_S * M_S_PER_HZ, _number(blown["wind_gust"]), 0.006)
    yield about("weather: rain, mm", 5 * MM_PER_TIP, _number(fallen["rain_total"]), 0.006)
    await wind.stop()
    await rain.stop()


def _context(
    machine: LinuxMachine, config: Any, state_dir: Path, clock: Clock, timers: FakeTimers
) -> PluginContext[Any]:
    state_dir.mkdir(parents=True, exist_ok=True)
    return replace(
        build_context(config=config, clock=clock, state_dir=state_dir, timers=timers), hardware=machine
    )


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None
