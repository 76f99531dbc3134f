"""A catalog for starting the node: a plugin that cannot be used must not keep the others out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import voluptuous as vol

from edgepi.errors import PluginError
from edgepi.plugin import ConfigSchema
from edgepi.runtime.registry import PluginRegistry

__all__ = ["TolerantCatalog"]

ANYTHING: ConfigSchema[dict[str, Any]] = ConfigSchema(fields={vol.Extra: object}, build=dict)


class TolerantCatalog:
    """A `PluginCatalog` that takes the keys of an unusable plugin as they are.

    Its instances are left out later, with their reason; ``check-config`` asks the registry
    itself and reports them.
    """

    def __init__(self, registry: PluginRegistry) -> None:
        self._registry = registry

    def names(self) -> Sequence[str]:
        """List the names of all installed plugins."""
        return self._registry.names()

    def schema(self, name: str) -> ConfigSchema[Any] | None:
        """Return what a plugin takes; anything at all if it cannot be used."""
        try:
            return self._registry.schema(name)
        except PluginError:
            if name not in self._registry.names():
                raise
            return ANYTHING
