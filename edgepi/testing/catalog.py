"""A catalogue of made-up plugins, for tests of configurations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from edgepi.errors import PluginNotFoundError
from edgepi.plugin import ConfigSchema

__all__ = ["FakeCatalog"]


class FakeCatalog:
    """Holds a schema per plugin name; *asked* lists the plugins whose code would have been imported.

    Instead of a schema an exception may be given: it is raised.
    """

    def __init__(self, schemas: Mapping[str, ConfigSchema[Any] | BaseException | None] | None = None) -> None:
        self._schemas = dict(schemas or {})
        self.asked: list[str] = []

    def names(self) -> Sequence[str]:
        """List the plugins."""
        return tuple(self._schemas)

    def schema(self, name: str) -> ConfigSchema[Any] | None:
        """Return the plugin's schema or raise what was given instead.

        Raises:
            PluginNotFoundError: there is no such plugin.
        """
        self.asked.append(name)
        if name not in self._schemas:
            raise PluginNotFoundError(f"no plugin {name!r}")
        schema = self._schemas[name]
        if isinstance(schema, BaseException):
            raise schema
        return schema
