"""Hooks of the Open-Meteo plugin."""

from __future__ import annotations

from collections.abc import Iterable

import voluptuous as vol

from edgepi.plugin import ConfigSchema, PluginContext, SunForecaster, hookimpl
from edgepi.plugin.fields import Text, TimeSpan
from edgepi_openmeteo.question import OpenMeteoConfig

__all__ = ["config_schema", "sun_forecasters"]


@hookimpl
def config_schema() -> ConfigSchema[OpenMeteoConfig]:
    """Keys: how often to ask, and for paying customers the key and the address."""
    return ConfigSchema(
        fields={
            vol.Optional("interval"): TimeSpan(min_s=3600.0, max_s=86400.0),
            vol.Optional("api_key"): Text(),
            vol.Optional("url"): Text(r"https?://[^\s?#]+", "an address such as https://host/v1/forecast"),
        },
        build=OpenMeteoConfig,
        secrets=frozenset({"api_key"}),
    )


@hookimpl
def sun_forecasters(context: PluginContext[OpenMeteoConfig]) -> Iterable[SunForecaster]:
    """The forecast for the node's own place and panel."""
    from edgepi_openmeteo.forecaster import OpenMeteo

    return (OpenMeteo(context),)
