"""What the configuration needs to know of installed plugins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from edgepi.plugin.schema import ConfigSchema

__all__ = ["PluginCatalog"]


class PluginCatalog(Protocol):
    """Installed plugins and their keys."""

    def names(self) -> Sequence[str]:
        """Names of the installed plugins; imports none of them."""

    def schema(self, name: str) -> ConfigSchema[Any] | None:
        """Import a plugin and return its keys, or None if it takes none.

        Raises:
            PluginError: it is not installed or cannot be imported.
        """
