"""Hooks of the weather plugin."""

from __future__ import annotations

from collections.abc import Iterable

import voluptuous as vol

from edgepi.plugin import Card, ConfigSchema, PluginContext, Sensor, hookimpl
from edgepi.plugin.fields import I2CAddress, Integer, TimeSpan
from edgepi_weather.sensor import WeatherConfig, WeatherSensor

__all__ = ["cards", "config_schema", "sensors"]


@hookimpl
def config_schema() -> ConfigSchema[WeatherConfig]:
    """Keys: the bus, the address if it must be a certain one, and the interval."""
    return ConfigSchema(
        fields={
            vol.Optional("bus"): Integer(min=0, max=255),
            vol.Optional("address"): I2CAddress(min=0x76, max=0x77),
            vol.Optional("interval"): TimeSpan(min_s=1.0, max_s=86400.0),
        },
        build=WeatherConfig,
    )


@hookimpl
def sensors(context: PluginContext[WeatherConfig]) -> Iterable[Sensor]:
    """The BME280."""
    return (WeatherSensor(context),)


@hookimpl
def cards(context: PluginContext[WeatherConfig]) -> Iterable[Card]:
    """The three readings, and their course."""
    entities = tuple(f"{context.instance}.{key}" for key in ("temperature", "humidity", "pressure"))
    return (Card("Weather", entities), Card("Temperature", entities[:1], "chart"))
