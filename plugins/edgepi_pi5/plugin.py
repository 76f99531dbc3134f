"""Hooks of the Pi 5 plugin."""

from __future__ import annotations

from collections.abc import Iterable

import voluptuous as vol

from edgepi.plugin import ConfigSchema, PluginContext, PowerController, hookimpl
from edgepi.plugin.fields import Choice, Flag, TimeSpan
from edgepi_pi5.config import Pi5Config
from edgepi_pi5.controller import Pi5Controller

__all__ = ["config_schema", "power_controllers"]


@hookimpl
def config_schema() -> ConfigSchema[Pi5Config]:
    """Keys: its button, and what cannot be read of it."""
    return ConfigSchema(
        fields={
            vol.Optional("button"): Flag(),
            vol.Optional("power_off_on_halt"): Choice(("auto", "yes")),
            vol.Optional("alarm_margin"): TimeSpan(min_s=30.0, max_s=3600.0),
        },
        build=Pi5Config,
    )


@hookimpl
def power_controllers(context: PluginContext[Pi5Config]) -> Iterable[PowerController]:
    """The machine itself."""
    return (Pi5Controller(context),)
