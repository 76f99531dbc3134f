"""Every hook that a plugin may implement.

Hooks declare things. They are called once per instance, in the event loop's thread, and
must return at once without touching hardware or network: work happens in the objects that
they return, between their ``start()`` and ``stop()``. An implementation may leave out
arguments that it does not need.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from edgepi.plugin.markers import hookspec

if TYPE_CHECKING:
    from edgepi.plugin.command import Command
    from edgepi.plugin.compute import ComputeBackend
    from edgepi.plugin.context import PluginContext
    from edgepi.plugin.duty import Duty
    from edgepi.plugin.forecast import SunForecaster
    from edgepi.plugin.notifier import Notifier
    from edgepi.plugin.power import PowerController, SupplyMeter
    from edgepi.plugin.schema import ConfigSchema
    from edgepi.plugin.sensor import Sensor
    from edgepi.plugin.web import Card, Route

__all__ = [
    "cards",
    "commands",
    "compute_backends",
    "config_schema",
    "duties",
    "notifiers",
    "power_controllers",
    "routes",
    "sensors",
    "sun_forecasters",
    "supply_meters",
]


@hookspec(firstresult=True)
def config_schema() -> ConfigSchema[Any] | None:
    """Say which keys the plugin takes in the configuration and what they become."""


@hookspec
def sensors(context: PluginContext[Any]) -> Iterable[Sensor]:
    """Declare the sensors of one instance."""


@hookspec
def duties(context: PluginContext[Any]) -> Iterable[Duty]:
    """Declare lasting work with levels."""


@hookspec
def supply_meters(context: PluginContext[Any]) -> Iterable[SupplyMeter]:
    """Declare meters of input, output or battery that cannot switch anything."""


@hookspec
def power_controllers(context: PluginContext[Any]) -> Iterable[PowerController]:
    """Declare boards that measure the supply and can switch the node off and on."""


@hookspec
def sun_forecasters(context: PluginContext[Any]) -> Iterable[SunForecaster]:
    """Declare sources of forecasts of the sun."""


@hookspec
def compute_backends(context: PluginContext[Any]) -> Iterable[ComputeBackend]:
    """Declare sources of jobs."""


@hookspec
def notifiers(context: PluginContext[Any]) -> Iterable[Notifier]:
    """Declare ways to tell people something."""


@hookspec
def routes(context: PluginContext[Any]) -> Iterable[Route]:
    """Declare HTTP routes; they are served below ``/api/v1/plugins/<instance>/``."""


@hookspec
def cards(context: PluginContext[Any]) -> Iterable[Card]:
    """Declare cards of the dashboard."""


@hookspec
def commands() -> Iterable[Command]:
    """Declare commands of the command line; the manifest must name them, too."""
