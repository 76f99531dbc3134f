"""Hooks of the weather plugin."""

from __future__ import annotations

from collections.abc import Iterable

from edgepi.plugin import Card, Command, ConfigSchema, Duty, PluginContext, Route, Sensor, hookimpl
from edgepi_weather import config
from edgepi_weather.config import WeatherConfig

__all__ = ["cards", "commands", "config_schema", "duties", "routes", "sensors"]

CHARTS = (
    ("Temperature", ("temperature", "dew_point")),
    ("Wind", ("wind_speed", "wind_gust")),
)


@hookimpl
def config_schema() -> ConfigSchema[WeatherConfig]:
    """Keys: the sensor of the air, and wind, vane and rain of a whole station."""
    return config.config_schema()


@hookimpl
def sensors(context: PluginContext[WeatherConfig]) -> Iterable[Sensor]:
    """One for each device; what they measure goes into the records."""
    from edgepi_weather.recording import records_of
    from edgepi_weather.sensors import sensors_of
    from edgepi_weather.station import station_of

    records_of(context)
    yield from sensors_of(station_of(context))
    if context.config.uploads:
        from edgepi_weather.uploads.duty import UploadsSensor
        from edgepi_weather.uploads.reporting import uploads_of_station

        yield UploadsSensor(uploads_of_station(context), context.config.interval)


@hookimpl
def duties(context: PluginContext[WeatherConfig]) -> Iterable[Duty]:
    """Sending to networks of weather stations, if the owner wants it."""
    if context.config.uploads:
        from edgepi_weather.uploads.duty import UploadsDuty
        from edgepi_weather.uploads.reporting import uploads_of_station

        yield UploadsDuty(uploads_of_station(context))


@hookimpl
def cards(context: PluginContext[WeatherConfig]) -> Iterable[Card]:
    """The station as a whole, its readings, and the course of some."""
    keys = tuple(each.key for sensor in sensors(context) for each in sensor.describe())
    entities = tuple(f"{context.instance}.{key}" for key in keys)
    roles = dict(zip(keys, entities, strict=True))
    title = "Weather station" if context.instance == "weather" else f"Weather station: {context.instance}"
    yield Card(title, entities, "station", roles | {"records": f"plugins/{context.instance}/records"})
    yield Card("Weather", entities)
    for title, wanted in CHARTS:
        entities = tuple(f"{context.instance}.{key}" for key in wanted if key in keys)
        if entities:
            yield Card(title, entities, "chart")


@hookimpl
def routes(context: PluginContext[WeatherConfig]) -> Iterable[Route]:
    """The records."""
    from edgepi_weather.recording import records_of
    from edgepi_weather.records.routes import records_route

    return (records_route(records_of(context)),)


@hookimpl
def commands() -> Iterable[Command]:
    """``edgepi weather``."""
    from edgepi_weather.commands.main import command

    return (command(),)
