"""The energy states of the dashboard and of history."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from edgepi.budget.measuring import Measuring
from edgepi.energy import Verdict
from edgepi.model import Availability, DeviceClass, EntityCategory, ReadingDescription, StateClass, Value
from edgepi.runtime.states import EntityInfo, StateStore

__all__ = ["ENTITIES", "EnergyEntities", "entity_key"]

INSTANCE = "energy"
_D, _S = DeviceClass, StateClass


def _power(key: str, name: str) -> ReadingDescription:
    return ReadingDescription(
        key=key, name=name, unit="W", device_class=_D.POWER, state_class=_S.MEASUREMENT, precision=2
    )


def _energy(key: str, name: str, kind: StateClass) -> ReadingDescription:
    return ReadingDescription(
        key=key, name=name, unit="Wh", device_class=_D.ENERGY, state_class=kind, precision=2
    )


ENTITIES: tuple[ReadingDescription, ...] = (
    ReadingDescription(
        key="battery_soc",
        name="Battery",
        unit="%",
        device_class=_D.BATTERY,
        state_class=_S.MEASUREMENT,
        precision=1,
    ),
    ReadingDescription(
        key="battery_voltage",
        name="Battery voltage",
        unit="V",
        device_class=_D.VOLTAGE,
        state_class=_S.MEASUREMENT,
        precision=2,
    ),
    _power("harvest_power", "Harvest"),
    _power("load_power", "Load"),
    ReadingDescription(
        key="stored",
        name="Stored",
        unit="Wh",
        device_class=_D.ENERGY_STORAGE,
        state_class=_S.MEASUREMENT,
        precision=1,
    ),
    _energy("harvested_total", "Harvested since installation", _S.TOTAL_INCREASING),
    _energy("used_total", "Used since installation", _S.TOTAL),
    _energy("balance_today", "Balance today", _S.TOTAL),
    ReadingDescription(key="price", name="Price", unit="points/Wh", state_class=_S.MEASUREMENT, precision=3),
    ReadingDescription(key="next_wake", name="Next wake", device_class=_D.TIMESTAMP),
    ReadingDescription(
        key="guard",
        name="Guard in force",
        device_class=_D.ENUM,
        options=("none", "run", "commit"),
        category=EntityCategory.DIAGNOSTIC,
    ),
)


def entity_key(consumer: str) -> str:
    """Key of a consumer's power: lower case letters, digits and underscores."""
    return re.sub(r"[^a-z0-9_]+", "_", consumer.lower()).strip("_") + "_power"


class EnergyEntities:
    """Writes the states ``energy.*``; a value that is not known is left unknown, never zero."""

    def __init__(self, states: StateStore) -> None:
        self._states = states
        self._precision: dict[str, int | None] = {}

    def describe(self, descriptions: Iterable[ReadingDescription] = ENTITIES) -> None:
        """Announce entities."""
        for description in descriptions:
            self._precision[description.key] = description.precision
            info = EntityInfo(description=description, plugin=INSTANCE, instance=INSTANCE)
            self._states.describe(f"{INSTANCE}.{description.key}", info)

    def write(self, values: Mapping[str, Value | None], reasons: Mapping[str, str] | None = None) -> None:
        """Write states by key."""
        for key, value in values.items():
            precision = self._precision.get(key)
            if isinstance(value, float) and precision is not None:
                value = round(value, precision)  # noqa: PLW2901 (the same value, shorter)
            self._states.set(f"{INSTANCE}.{key}", value, source=INSTANCE, reason=(reasons or {}).get(key))

    def write_all(
        self, measuring: Measuring, verdict: Verdict, next_wake_utc: datetime | None, now_utc: datetime
    ) -> None:
        """Write what was measured, booked and decided."""
        now, ledger = measuring.now, measuring.ledger
        self.write(
            {
                "battery_soc": None if now.soc is None else now.soc.soc * 100,
                "battery_voltage": now.supply.battery_v if now.supply else None,
                "harvest_power": now.harvest_w,
                "load_power": now.load_w,
                "stored": None if now.soc is None else now.soc.soc * measuring.battery.capacity_wh,
                "harvested_total": ledger.total.harvested_wh,
                "used_total": ledger.total.total_used_wh,
                "balance_today": ledger.today(now_utc).balance_wh,
                "price": verdict.price_points_per_wh,
                "next_wake": next_wake_utc,
                "guard": now.guard.latched.value,
            },
            {} if now.load_measured else {"load_power": "as stated by the consumers, not measured"},
        )

    def consumers(self, powers_w: Mapping[str, float], learned: Collection[str] = ()) -> None:
        """Write the power of each consumer; announce those that are new, and say which is *learned*."""
        new = [consumer for consumer in powers_w if entity_key(consumer) not in self._precision]
        self.describe(_power(entity_key(consumer), f"Power of {consumer}") for consumer in new)
        self.write(
            {entity_key(consumer): power_w for consumer, power_w in powers_w.items()},
            {entity_key(consumer): "learned from what the supply shows" for consumer in learned},
        )

    def gone(self, consumer: str) -> None:
        """Make the power of a consumer that was removed unavailable."""
        key = entity_key(consumer)
        if key in self._precision:
            self._states.set(
                f"{INSTANCE}.{key}",
                None,
                availability=Availability.UNAVAILABLE,
                source=INSTANCE,
                reason="the consumer has left",
            )
