"""The actions of ``edgepi iexec``; each is imported when it is called."""

from __future__ import annotations

from edgepi.plugin import Command

__all__ = ["ACTIONS", "command"]

HELP = "the iExec worker: jobs, wallet; a pool, a local chain"
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


def command() -> Command:
    """Return ``edgepi iexec``."""
    return Command.of_actions("iexec", HELP, ACTIONS, "edgepi_iexec.commands")
