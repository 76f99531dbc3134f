"""A catalog for starting the node: a plugin that cannot be used must not keep the others out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import voluptuous as vol

from edgepi.errors import PluginError
from edgepi.plugin import ConfigSchema
from edgepi.runtime.records import PluginRecord
from edgepi.runtime.registry import PluginRegistry

__all__ = ["TolerantCatalog"]

ANYTHING: ConfigSchema[dict[str, Any]] = ConfigSchema(fields={vol.Extra: object}, build=dict)


def _every(record: PluginRecord) -> bool:
    del record
    return True


class TolerantCatalog:
    """A `PluginCatalog` that takes the keys of an unusable plugin as they are.

    Its instances are left out later, with their reason; ``check-config`` asks the registry
    itself and reports them. Plugins that are not *wanted* are not imported at all.
    """

    def __init__(self, registry: PluginRegistry, *, wanted: Callable[[PluginRecord], bool] = _every) -> None:
        self._registry = registry
        self._wanted = wanted

    def names(self) -> Sequence[str]:
        """List the names of all installed plugins."""
        return self._registry.names()

    def schema(self, name: str) -> ConfigSchema[Any] | None:
        """Return what a plugin takes; anything at all if it cannot be used or is not wanted.

        Raises:
            PluginError: it is not installed.
        """
        if not self._wanted(self._registry.record(name)):
            return ANYTHING
        try:
            return self._registry.schema(name)
        except PluginError:
            return ANYTHING
