"""Hooks of the plugin: they declare what there is and return at once."""

from __future__ import annotations

from collections.abc import Iterable

import voluptuous as vol
from edgepi.plugin import Card, ConfigSchema, PluginContext, Sensor, hookimpl
from edgepi.plugin.fields import Integer, TimeSpan

from edgepi_{{ name }}.sensor import {{ class_name }}Config, {{ class_name }}Sensor

__all__ = ["cards", "config_schema", "sensors"]


@hookimpl
def config_schema() -> ConfigSchema[{{ class_name }}Config]:
    """Say which keys the plugin takes."""
    return ConfigSchema(
        fields={
            vol.Optional("bus"): Integer(min=0, max=255),
            vol.Optional("address"): Integer(min=0x48, max=0x4F),
            vol.Optional("interval"): TimeSpan(min_s=1.0, max_s=86400.0),
        },
        build={{ class_name }}Config,
    )


@hookimpl
def sensors(context: PluginContext[{{ class_name }}Config]) -> Iterable[Sensor]:
    """Declare the sensor of one instance."""
    return [{{ class_name }}Sensor(context)]


@hookimpl
def cards(context: PluginContext[{{ class_name }}Config]) -> Iterable[Card]:
    """Declare a card of the dashboard."""
    return [Card("{{ title }}", (f"{context.instance}.temperature",), "chart")]
