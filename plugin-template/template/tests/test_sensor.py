"""The sensor measures right on a simulated bus, and does what EdgePi expects of every sensor."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from edgepi.errors import BusError
from edgepi.sim.bus import SimulatedBus
from edgepi.testing.conformance import SensorConformance
from edgepi.testing.pytest_plugin import ContextFactory

from edgepi_{{ name }}.sensor import {{ class_name }}Config, {{ class_name }}Sensor, celsius

ADDRESS = 0x48


class Thermometer:
    """An LM75 that holds still at one temperature."""

    def __init__(self, raw: int) -> None:
        self.raw = raw

    def read(self, register: int) -> int:
        return (self.raw >> (8 if register == 0 else 0)) & 0xFF

    def write(self, register: int, value: int) -> None:
        """Nothing to set."""

    def step(self, dt_s: float) -> None:
        """Nothing changes."""


class Test{{ class_name }}(SensorConformance):
    """Every test that EdgePi has for sensors: gone devices, garbage, restarts, blocking calls."""

    @pytest.fixture
    def make(
        self, plugin_context: ContextFactory, simulated_bus: SimulatedBus
    ) -> Callable[[], {{ class_name }}Sensor]:
        """Build a fresh sensor on a working chip."""
        simulated_bus.attach(ADDRESS, Thermometer(0x1900))
        return lambda: {{ class_name }}Sensor(plugin_context({{ class_name }}Config()))


@pytest.mark.parametrize(
    ("raw", "expected"), [(0x7D00, 125.0), (0x1900, 25.0), (0x0080, 0.5), (0xE700, -25.0)]
)
def test_registers_become_degrees_as_the_data_sheet_says(raw: int, expected: float) -> None:
    assert celsius(raw) == expected


async def test_a_reading_comes_from_the_bus(
    plugin_context: ContextFactory, simulated_bus: SimulatedBus
) -> None:
    simulated_bus.attach(ADDRESS, Thermometer(0x1580))
    sensor = {{ class_name }}Sensor(plugin_context({{ class_name }}Config()))
    (reading,) = await sensor.read()
    assert (reading.key, reading.value) == ("temperature", 21.5)


async def test_a_chip_that_does_not_answer_is_an_error(plugin_context: ContextFactory) -> None:
    sensor = {{ class_name }}Sensor(plugin_context({{ class_name }}Config()))
    with pytest.raises(BusError):
        await sensor.read()
