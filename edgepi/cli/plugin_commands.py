"""Commands that plugins bring, known from their manifests without importing them."""

from __future__ import annotations

from edgepi.plugin import Command, CommandEntry

__all__ = ["entries", "find"]


def entries() -> list[CommandEntry]:
    """List the commands of all installed plugins; a plugin that cannot be read is left out."""
    return []


def find(name: str) -> Command | None:  # noqa: ARG001
    """Import the plugin that brings the command *name* and return it; None if no plugin does."""
    return None
