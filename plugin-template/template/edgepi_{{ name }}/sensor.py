"""A thermometer of the LM75 family."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from edgepi.errors import HardwareError
from edgepi.model import DeviceClass, Reading, ReadingDescription, StateClass
from edgepi.plugin import PluginContext, Sensor

__all__ = ["{{ class_name }}Config", "{{ class_name }}Sensor", "celsius"]

TEMPERATURE = 0x00  # register: 9 to 12 bits, high byte first, left-aligned
STEP_C = 1 / 256
LOWEST_C, HIGHEST_C = -55.0, 125.0


@dataclass(frozen=True, slots=True, kw_only=True)
class {{ class_name }}Config:
    """The plugin's section of edgepi.yaml; *interval* in seconds."""

    bus: int = 1
    address: int = 0x48
    interval: float = 60.0


class {{ class_name }}Sensor(Sensor):
    """Measures the temperature."""

    name = "{{ name }}"
    power_w = 0.001

    def __init__(self, context: PluginContext[{{ class_name }}Config]) -> None:
        self._context = context
        self.interval_s = context.config.interval

    def describe(self) -> Sequence[ReadingDescription]:
        """List what is measured."""
        return [
            ReadingDescription(
                key="temperature",
                name="Temperature",
                unit="°C",
                device_class=DeviceClass.TEMPERATURE,
                state_class=StateClass.MEASUREMENT,
                precision=1,
                valid_min=LOWEST_C,
                valid_max=HIGHEST_C,
            )
        ]

    async def read(self) -> Sequence[Reading]:
        """Measure now; an error of the bus makes the reading unavailable until it answers again."""
        raw = await self._context.run_blocking(self._read_register)
        return [Reading("temperature", celsius(raw))]

    def _read_register(self) -> int:
        config = self._context.config
        bus = self._context.hardware.i2c(config.bus)
        high, low = bus.read_i2c_block_data(config.address, TEMPERATURE, 2)
        return high << 8 | low


def celsius(raw: int) -> float:
    """Turn the register's 16 bits, two's complement, into degrees Celsius.

    Raises:
        HardwareError: the chip cannot measure that; the wires are bad.
    """
    value = (raw - 0x10000 if raw & 0x8000 else raw) * STEP_C
    if not LOWEST_C <= value <= HIGHEST_C:
        raise HardwareError(f"the thermometer says {value:.1f} °C", hint="check the wires")
    return value
