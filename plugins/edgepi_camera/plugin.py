"""Hooks of the camera plugin."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from edgepi.plugin import Card, Command, ConfigSchema, Duty, PluginContext, Route, Sensor, hookimpl
from edgepi_camera import config
from edgepi_camera.config import CameraConfig

if TYPE_CHECKING:
    from edgepi_camera.camera import Camera

__all__ = ["cards", "commands", "config_schema", "duties", "routes", "sensors"]


@hookimpl
def config_schema() -> ConfigSchema[CameraConfig]:
    """Keys: where pictures come from, what counts as motion, what is kept, what each level needs."""
    # Now, while the configuration is read: importing it in a hook would hold up the node's event loop.
    import edgepi_camera.duty
    import edgepi_camera.routes  # noqa: F401 (used by the hooks below)

    return config.config_schema()


@hookimpl
def sensors(context: PluginContext[CameraConfig]) -> Iterable[Sensor]:
    """What the camera sees, and how it is with camera and storage."""
    from edgepi_camera.sensors import sensors_of

    return sensors_of(_camera(context))


@hookimpl
def duties(context: PluginContext[CameraConfig]) -> Iterable[Duty]:
    """The watch."""
    from edgepi_camera.duty import WatchDuty

    return (WatchDuty(_camera(context)),)


@hookimpl
def routes(context: PluginContext[CameraConfig]) -> Iterable[Route]:
    """Live view, events and pictures."""
    from edgepi_camera.routes import routes_of

    return routes_of(_camera(context))


@hookimpl
def cards(context: PluginContext[CameraConfig]) -> Iterable[Card]:
    """The live view with its events."""
    from edgepi_camera.routes import cards_of

    return cards_of(context, _camera(context))


@hookimpl
def commands() -> Iterable[Command]:
    """``edgepi camera``."""
    from edgepi_camera.commands.main import command

    return (command(),)


def _camera(context: PluginContext[CameraConfig]) -> Camera:
    """Return the one camera of an instance, whichever hook asks first."""
    from edgepi_camera.camera import camera_of

    return camera_of(context)
