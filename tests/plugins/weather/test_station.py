"""A whole station as the node polls it: what one device cannot tell leaves the others known."""

from __future__ import annotations

import logging

import pytest

from edgepi.model import Availability, State
from edgepi.runtime.bus import EventBus
from edgepi.runtime.readings import ReadingDesk
from edgepi.runtime.sensors import OFF_REASON, SensorDuty
from edgepi.runtime.states import StateStore
from edgepi.testing.faults import bus_silent, bus_stuck
from edgepi_weather.sensors import sensors_of
from tests.plugins.weather.conftest import RAIN_PIN, SUPPLY_V, WIND_PIN, FlakyHardware, Kit

KNOWN, UNKNOWN, UNAVAILABLE = Availability.KNOWN, Availability.UNKNOWN, Availability.UNAVAILABLE


class Roof:
    """The station's sensors, polled and written as states."""

    def __init__(self, kit: Kit) -> None:
        self.kit = kit
        self.states = StateStore(EventBus(), kit.clock)
        log = logging.getLogger("edgepi.plugins.roof")
        desk = ReadingDesk(plugin="weather", instance="roof", states=self.states, settings={}, log=log)
        sensors = tuple(sensors_of(kit.station()))
        for sensor in sensors:
            desk.describe(sensor.describe())
        self.duty = SensorDuty(name="roof", sensors=sensors, desk=desk, clock=kit.clock, log=log)

    def state(self, key: str) -> State:
        state = self.states.get(f"roof.{key}")
        assert state is not None
        return state

    async def blow(self, seconds: float, *, closures: int = 0) -> None:
        """Let the wind blow, and the last readings come in."""
        await self.kit.blow(seconds, closures=closures)
        await self.kit.settle()

    def availability(self) -> dict[str, Availability]:
        keys = ("temperature", "wind_speed", "wind_direction", "rain_total")
        return {key: self.state(key).availability for key in keys}


@pytest.fixture
def roof(kit: Kit) -> Roof:
    return Roof(kit)


async def test_a_station_knows_all_but_what_takes_hours(roof: Roof, kit: Kit) -> None:
    await roof.duty.apply("full")
    await roof.blow(240.0, closures=9)
    assert set(roof.availability().values()) == {KNOWN}
    assert roof.state("wind_speed").value == pytest.approx(2.0, abs=0.1)
    assert roof.state("wind_direction").value == 270.0
    assert roof.state("apparent_temperature").availability is KNOWN
    assert roof.state("rain_today").availability is UNKNOWN
    await kit.run(roof.duty.stop())
    assert kit.hardware.counters[WIND_PIN].closed
    assert kit.hardware.counters[RAIN_PIN].closed


async def test_a_vane_that_is_gone_leaves_the_rest_known_and_comes_back(roof: Roof, kit: Kit) -> None:
    await roof.duty.apply("full")
    await roof.blow(240.0, closures=9)
    with bus_silent(kit.bus, 0x48):
        await roof.blow(120.0, closures=9)
        availability = roof.availability()
        assert availability.pop("wind_direction") is UNAVAILABLE
        assert set(availability.values()) == {KNOWN}
        assert "0x48" in str(roof.state("wind_direction").reason)
    await roof.blow(300.0, closures=9)
    assert set(roof.availability().values()) == {KNOWN}
    await kit.run(roof.duty.stop())


async def test_an_open_vane_is_unavailable_with_its_reason(roof: Roof, kit: Kit) -> None:
    kit.volts[0] = SUPPLY_V
    await roof.duty.apply("full")
    await roof.blow(180.0, closures=9)
    state = roof.state("wind_direction")
    assert state.availability is UNAVAILABLE
    assert "cable is open" in str(state.reason)
    assert roof.state("wind_speed").availability is KNOWN
    await kit.run(roof.duty.stop())


async def test_a_stuck_bus_leaves_what_is_counted_known(roof: Roof, kit: Kit) -> None:
    await roof.duty.apply("full")
    await roof.blow(240.0, closures=9)
    with bus_stuck(kit.bus):
        await roof.blow(120.0, closures=9)
        assert roof.availability() == {
            "temperature": UNAVAILABLE,
            "wind_speed": KNOWN,
            "wind_direction": UNAVAILABLE,
            "rain_total": KNOWN,
        }
    await roof.blow(300.0, closures=9)
    assert set(roof.availability().values()) == {KNOWN}
    await kit.run(roof.duty.stop())


async def test_a_pin_that_is_taken_costs_its_device_only(
    roof: Roof, kit: Kit, fake_hardware: FlakyHardware
) -> None:
    fake_hardware.taken.add(RAIN_PIN)
    await roof.duty.apply("full")
    await roof.blow(240.0, closures=9)
    state = roof.state("rain_total")
    assert state.availability is UNAVAILABLE
    assert "GPIO6 cannot be used" in str(state.reason)
    assert roof.state("wind_speed").availability is KNOWN
    fake_hardware.taken.clear()
    await roof.blow(600.0, closures=9)
    assert roof.state("rain_total").availability is KNOWN
    await kit.run(roof.duty.stop())


async def test_while_energy_is_saved_nobody_counts_and_afterwards_that_is_no_calm(
    roof: Roof, kit: Kit
) -> None:
    await roof.duty.apply("full")
    await roof.blow(240.0, closures=9)
    await kit.run(roof.duty.apply("off"))
    assert roof.state("wind_speed").reason == OFF_REASON
    await roof.blow(300.0)
    await roof.duty.apply("full")
    await roof.blow(63.0, closures=9)
    assert roof.state("wind_speed").value == pytest.approx(2.0, abs=0.1)
    await kit.run(roof.duty.stop())


async def test_at_a_saver_level_the_wind_is_still_sampled_each_three_seconds(roof: Roof, kit: Kit) -> None:
    await roof.duty.apply("saver")
    await kit.blow(300.0, closures=9)
    await kit.blow(3.0, closures=90)
    await roof.blow(300.0, closures=9)
    assert roof.state("wind_gust").value == pytest.approx(20.0, abs=0.1)
    await kit.run(roof.duty.stop())
