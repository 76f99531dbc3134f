"""Hooks of the plugin for INA219 and INA226."""

from __future__ import annotations

from collections.abc import Iterable

import voluptuous as vol

from edgepi.plugin import ConfigSchema, PluginContext, SupplyMeter, hookimpl
from edgepi.plugin.fields import Choice, Flag, I2CAddress, Integer, Number, TimeSpan
from edgepi_ina219.meter import Ina219Config, Ina219Meter

__all__ = ["config_schema", "supply_meters"]


@hookimpl
def config_schema() -> ConfigSchema[Ina219Config]:
    """Keys: which chip it is and where, what it measures, and its shunt."""
    return ConfigSchema(
        fields={
            vol.Optional("chip"): Choice(("auto", "ina219", "ina226")),
            vol.Optional("measures"): Choice(("input", "battery", "output")),
            vol.Optional("bus"): Integer(min=0, max=255),
            vol.Optional("address"): I2CAddress(min=0x40, max=0x4F),
            vol.Optional("shunt_ohm"): Number(min=0.0001, max=10.0),
            vol.Optional("max_a"): Number(min=0.01, max=500.0),
            vol.Optional("invert"): Flag(),
            vol.Optional("interval"): TimeSpan(min_s=1.0, max_s=3600.0),
        },
        build=Ina219Config,
    )


@hookimpl
def supply_meters(context: PluginContext[Ina219Config]) -> Iterable[SupplyMeter]:
    """The meter."""
    return (Ina219Meter(context),)
