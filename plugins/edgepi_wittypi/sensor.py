"""What the dashboard shows of the board."""

from __future__ import annotations

from collections.abc import Sequence

from edgepi.model import DeviceClass, EntityCategory, Reading, ReadingDescription, StateClass, WakeReasonKind
from edgepi.plugin import Sensor
from edgepi_wittypi.charger import CHARGER_STATES, Charger
from edgepi_wittypi.link import Link

__all__ = ["BoardSensor"]

ALL_WELL = "all is well"


class BoardSensor(Sensor):
    """The controller's telemetry as readings, and why the node was switched on."""

    name = "board"
    power_w = 0.0001

    def __init__(self, link: Link) -> None:
        self._link = link
        self.interval_s = link.interval_s

    async def stop(self) -> None:
        """Let go of the charger's pins."""
        if self._link.charger is not None:
            self._link.charger.close()
        self._link.charger = None

    def describe(self) -> Sequence[ReadingDescription]:
        """List the board's readings."""
        return _DESCRIPTIONS

    async def start(self) -> None:
        """Find the board."""
        await self._link.open()
        self.interval_s = self._link.interval_s
        pins = self._link.quirks.charge_pins
        if pins is not None and self._link.charger is None:
            self._link.charger = Charger(self._link.context.hardware, pins)

    async def read(self) -> Sequence[Reading]:
        """The telemetry of the last minute."""
        supply = await self._link.supply()
        reason = self._link.wake_reason
        voltage = supply.battery_v if supply.battery_v is not None else supply.input_v
        return (
            Reading("input_voltage", voltage, supply.time_utc),
            Reading("output_voltage", supply.output_v, supply.time_utc),
            Reading("output_current", supply.output_a, supply.time_utc),
            Reading("output_power", supply.output_w, supply.time_utc),
            Reading("temperature", supply.temperature_c, supply.time_utc),
            Reading("charger", self._link.charger.state() if self._link.charger else None, supply.time_utc),
            Reading("wake_report", reason.text if reason else None, supply.time_utc),
            Reading("board_health", "; ".join(self._link.ailments) or ALL_WELL, supply.time_utc),
            Reading("wake_reason", reason.kind.value if reason else None, supply.time_utc),
        )


def _measured(
    key: str, name: str, unit: str, kind: DeviceClass, *, precision: int, limits: tuple[float, float]
) -> ReadingDescription:
    return ReadingDescription(
        key=key,
        name=name,
        unit=unit,
        device_class=kind,
        state_class=StateClass.MEASUREMENT,
        precision=precision,
        valid_min=limits[0],
        valid_max=limits[1],
    )


_DESCRIPTIONS = (
    _measured("input_voltage", "Input voltage", "V", DeviceClass.VOLTAGE, precision=2, limits=(0.0, 35.0)),
    _measured("output_voltage", "Output voltage", "V", DeviceClass.VOLTAGE, precision=2, limits=(0.0, 7.0)),
    _measured("output_current", "Output current", "A", DeviceClass.CURRENT, precision=2, limits=(0.0, 6.0)),
    _measured("output_power", "Output power", "W", DeviceClass.POWER, precision=2, limits=(0.0, 42.0)),
    _measured(
        "temperature", "Board temperature", "°C", DeviceClass.TEMPERATURE, precision=1, limits=(-55.0, 125.0)
    ),
    ReadingDescription(
        key="charger",
        name="Charger",
        device_class=DeviceClass.ENUM,
        category=EntityCategory.DIAGNOSTIC,
        options=CHARGER_STATES,
    ),
    ReadingDescription(key="board_health", name="Board health", category=EntityCategory.DIAGNOSTIC),
    ReadingDescription(key="wake_report", name="Last switched on", category=EntityCategory.DIAGNOSTIC),
    ReadingDescription(
        key="wake_reason",
        name="Switched on because",
        device_class=DeviceClass.ENUM,
        category=EntityCategory.DIAGNOSTIC,
        options=tuple(kind.value for kind in WakeReasonKind),
    ),
)
