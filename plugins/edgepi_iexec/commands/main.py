"""The actions of ``edgepi iexec``; each is imported when it is called."""

from __future__ import annotations

import argparse
import importlib
from typing import Protocol, cast

from edgepi.plugin import Command, CommandContext

__all__ = ["ACTIONS", "command"]

ACTIONS = {
    "status": "say what the worker does, and what it earned",
    "tasks": "list tasks, newest first",
    "task": "show one task: its stages, energy, earnings and logs",
    "wallet": "make a wallet, import one, or show what it has and lacks",
    "deposit": "move RLC from the wallet into the contracts' account, as stake",
    "withdraw": "move RLC that no task has locked back into the wallet",
    "run": "order an app, wait for it and fetch the result",
    "pool": "run the scheduler of a pool of workers",
    "devchain": "run a local chain with the real contracts, a pool, an app and a requester",
}


class _Action(Protocol):
    def add_arguments(self, parser: argparse.ArgumentParser) -> None: ...
    def run(self, args: argparse.Namespace, context: CommandContext) -> int: ...


def command() -> Command:
    """Return ``edgepi iexec``."""
    return Command("iexec", "the iExec worker: jobs, wallet; a pool, a local chain", _add_arguments, _run)


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    for name, text in ACTIONS.items():
        action = actions.add_parser(name, help=text, description=text[:1].upper() + text[1:] + ".")
        _module(name).add_arguments(action)


def _run(args: argparse.Namespace, context: CommandContext) -> int:
    return _module(args.action).run(args, context)


def _module(name: str) -> _Action:
    return cast("_Action", importlib.import_module(f"edgepi_iexec.commands.{name}"))
