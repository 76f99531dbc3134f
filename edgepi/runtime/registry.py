"""All installed plugins by name: how each stands, and its code once it is wanted."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from edgepi.errors import EdgePiError, PluginError, PluginNotFoundError, RequirementMissingError
from edgepi.plugin import Command, CommandEntry, ConfigSchema
from edgepi.runtime import dispatch, loading
from edgepi.runtime.advice import near_miss, pip_install
from edgepi.runtime.loading import LoadedPlugin
from edgepi.runtime.records import PluginRecord, PluginStatus

__all__ = ["PluginRegistry"]

log = logging.getLogger("edgepi.plugins")


class PluginRegistry:
    """Records of plugins; a plugin is imported the first time that its code is asked for."""

    def __init__(self, records: Iterable[PluginRecord] = ()) -> None:
        self._records = {record.name: record for record in sorted(records, key=lambda r: r.name)}
        self._loaded: dict[str, LoadedPlugin] = {}

    def names(self) -> Sequence[str]:
        """List the names of all installed plugins, sorted."""
        return tuple(self._records)

    def records(self) -> tuple[PluginRecord, ...]:
        """List all records, sorted by name."""
        return tuple(self._records.values())

    def record(self, name: str) -> PluginRecord:
        """Look up a plugin.

        Raises:
            PluginNotFoundError: none has this name; the hint says what is near or how to install it.
        """
        try:
            return self._records[name]
        except KeyError:
            raise self._not_found(name) from None

    def mark(self, name: str, status: PluginStatus, reason: str = "") -> PluginRecord:
        """Set how a plugin stands."""
        record = self._records[name] = replace(self.record(name), status=status, reason=reason)
        return record

    def probe(self) -> None:
        """Mark whoever lacks a package that its manifest names; imports nothing."""
        for record in self.records():
            if record.status.usable and record.name not in self._loaded:
                try:
                    loading.check_requirements(record)
                except RequirementMissingError as error:
                    self._failed(record.name, error)

    def load(self, plugin: PluginRecord | str) -> LoadedPlugin:
        """Import a plugin, once, and check its hooks; a failure is kept in its record.

        Raises:
            PluginError: it is switched off, or it cannot be loaded.
        """
        record = self.record(plugin if isinstance(plugin, str) else plugin.name)
        if record.name in self._loaded and record.status.usable:
            return self._loaded[record.name]
        if not record.status.usable:
            raise PluginError(f"plugin {record.name!r}: {record.status}: {record.reason}")
        try:
            loaded = self._loaded[record.name] = loading.load(record)
        except PluginError as error:
            raise self._failed(record.name, error) from error
        return loaded

    def schema(self, name: str) -> ConfigSchema[Any] | None:
        """Return what a plugin takes from the configuration; None if it takes nothing of its own.

        Raises:
            PluginError: it is not there, is switched off, or cannot be loaded.
        """
        loaded = self.load(name)
        try:
            return dispatch.schema_of(loaded)
        except PluginError as error:
            raise self._failed(name, error) from error

    def command_entries(self) -> tuple[CommandEntry, ...]:
        """List the commands that manifests name, without importing anything."""
        usable = (r.manifest for r in self._records.values() if r.manifest and r.status.usable)
        return tuple(entry for manifest in usable for entry in manifest.commands)

    def command(self, name: str) -> tuple[str, Command] | None:
        """Import the plugin that brings the command *name*, return its name too; None if no manifest has it.

        Raises:
            PluginError: the plugin cannot be loaded or does not bring the command after all.
        """
        for record in self._records.values():
            if record.manifest and name in {entry.name for entry in record.manifest.commands}:
                return record.name, self._command_of(record, name)
        return None

    def _command_of(self, record: PluginRecord, name: str) -> Command:
        for command in dispatch.call(self.load(record), "commands"):
            if command.name == name:
                assert isinstance(command, Command)
                return command
        raise PluginError(f"plugin {record.name!r} names the command {name!r} but does not bring it")

    def _failed(self, name: str, error: EdgePiError) -> PluginError:
        missing = isinstance(error, RequirementMissingError)
        status = PluginStatus.MISSING_REQUIREMENT if missing else PluginStatus.LOAD_ERROR
        record = self.mark(name, status, str(error))
        log.debug("plugin %r: %s", name, record.reason, exc_info=error)
        return type(error)(f"plugin {name!r}: {error.message}", hint=error.hint)  # type: ignore[return-value]

    def _not_found(self, name: str) -> PluginNotFoundError:
        close = near_miss(name, self._records)
        install = f"install it with `{pip_install('edgepi-' + name)}`"
        if close:
            return PluginNotFoundError(
                f"no plugin is named {name!r}", hint=f"did you mean {close!r}? If not, {install}"
            )
        installed = ", ".join(self._records) or "none"
        return PluginNotFoundError(
            f"no plugin is named {name!r}", hint=f"{install}; installed are {installed}"
        )
