"""Commands that plugins bring, known from their manifests without importing them."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgepi.cli.client import NodeClient
from edgepi.cli.output import print_json, print_table, progress
from edgepi.cli.paths import config_of, node_dir_of, state_dir_of
from edgepi.errors import RecorderError
from edgepi.plugin import (
    Command,
    CommandContext,
    CommandEntry,
    HistoryWriter,
    StartChild,
    common_arguments,
)
from edgepi.runtime.discovery import discover

if TYPE_CHECKING:
    from edgepi.clock import Clock
    from edgepi.config.settings import Settings

__all__ = ["PluginCommand", "entries", "find"]


def entries() -> Sequence[CommandEntry]:
    """List the commands of all installed plugins; a plugin that cannot be read is left out."""
    return discover().command_entries()


def find(name: str) -> PluginCommand | None:
    """Import the plugin that brings the command *name* and return it; None if no plugin does.

    Raises:
        PluginError: that plugin cannot be loaded.
    """
    found = discover().command(name)
    return PluginCommand(*found) if found else None


class PluginCommand:
    """A plugin's command as the frame runs it."""

    def __init__(self, plugin: str, command: Command) -> None:
        self.help = command.help
        self._plugin = plugin
        self._command = command

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the command's own arguments, and those of every command."""
        common_arguments(parser)
        parser.set_defaults(config=None, state_dir=None, json=False)
        self._command.add_arguments(parser)

    def run(self, args: argparse.Namespace) -> int:
        """Hand the command its context and return its exit code."""
        return self._command.run(args, command_context(self._plugin, args))


def command_context(plugin: str, args: argparse.Namespace) -> CommandContext:
    """Build what a command of *plugin* is handed."""
    return CommandContext(
        plugin=plugin,
        environ=os.environ,
        state_dir=state_dir_of(args),
        out=_Output(),
        node=_Node(args),
        node_dir=partial(node_dir_of, args, rests=True),
        configs=partial(_configs, plugin, args),
        clock=_open_clock,
        child=_children,
        site=lambda: _settings(plugin, args).node,
        history=partial(_history, plugin, args),
    )


class _Output:
    def line(self, text: str = "") -> None:
        print(text, flush=True)

    def json(self, data: Any) -> None:
        print_json(data)

    def table(self, headers: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        print_table(headers, rows)

    def progress(self, text: str) -> None:
        progress(text)


class _Node:
    """The node that runs, looked for when it is first asked."""

    def __init__(self, args: argparse.Namespace) -> None:
        self._args = args

    @cached_property
    def _directory(self) -> Path:
        return node_dir_of(self._args)

    def get(self, path: str, **query: object) -> Any:
        return NodeClient(self._directory).get(path, **query)

    def post(self, path: str, body: object = None) -> Any:
        return NodeClient(self._directory).post(path, body)


def _configs(plugin: str, args: argparse.Namespace) -> Mapping[str, Any]:
    found = _settings(plugin, args).plugins
    return {each.instance: each.config for each in found if each.plugin == plugin}


def _settings(plugin: str, args: argparse.Namespace) -> Settings:
    from edgepi.config import load
    from edgepi.runtime.tolerant import TolerantCatalog

    catalog = TolerantCatalog(discover(), wanted=lambda record: record.name == plugin)
    return load(config_of(args), catalog, os.environ)


@contextmanager
def _history(plugin: str, args: argparse.Namespace) -> Iterator[HistoryWriter]:
    """The history of the node that runs or last ran, kept as long as the configuration says."""
    from edgepi.recorder import HISTORY_FILE
    from edgepi.recorder.dated import DatedWriter

    settings = _settings(plugin, args).recorder
    folder = node_dir_of(args, rests=True)
    if not settings.enabled:
        raise RecorderError("the node keeps no history", hint="`recorder.enabled` is false")
    writer = DatedWriter.open(folder / HISTORY_FILE, settings, asyncio.run(_now()))
    try:
        yield writer
    finally:
        writer.close()


async def _now() -> datetime:
    async with _open_clock() as clock:
        return clock.now()


@asynccontextmanager
async def _open_clock() -> AsyncIterator[Clock]:
    """The machine's own time, or that of the world whose socket ``EDGEPI_WORLD`` names."""
    from edgepi.clock import SystemClock

    world = os.environ.get("EDGEPI_WORLD")
    if not world:
        yield SystemClock()
        return
    from edgepi.hardware import world_clock

    async with world_clock(Path(world)) as clock:
        yield clock


def _children(clock: Clock) -> StartChild:
    from edgepi.runtime.child import Child

    return partial(Child, clock=clock, log=logging.getLogger("edgepi.plugins"))
