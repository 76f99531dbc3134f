"""Hooks of the iExec plugin."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from edgepi.plugin import (
    Card,
    Command,
    ComputeBackend,
    ConfigSchema,
    PluginContext,
    Route,
    Sensor,
    hookimpl,
)
from edgepi_iexec import config
from edgepi_iexec.config import IexecConfig

if TYPE_CHECKING:
    from edgepi_iexec.backend import IexecBackend

__all__ = ["cards", "commands", "compute_backends", "config_schema", "routes", "sensors"]


@hookimpl
def config_schema() -> ConfigSchema[IexecConfig]:
    """Keys: the pool, the wallet, what a job may use, whom the owner works for and for how much."""
    return config.config_schema()


@hookimpl
def compute_backends(context: PluginContext[IexecConfig]) -> Iterable[ComputeBackend]:
    """The worker."""
    return (_backend(context),)


@hookimpl
def sensors(context: PluginContext[IexecConfig]) -> Iterable[Sensor]:
    """The worker's state, jobs, earnings and stake."""
    from edgepi_iexec.sensors import WorkerSensor

    return (WorkerSensor(_backend(context)),)


@hookimpl
def routes(context: PluginContext[IexecConfig]) -> Iterable[Route]:
    """Status, tasks and logs."""
    from edgepi_iexec.routes import routes_of

    return routes_of(_backend(context))


@hookimpl
def cards(context: PluginContext[IexecConfig]) -> Iterable[Card]:
    """The jobs with their stages and earnings."""
    from edgepi_iexec.routes import cards_of

    return cards_of(context.instance)


@hookimpl
def commands() -> Iterable[Command]:
    """``edgepi iexec``."""
    from edgepi_iexec.commands.main import command

    return (command(),)


def _backend(context: PluginContext[IexecConfig]) -> IexecBackend:
    """Return the one backend of an instance, whichever hook asks first."""
    from edgepi_iexec.backend import backend_of

    return backend_of(context)
