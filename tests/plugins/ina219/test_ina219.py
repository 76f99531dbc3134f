from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import voluptuous as vol

import edgepi_ina219
from edgepi.errors import DeviceNotFoundError, HardwareError
from edgepi.model import Supply
from edgepi.plugin import MANIFEST_NAME, Manifest
from edgepi.sim.bus import SimulatedBus
from edgepi.sim.chips import BME280, INA219, Rail
from edgepi.testing.clock import ManualClock
from edgepi.testing.conformance import SupplyMeterConformance
from edgepi.testing.driving import drive
from edgepi.testing.faults import writes_lost
from edgepi.testing.pytest_plugin import ContextFactory
from edgepi_ina219 import plugin
from edgepi_ina219.chip import Ina219
from edgepi_ina219.meter import Ina219Config, Ina219Meter


@pytest.fixture
def rail() -> Rail:
    return Rail(shunt_v=0.05, bus_v=12.8)


@pytest.fixture
def device(simulated_bus: SimulatedBus, rail: Rail) -> INA219:
    chip = INA219(rail)
    simulated_bus.attach(0x40, chip)
    return chip


class TestIna219Meter(SupplyMeterConformance):
    @pytest.fixture
    def make(self, plugin_context: ContextFactory, device: INA219) -> Callable[[], Ina219Meter]:
        return lambda: Ina219Meter(plugin_context(Ina219Config(), plugin="ina219"))


async def measure(context: ContextFactory, clock: ManualClock, config: Ina219Config) -> Supply:
    meter = Ina219Meter(context(config, plugin="ina219", instance="panel"))
    await meter.start()
    return await drive(meter.read(), clock)


@pytest.mark.parametrize("measures", ["input", "battery", "output"])
async def test_fills_the_part_of_the_record_that_it_is_wired_to(
    plugin_context: ContextFactory, manual_clock: ManualClock, device: INA219, measures: str
) -> None:
    config = Ina219Config(measures=measures)  # type: ignore[arg-type]
    supply = await measure(plugin_context, manual_clock, config)
    assert supply.source == "panel"
    assert getattr(supply, f"{measures}_v") == pytest.approx(12.8)
    assert getattr(supply, f"{measures}_a") == pytest.approx(0.5, abs=0.001)
    assert getattr(supply, f"{measures}_w") == pytest.approx(6.4, abs=0.02)
    others = {"input", "battery", "output"} - {measures}
    assert all(getattr(supply, f"{other}_v") is None for other in others)


@pytest.mark.parametrize(
    ("shunt_ohm", "max_a", "current_a"),
    [
        (0.1, 3.2, -1.25),
        (0.01, 20.0, 12.5),
        (0.0015, 50.0, 31.0),
        (0.00075, 100.0, -60.0),
        (0.0001, 1.0, 0.5),
    ],
)
async def test_any_shunt_within_reach_measures_right(  # noqa: PLR0917
    plugin_context: ContextFactory,
    manual_clock: ManualClock,
    device: INA219,
    shunt_ohm: float,
    max_a: float,
    current_a: float,
) -> None:
    device.rail = Rail(shunt_v=current_a * shunt_ohm, bus_v=13.2)
    config = Ina219Config(shunt_ohm=shunt_ohm, max_a=max_a)
    supply = await measure(plugin_context, manual_clock, config)
    step_a = 10e-6 / shunt_ohm
    assert supply.battery_a == pytest.approx(current_a, abs=step_a + 0.001 * abs(current_a))


async def test_a_shunt_wired_the_other_way_round_is_turned(
    plugin_context: ContextFactory, manual_clock: ManualClock, device: INA219
) -> None:
    supply = await measure(plugin_context, manual_clock, Ina219Config(invert=True))
    assert supply.battery_a == pytest.approx(-0.5, abs=0.001)
    assert supply.battery_w == pytest.approx(-6.4, abs=0.02)


async def test_too_much_current_is_said_not_shown(
    plugin_context: ContextFactory, manual_clock: ManualClock, device: INA219
) -> None:
    device.rail = Rail(shunt_v=0.5, bus_v=12.8)
    with pytest.raises(HardwareError, match=r"more than 3\.2 A.*max_a"):
        await measure(plugin_context, manual_clock, Ina219Config())


async def test_a_chip_that_lost_its_settings_is_set_up_anew(
    plugin_context: ContextFactory, manual_clock: ManualClock, device: INA219
) -> None:
    meter = Ina219Meter(plugin_context(Ina219Config()))
    await meter.start()
    device.write_block(0, (0x80, 0x00))
    with pytest.raises(HardwareError, match="was reset"):
        await drive(meter.read(), manual_clock)
    supply = await drive(meter.read(), manual_clock)
    assert supply.battery_a == pytest.approx(0.5, abs=0.001)


async def test_a_measurement_that_never_ends_is_given_up(
    plugin_context: ContextFactory, manual_clock: ManualClock, simulated_bus: SimulatedBus, device: INA219
) -> None:
    meter = Ina219Meter(plugin_context(Ina219Config()))
    await meter.start()
    simulated_bus.write_word_data(0x40, 0, 0)
    with writes_lost(simulated_bus), pytest.raises(HardwareError, match="never finishes"):
        await drive(meter.read(), manual_clock)


async def test_the_chip_sleeps_between_measurements(
    plugin_context: ContextFactory, manual_clock: ManualClock, device: INA219
) -> None:
    meter = Ina219Meter(plugin_context(Ina219Config()))
    await meter.start()
    await drive(meter.read(), manual_clock)
    device.rail = Rail(bus_v=5.0)
    device.step(1.0)
    assert device.read_block(2, 2)[0] == 12800 // 4 << 3 >> 8


def test_a_chip_of_another_kind_is_refused(simulated_bus: SimulatedBus) -> None:
    simulated_bus.attach(0x40, BME280())
    with pytest.raises(DeviceNotFoundError, match="no INA219"):
        Ina219(simulated_bus, 0x40, shunt_ohm=0.1, max_a=3.2)


def test_a_missing_chip_says_what_to_check(simulated_bus: SimulatedBus) -> None:
    with pytest.raises(DeviceNotFoundError, match="A0 and A1"):
        Ina219(simulated_bus, 0x41, shunt_ohm=0.1, max_a=3.2)


def test_a_shunt_too_large_for_its_current_is_refused(simulated_bus: SimulatedBus, device: INA219) -> None:
    with pytest.raises(HardwareError, match="500 mV"):
        Ina219(simulated_bus, 0x40, shunt_ohm=0.1, max_a=5.0)


def test_the_manifest_offers_what_the_plugin_declares() -> None:
    manifest = Manifest.read(Path(edgepi_ina219.__file__).parent / MANIFEST_NAME)
    assert manifest.name == "ina219"
    assert set(manifest.offers) == set(plugin.__all__) - {"config_schema"}


@pytest.mark.parametrize(
    "wrong", [{"measures": "panel"}, {"shunt_ohm": 0}, {"address": 0x76}, {"max_a": "3"}]
)
def test_a_wrong_configuration_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(vol.Invalid):
        vol.Schema(dict(plugin.config_schema().fields))(wrong)


def test_the_configuration_becomes_an_object() -> None:
    schema = plugin.config_schema()
    values = vol.Schema(dict(schema.fields))({"measures": "input", "shunt_ohm": 0.01, "max_a": 20})
    assert schema.build(**values) == Ina219Config(measures="input", shunt_ohm=0.01, max_a=20.0)
