"""Which station a command means."""

from __future__ import annotations

import argparse
from pathlib import Path

from edgepi.errors import EdgePiError, NotFoundError
from edgepi.plugin import CommandContext, common_arguments

__all__ = ["add_common", "folder_of", "instance_of"]


def add_common(parser: argparse.ArgumentParser) -> None:
    """Add what each of these commands takes."""
    common_arguments(parser)
    parser.add_argument(
        "--instance", metavar="NAME", help="which station; left out: the only one of the configuration"
    )


def instance_of(args: argparse.Namespace, context: CommandContext) -> str:
    """The station asked for; the only one of the configuration, or the plugin's own name.

    Raises NotFoundError for one that is neither configured nor has left anything, and where several are
    configured and none is asked for.
    """
    try:
        names = list(context.configs())
    except EdgePiError:
        names = []
    if args.instance:
        return _known(str(args.instance), names, context)
    if len(names) > 1:
        raise NotFoundError("there are several stations", hint=f"say which by --instance: {', '.join(names)}")
    return names[0] if names else context.plugin


def folder_of(instance: str, context: CommandContext) -> Path:
    """Where the node keeps what belongs to the station."""
    return context.node_dir() / "plugins" / instance


def _known(name: str, names: list[str], context: CommandContext) -> str:
    folder = folder_of(name, context)
    if name in names or (folder.name == name and folder.is_dir()):
        return name
    hint = f"there are {', '.join(names)}" if names else None
    raise NotFoundError(f"there is no station {name[:40]!r}", hint=hint)
