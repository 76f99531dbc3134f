from __future__ import annotations

import logging

import pytest

from edgepi.errors import DeviceNotFoundError, EdgePiError, HardwareError
from edgepi.testing.faults import bus_garbage, bus_silent, bus_stuck
from edgepi_weather.chips.vane import KIT_OHM
from edgepi_weather.config import VaneConfig
from tests.plugins.weather.conftest import SUPPLY_V, Kit


@pytest.mark.parametrize("position", KIT_OHM)
async def test_each_position_is_told_through_converter_and_bus(kit: Kit, position: float) -> None:
    kit.point(position)
    sensor = kit.vane()
    await kit.run(sensor.start())
    await kit.blow(30.0)
    assert await kit.read(sensor) == {"wind_direction": position}


async def test_the_direction_is_the_mean_vector_of_ten_minutes(kit: Kit) -> None:
    sensor = kit.vane()
    await kit.run(sensor.start())
    kit.point(337.5)
    await kit.blow(60.0)
    kit.point(22.5)
    await kit.blow(57.0)
    assert await kit.read(sensor) == {"wind_direction": pytest.approx(0.0, abs=1.0)}


async def test_the_vector_is_as_long_as_the_wind_is_strong(kit: Kit) -> None:
    station = kit.station()
    wind, vane = kit.wind(station), kit.vane(station)
    await wind.start()
    await kit.run(vane.start())
    kit.point(0.0)
    await kit.blow(60.0, closures=3)
    kit.point(90.0)
    await kit.blow(60.0, closures=9)
    assert (await kit.read(vane))["wind_direction"] == pytest.approx(71.6, abs=1.0)


async def test_a_calm_has_no_direction_and_leaves_the_bus_alone(kit: Kit) -> None:
    station = kit.station()
    wind, vane = kit.wind(station), kit.vane(station)
    await wind.start()
    await kit.run(vane.start())
    used: list[bool] = []
    kit.bus.faults.delay = lambda: used.append(True)
    await kit.blow(120.0)
    assert not used
    assert await kit.read(vane) == {"wind_direction": None}
    await kit.blow(30.0, closures=3)
    assert await kit.read(vane) == {"wind_direction": 270.0}


async def test_an_open_vane_is_named_and_comes_back(kit: Kit) -> None:
    sensor = kit.vane()
    await kit.run(sensor.start())
    kit.volts[0] = SUPPLY_V
    await kit.blow(30.0)
    with pytest.raises(HardwareError, match="cable is open"):
        await kit.read(sensor)
    kit.point(90.0)
    await kit.blow(30.0)
    assert await kit.read(sensor) == {"wind_direction": 90.0}


async def test_a_shorted_vane_is_named(kit: Kit) -> None:
    sensor = kit.vane()
    kit.volts[0] = 0.001
    with pytest.raises(HardwareError, match="cable is shorted"):
        await kit.read(sensor)


async def test_a_voltage_of_no_position_is_unknown_and_told_once(
    kit: Kit, caplog: pytest.LogCaptureFixture
) -> None:
    sensor = kit.vane()
    kit.volts[0] = 0.50 * SUPPLY_V
    await kit.run(sensor.start())
    with caplog.at_level(logging.WARNING):
        await kit.blow(60.0)
        assert await kit.read(sensor) == {"wind_direction": None}
    (record,) = caplog.records
    assert "gives 50.0 % of the supply voltage, which is none of its positions" in record.message


async def test_a_measured_supply_makes_up_for_one_that_sags(kit: Kit) -> None:
    sensor = kit.vane(kit.station(vane=VaneConfig(supply_channel=1)))
    kit.volts[:2] = [each * 0.93 for each in kit.volts[:2]]
    await kit.run(sensor.start())
    await kit.blow(30.0)
    assert await kit.read(sensor) == {"wind_direction": 270.0}
    kit.volts[1] = 0.0
    with pytest.raises(HardwareError, match=r"input 1 sees 0\.00 V"):
        await kit.read(sensor)


async def test_the_fault_of_one_look_loses_that_look_only(kit: Kit) -> None:
    sensor = kit.vane()
    await kit.run(sensor.start())
    await kit.blow(30.0)
    with bus_silent(kit.bus, 0x48):
        await kit.blow(9.0)
    assert await kit.read(sensor) == {"wind_direction": 270.0}


async def test_a_converter_that_is_gone_is_named_and_comes_back(kit: Kit) -> None:
    sensor = kit.vane()
    with bus_silent(kit.bus, 0x48), pytest.raises(DeviceNotFoundError, match="no ADS1115 answers at 0x48"):
        await kit.read(sensor)
    with bus_stuck(kit.bus), pytest.raises(EdgePiError, match="stuck"):
        await kit.read(sensor)
    await sensor.stop()
    await kit.blow(30.0)
    await kit.run(sensor.start())
    await kit.blow(30.0)
    assert await kit.read(sensor) == {"wind_direction": 270.0}


async def test_noise_points_nowhere(kit: Kit) -> None:
    sensor = kit.vane()
    await kit.run(sensor.start())
    with bus_garbage(kit.bus, 0x48):
        await kit.blow(120.0)
    kit.point(90.0)
    await kit.blow(15.0)
    assert await kit.read(sensor) == {"wind_direction": 90.0}
