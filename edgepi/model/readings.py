"""What is measured: descriptions, readings and states, in Home Assistant's vocabulary."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

__all__ = [
    "Availability",
    "DeviceClass",
    "EntityCategory",
    "Reading",
    "ReadingDescription",
    "State",
    "StateClass",
    "Value",
]

Value = float | int | str | bool | datetime


class DeviceClass(StrEnum):
    """Kind of quantity; names as Home Assistant's sensor and binary-sensor device classes."""

    ATMOSPHERIC_PRESSURE = "atmospheric_pressure"
    BATTERY = "battery"
    BATTERY_CHARGING = "battery_charging"
    CONNECTIVITY = "connectivity"
    CURRENT = "current"
    DATA_SIZE = "data_size"
    DURATION = "duration"
    ENERGY = "energy"
    ENERGY_STORAGE = "energy_storage"
    ENUM = "enum"
    HUMIDITY = "humidity"
    ILLUMINANCE = "illuminance"
    IRRADIANCE = "irradiance"
    MONETARY = "monetary"
    MOTION = "motion"
    POWER = "power"
    PRECIPITATION = "precipitation"
    PRECIPITATION_INTENSITY = "precipitation_intensity"
    PROBLEM = "problem"
    RUNNING = "running"
    TEMPERATURE = "temperature"
    TIMESTAMP = "timestamp"
    VOLTAGE = "voltage"
    WIND_DIRECTION = "wind_direction"
    WIND_SPEED = "wind_speed"


class StateClass(StrEnum):
    """How a value may be summed up over time; names as Home Assistant's."""

    MEASUREMENT = "measurement"
    MEASUREMENT_ANGLE = "measurement_angle"
    TOTAL = "total"
    TOTAL_INCREASING = "total_increasing"


class EntityCategory(StrEnum):
    """What an entity is for when it is not the main thing."""

    CONFIG = "config"
    DIAGNOSTIC = "diagnostic"


class Availability(StrEnum):
    """Whether a state has a value; *unknown* is not yet measured, *unavailable* cannot be."""

    KNOWN = "known"
    UNKNOWN = "unknown"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingDescription:
    """What a sensor promises to measure under *key*.

    *valid_min* and *valid_max* are the limits of what the sensor can mean; a value
    outside makes the state unavailable. The configuration may narrow them.
    """

    key: str
    name: str
    unit: str | None = None
    device_class: DeviceClass | None = None
    state_class: StateClass | None = None
    precision: int | None = None
    category: EntityCategory | None = None
    options: tuple[str, ...] = ()
    valid_min: float | None = None
    valid_max: float | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """One measured value; *value* None means measured, but there is nothing to say (unknown).

    *time_utc* None means now.
    """

    key: str
    value: Value | None
    time_utc: datetime | None = None


@dataclass(frozen=True, slots=True)
class State:
    """The latest that is known of one entity.

    *entity_id* is ``<plugin instance>.<key>``; *changed_utc* is when value or
    availability last differed, *updated_utc* when it was last confirmed.
    """

    entity_id: str
    value: Value | None
    availability: Availability
    updated_utc: datetime
    changed_utc: datetime
    source: str
    reason: str | None = None
