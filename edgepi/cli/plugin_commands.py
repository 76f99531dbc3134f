"""Commands that plugins bring, known from their manifests without importing them."""

from __future__ import annotations

from collections.abc import Sequence

from edgepi.plugin import Command, CommandEntry
from edgepi.runtime.discovery import discover

__all__ = ["entries", "find"]


def entries() -> Sequence[CommandEntry]:
    """List the commands of all installed plugins; a plugin that cannot be read is left out."""
    return discover().command_entries()


def find(name: str) -> Command | None:
    """Import the plugin that brings the command *name* and return it; None if no plugin does.

    Raises:
        PluginError: that plugin cannot be loaded.
    """
    return discover().command(name)
