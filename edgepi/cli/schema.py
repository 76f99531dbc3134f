"""``edgepi schema``: the JSON Schema of the configuration, for editors."""

from __future__ import annotations

import argparse

from edgepi.cli.output import print_json
from edgepi.config import PluginCatalog, json_schema

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("--json", action="store_true", help="print JSON (it always is)")


def run(args: argparse.Namespace, catalog: PluginCatalog | None = None) -> int:  # noqa: ARG001 (no choice to make)
    """Print the schema of the core and of every installed plugin."""
    print_json(json_schema(catalog or _installed()))
    return 0


def _installed() -> PluginCatalog:
    from edgepi.runtime.discovery import discover

    return discover()
