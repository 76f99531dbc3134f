"""Hooks of the Witty Pi plugin."""

from __future__ import annotations

from collections.abc import Iterable

import voluptuous as vol

from edgepi.plugin import Card, ConfigSchema, PluginContext, PowerController, Sensor, hookimpl
from edgepi.plugin.fields import Choice, I2CAddress, Integer, Number, TimeSpan
from edgepi_wittypi.config import WittyPiConfig
from edgepi_wittypi.controller import WittyPiController
from edgepi_wittypi.link import link_of
from edgepi_wittypi.sensor import BoardSensor

__all__ = ["cards", "config_schema", "power_controllers", "sensors"]


@hookimpl
def config_schema() -> ConfigSchema[WittyPiConfig]:
    """Keys: where the board is, what feeds it, and its own cut-off."""
    return ConfigSchema(
        fields={
            vol.Optional("bus"): Integer(min=0, max=255),
            vol.Optional("address"): I2CAddress(),
            vol.Optional("interval"): TimeSpan(min_s=1.0, max_s=3600.0),
            vol.Optional("input"): Choice(("battery", "supply")),
            vol.Optional("low_voltage"): Number(min=2.0, max=25.0),
            vol.Optional("board_clock"): Choice(("auto", "utc", "local")),
            vol.Optional("alarm_margin"): TimeSpan(min_s=30.0, max_s=3600.0),
            vol.Optional("watchdog"): TimeSpan(min_s=120.0, max_s=15300.0, forever="never"),
        },
        build=WittyPiConfig,
    )


@hookimpl
def power_controllers(context: PluginContext[WittyPiConfig]) -> Iterable[PowerController]:
    """The board."""
    return (WittyPiController(context, link_of(context)),)


@hookimpl
def sensors(context: PluginContext[WittyPiConfig]) -> Iterable[Sensor]:
    """Its telemetry."""
    return (BoardSensor(link_of(context)),)


@hookimpl
def cards(context: PluginContext[WittyPiConfig]) -> Iterable[Card]:
    """What comes in and goes out."""
    keys = ("input_voltage", "output_power", "temperature", "wake_report", "board_health")
    return (Card("Power board", tuple(f"{context.instance}.{key}" for key in keys)),)
