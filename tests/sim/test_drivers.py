"""The real drivers, as they are, on the world's bus and pins."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from edgepi.hardware import Machine, open_hardware
from edgepi.plugin import PluginContext
from edgepi.sim.draw import NodeState
from edgepi.sim.simulation import Simulation
from edgepi.testing.doubles import FakeTimers, build_context
from edgepi_ina219.meter import Ina219Config, Ina219Meter
from edgepi_weather.config import RainConfig, VaneConfig, WeatherConfig, WindConfig
from edgepi_weather.plugin import sensors


@pytest.fixture
async def machine(served: Path, simulation: Simulation) -> AsyncIterator[Machine]:
    async with open_hardware(served, allow_halt=True) as opened, asyncio.timeout(30):
        while not simulation.world.rail_on:
            await opened.clock.sleep(0.5)
        simulation.keeper.ask(1.0)
        simulation.world.node = NodeState.UP
        yield opened


def context(
    machine: Machine, path: Path, config: Any, timers: FakeTimers | None = None
) -> PluginContext[Any]:
    hardware: Any = machine
    return build_context(config=config, clock=machine.clock, state_dir=path, hardware=hardware, timers=timers)


async def test_the_weather_driver_reads_the_worlds_air(
    machine: Machine, simulation: Simulation, tmp_path: Path
) -> None:
    (sensor,) = sensors(context(machine, tmp_path, WeatherConfig()))
    await sensor.start()
    read = {reading.key: reading.value for reading in await sensor.read()}
    await sensor.stop()
    air = simulation.world.weather
    assert read["temperature"] == pytest.approx(air.temperature_c, abs=0.1)
    assert read["pressure"] == pytest.approx(air.pressure_hpa, abs=0.5)
    assert read["humidity"] == pytest.approx(air.humidity_percent, abs=0.5)


async def test_the_weather_drivers_see_the_worlds_wind_and_rain(
    machine: Machine, simulation: Simulation, tmp_path: Path
) -> None:
    config = WeatherConfig(
        air="none", wind=WindConfig(pin=5), vane=VaneConfig(supply_channel=3), rain=RainConfig(pin=6)
    )
    timers = FakeTimers()
    devices = list(sensors(context(machine, tmp_path, config, timers=timers)))
    for device in devices:
        await device.start()
    simulation.keeper.ask(60.0)
    speeds, directions, since = [], [], simulation.world.pulses.totals
    for _ in range(45):
        await machine.clock.sleep(3.0)
        await timers["wind"].fire()
        speeds.append(simulation.world.weather.wind_speed_m_s)
        directions.append(simulation.world.weather.wind_direction_deg)
    simulation.keeper.ask(1.0)
    read: dict[str, Any] = {
        reading.key: reading.value for device in devices for reading in await device.read()
    }
    tips = simulation.world.pulses.totals[6] - since[6]
    for device in devices:
        await device.stop()
    assert read["wind_speed"] == pytest.approx(sum(speeds) / len(speeds), rel=0.2, abs=0.2)
    assert min(abs(read["wind_direction"] - each) % 360.0 for each in directions) < 30.0
    assert read["rain_total"] == pytest.approx(0.2794 * tips, abs=0.6)


async def test_the_meters_see_panel_and_battery(
    machine: Machine, simulation: Simulation, tmp_path: Path
) -> None:
    panel = Ina219Meter(context(machine, tmp_path, Ina219Config(address=0x40, measures="input")))
    battery = Ina219Meter(context(machine, tmp_path, Ina219Config(address=0x41, measures="battery")))
    into, store = await panel.read(), await battery.read()
    world = simulation.world
    assert world.panel_w > 3.0
    assert into.input_w == pytest.approx(world.battery.accepted_w, rel=0.01, abs=0.02)
    assert store.battery_v == pytest.approx(world.battery.terminal_v, abs=0.01)
    assert store.battery_a == pytest.approx(world.battery.current_a, abs=0.002)


async def test_the_board_driver_arms_the_worlds_board(
    machine: Machine, simulation: Simulation, tmp_path: Path
) -> None:
    from edgepi.model import WakePlan
    from edgepi_wittypi.config import WittyPiConfig
    from edgepi_wittypi.plugin import power_controllers

    simulation.world.set_line(14, high=True)
    (board,) = power_controllers(context(machine, tmp_path, WittyPiConfig()))
    await board.start()
    await board.ready()
    supply = await board.read()
    assert supply.battery_v == pytest.approx(simulation.world.battery.terminal_v, abs=0.07)
    wake = machine.clock.now() + timedelta(hours=3)
    receipt = await board.arm(WakePlan(wake_utc=wake))
    assert receipt.certain, receipt.doubts
    await asyncio.sleep(0)
    await board.stop()
