"""The state directory can be used, and by whom it is used now."""

from __future__ import annotations

import os

from edgepi.cli.checks.base import Result, Surroundings
from edgepi.errors import StateLockedError
from edgepi.node.lock import LOCK_NAME, locked

__all__ = ["check"]

NAME = "state"


def check(machine: Surroundings) -> Result:
    """Try the lock that a running node holds."""
    place = machine.state_dir
    try:
        if not place.exists():
            return Result(NAME, "ok", f"{place} will be made at the first start")
        if not os.access(place, os.W_OK | os.X_OK):
            return Result(NAME, "warn", f"{place} belongs to another user", "run as that user, or with sudo")
        if not (place / LOCK_NAME).exists():
            return Result(NAME, "ok", f"{place} is free")
        with locked(place):
            return Result(NAME, "ok", f"{place} is free")
    except StateLockedError:
        return Result(NAME, "ok", f"a node is running in {place}")
    except PermissionError:
        return Result(NAME, "warn", f"{place} belongs to another user", "run as that user, or with sudo")
