"""The plugins that a command may see."""

from __future__ import annotations

import os

from edgepi.runtime.discovery import discover
from edgepi.runtime.registry import PluginRegistry

__all__ = ["installed"]


def installed() -> PluginRegistry:
    """Find the plugins that $EDGEPI_PLUGINS allows (else all) and $EDGEPI_PLUGINS_BLOCK does not bar."""
    return discover(allow=_names("EDGEPI_PLUGINS"), block=_names("EDGEPI_PLUGINS_BLOCK") or ())


def _names(variable: str) -> tuple[str, ...] | None:
    text = os.environ.get(variable)
    return tuple(name.strip() for name in text.split(",") if name.strip()) if text else None
