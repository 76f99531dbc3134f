"""Hooks of the Witty Pi plugin."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path
from typing import Any

import voluptuous as vol

from edgepi.plugin import (
    Card,
    Command,
    ComputeBackend,
    ConfigSchema,
    PluginContext,
    PowerController,
    Sensor,
    hookimpl,
)
from edgepi.plugin.fields import Choice, FieldError, Flag, I2CAddress, Integer, Number, Text, TimeSpan
from edgepi_wittypi.config import WittyPiConfig
from edgepi_wittypi.controller import WittyPiController
from edgepi_wittypi.extras import Extras
from edgepi_wittypi.link import link_of
from edgepi_wittypi.schedule.keeping import ScheduleKeeper
from edgepi_wittypi.sensor import BoardSensor

ACTIONS = ("none", "shutdown", "start")

__all__ = ["cards", "commands", "compute_backends", "config_schema", "power_controllers", "sensors"]


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
            vol.Optional("schedule"): Text(expected="the path of a .wpi file"),
            vol.Optional("alarm_margin"): TimeSpan(min_s=30.0, max_s=3600.0),
            vol.Optional("watchdog"): TimeSpan(min_s=120.0, max_s=15300.0, forever="never"),
            vol.Optional("pulse_interval"): TimeSpan(min_s=1.0, max_s=254.0),
            vol.Optional("led"): TimeSpan(max_s=0.254),
            vol.Optional("dummy_load"): TimeSpan(max_s=0.254),
            vol.Optional("input_offset"): Number(min=-1.26, max=1.27),
            vol.Optional("output_offset"): Number(min=-1.26, max=1.27),
            vol.Optional("current_offset"): Number(min=-1.26, max=1.27),
            vol.Optional("cold_below"): Integer(min=-55, max=40),
            vol.Optional("cold_action"): Choice(ACTIONS),
            vol.Optional("hot_above"): Integer(min=0, max=120),
            vol.Optional("hot_action"): Choice(ACTIONS),
            vol.Optional("priority"): Choice(("usb", "input")),
            vol.Optional("hot_standby"): Flag(),
        },
        build=_config,
    )


def _config(**keys: Any) -> WittyPiConfig:
    path = keys.pop("schedule", None)
    extras = Extras(**{each.name: keys.pop(each.name, None) for each in fields(Extras)})
    for action, point in ((extras.cold_action, "cold_below"), (extras.hot_action, "hot_above")):
        if action not in (None, "none") and getattr(extras, point) is None:
            raise FieldError(f"`{action}` at which temperature? say `{point}`, too")
    return WittyPiConfig(schedule=None if path is None else Path(path).expanduser(), extras=extras, **keys)


@hookimpl
def power_controllers(context: PluginContext[WittyPiConfig]) -> Iterable[PowerController]:
    """The board."""
    return (WittyPiController(context, link_of(context)),)


@hookimpl
def sensors(context: PluginContext[WittyPiConfig]) -> Iterable[Sensor]:
    """Its telemetry."""
    return (BoardSensor(link_of(context)),)


@hookimpl
def compute_backends(context: PluginContext[WittyPiConfig]) -> Iterable[ComputeBackend]:
    """What keeps the schedule, if there is one."""
    if context.config.schedule is None:
        return ()
    return (ScheduleKeeper(context, context.config.schedule),)


@hookimpl
def commands() -> Iterable[Command]:
    """``edgepi wittypi``."""
    from edgepi_wittypi.schedule.command import command

    return (command(),)


@hookimpl
def cards(context: PluginContext[WittyPiConfig]) -> Iterable[Card]:
    """What comes in and goes out."""
    keys = ("input_voltage", "output_power", "temperature", "wake_report", "board_health")
    return (Card("Power board", tuple(f"{context.instance}.{key}" for key in keys)),)
