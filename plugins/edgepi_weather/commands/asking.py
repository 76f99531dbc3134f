"""Which station a command means."""

from __future__ import annotations

import argparse

from edgepi.plugin import CommandContext, common_arguments, instance_argument

__all__ = ["add_common", "instance_of"]


def add_common(parser: argparse.ArgumentParser) -> None:
    """Add what each of these commands takes."""
    common_arguments(parser)
    instance_argument(parser, "station")


def instance_of(args: argparse.Namespace, context: CommandContext) -> str:
    """The station asked for, also one that only left something; the only one; raises NotFoundError."""
    asked = str(args.instance) if args.instance else None
    if asked is not None and _left_something(asked, context):
        return asked
    return context.instance(asked, "station", " by --instance")


def _left_something(name: str, context: CommandContext) -> bool:
    folder = context.folder_of(name)
    return folder.name == name and folder.is_dir()
