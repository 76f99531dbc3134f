"""Which station a command means."""

from __future__ import annotations

import argparse
from pathlib import Path

from edgepi.errors import EdgePiError
from edgepi.plugin import CommandContext, common_arguments

__all__ = ["add_common", "folder_of", "instance_of"]


def add_common(parser: argparse.ArgumentParser) -> None:
    """Add what each of these commands takes."""
    common_arguments(parser)
    parser.add_argument(
        "--instance", metavar="NAME", help="which station; left out: the only one of the configuration"
    )


def instance_of(args: argparse.Namespace, context: CommandContext) -> str:
    """The station asked for; the only one of the configuration, or the plugin's own name."""
    if args.instance:
        return str(args.instance)
    try:
        names = list(context.configs())
    except EdgePiError:
        names = []
    return names[0] if len(names) == 1 else context.plugin


def folder_of(instance: str, context: CommandContext) -> Path:
    """Where the node keeps what belongs to the station."""
    return context.node_dir() / "plugins" / instance
