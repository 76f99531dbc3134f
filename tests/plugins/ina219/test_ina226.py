from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from edgepi.errors import DeviceNotFoundError, HardwareError
from edgepi.model import Supply
from edgepi.sim.bus import SimulatedBus
from edgepi.sim.chips import INA219, Rail
from edgepi.sim.chips.ina226 import INA226
from edgepi.testing.clock import ManualClock
from edgepi.testing.conformance import SupplyMeterConformance
from edgepi.testing.driving import drive
from edgepi.testing.faults import writes_lost
from edgepi.testing.pytest_plugin import ContextFactory
from edgepi_ina219.ina226 import Ina226
from edgepi_ina219.meter import Ina219Config, Ina219Meter

FINE: dict[str, Any] = {"shunt_ohm": 0.01, "max_a": 8.0}


@pytest.fixture
def device(simulated_bus: SimulatedBus) -> INA226:
    chip = INA226(Rail(shunt_v=0.05, bus_v=12.8))
    simulated_bus.attach(0x40, chip)
    return chip


class TestIna226Meter(SupplyMeterConformance):
    @pytest.fixture
    def make(self, plugin_context: ContextFactory, device: INA226) -> Callable[[], Ina219Meter]:
        return lambda: Ina219Meter(plugin_context(Ina219Config(**FINE), plugin="ina219"))


async def measure(context: ContextFactory, clock: ManualClock, **keys: Any) -> Supply:
    meter = Ina219Meter(context(Ina219Config(**keys), plugin="ina219", instance="panel"))
    await meter.start()
    return await drive(meter.read(), clock)


@pytest.mark.parametrize("chip", ["auto", "ina226"])
async def test_it_is_known_by_its_name_and_measures_finely(
    plugin_context: ContextFactory, manual_clock: ManualClock, device: INA226, chip: str
) -> None:
    device.rail = Rail(shunt_v=0.0123425, bus_v=12.80375)
    supply = await measure(plugin_context, manual_clock, chip=chip, measures="output", **FINE)
    assert supply.output_v == pytest.approx(12.80375, abs=0.001)
    assert supply.output_a == pytest.approx(1.23425, abs=0.0005)
    assert supply.output_w == pytest.approx(15.803, abs=0.01)


async def test_the_other_chip_is_found_as_before(
    plugin_context: ContextFactory, manual_clock: ManualClock, simulated_bus: SimulatedBus
) -> None:
    simulated_bus.attach(0x40, INA219(Rail(shunt_v=0.05, bus_v=12.8)))
    assert (await measure(plugin_context, manual_clock)).battery_a == pytest.approx(0.5, abs=0.001)


@pytest.mark.parametrize(("chip", "there"), [("ina226", INA219), ("ina219", INA226)])
async def test_a_chip_that_is_not_the_one_named_is_refused(
    plugin_context: ContextFactory,
    manual_clock: ManualClock,
    simulated_bus: SimulatedBus,
    chip: str,
    there: Any,
) -> None:
    simulated_bus.attach(0x40, there(Rail()))
    with pytest.raises(DeviceNotFoundError, match=f"no {chip.upper()}"):
        await measure(plugin_context, manual_clock, chip=chip, shunt_ohm=0.01)


async def test_a_missing_chip_of_either_kind_says_what_to_check(
    plugin_context: ContextFactory, manual_clock: ManualClock
) -> None:
    with pytest.raises(DeviceNotFoundError, match=r"neither an INA219 nor an INA226.*A0 and A1"):
        await measure(plugin_context, manual_clock)


async def test_without_a_largest_current_it_takes_what_it_can_measure(
    plugin_context: ContextFactory, manual_clock: ManualClock, device: INA226
) -> None:
    device.rail = Rail(shunt_v=0.08, bus_v=5.0)
    assert (await measure(plugin_context, manual_clock)).battery_a == pytest.approx(0.8, abs=0.001)


async def test_too_much_current_is_said_not_shown(
    plugin_context: ContextFactory, manual_clock: ManualClock, device: INA226
) -> None:
    device.rail = Rail(shunt_v=-0.2, bus_v=12.8)
    with pytest.raises(HardwareError, match=r"more than 8 A.*max_a"):
        await measure(plugin_context, manual_clock, **FINE)


def test_a_shunt_too_large_for_its_current_is_refused(simulated_bus: SimulatedBus, device: INA226) -> None:
    with pytest.raises(HardwareError, match=r"320 mV.*81\.9 mV"):
        Ina226(simulated_bus, 0x40, shunt_ohm=0.1, max_a=3.2)


async def test_a_chip_that_was_swapped_or_reset_is_set_up_anew(
    plugin_context: ContextFactory, manual_clock: ManualClock, device: INA226, simulated_bus: SimulatedBus
) -> None:
    meter = Ina219Meter(plugin_context(Ina219Config(**FINE)))
    await drive(meter.read(), manual_clock)
    simulated_bus.attach(0x40, INA219(Rail(shunt_v=0.02, bus_v=12.0)))
    with pytest.raises(HardwareError):
        await drive(meter.read(), manual_clock)
    supply = await drive(meter.read(), manual_clock)
    assert supply.battery_a == pytest.approx(2.0, abs=0.01)


async def test_the_chip_sleeps_between_measurements(
    plugin_context: ContextFactory, manual_clock: ManualClock, device: INA226
) -> None:
    meter = Ina219Meter(plugin_context(Ina219Config(**FINE)))
    await drive(meter.read(), manual_clock)
    device.rail = Rail(bus_v=5.0)
    device.step(1.0)
    assert device.read_block(2, 2) == list((10240).to_bytes(2, "big"))


async def test_a_measurement_that_never_ends_is_given_up(
    plugin_context: ContextFactory, manual_clock: ManualClock, simulated_bus: SimulatedBus, device: INA226
) -> None:
    meter = Ina219Meter(plugin_context(Ina219Config(**FINE)))
    await meter.start()
    simulated_bus.write_word_data(0x40, 0, 0x0040)  # asleep
    with writes_lost(simulated_bus), pytest.raises(HardwareError, match=r"INA226.*never finishes"):
        await drive(meter.read(), manual_clock)
