"""The station's devices as sensors of EdgePi: one each, so that one that fails leaves the others known."""

from __future__ import annotations

from collections.abc import Iterator

from edgepi.plugin import Sensor
from edgepi_weather.sensors.air import AirSensor
from edgepi_weather.sensors.rain import RainSensor
from edgepi_weather.sensors.vane import VaneSensor
from edgepi_weather.sensors.wind import WindSensor
from edgepi_weather.station import Station

__all__ = ["AirSensor", "RainSensor", "VaneSensor", "WindSensor", "sensors_of"]


def sensors_of(station: Station) -> Iterator[Sensor]:
    """Make a sensor for each device of the configuration."""
    config = station.context.config
    if config.wind is not None:
        yield WindSensor(station, config.wind)
    if config.vane is not None:
        yield VaneSensor(station, config.vane)
    if config.rain is not None:
        yield RainSensor(station, config.rain)
    if config.air != "none":
        yield AirSensor(station)
