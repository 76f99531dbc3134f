"""The user may use buses, pins and cameras."""

from __future__ import annotations

from typing import Literal

from edgepi.cli.checks.base import Result, Surroundings

__all__ = ["check"]

NAME = "permissions"
NEEDED = ("i2c", "gpio")
WANTED = (*NEEDED, "video")


def check(machine: Surroundings) -> Result:
    """Compare the user's groups with those that own the hardware on this machine."""
    if machine.uid == 0:
        return Result(
            NAME,
            "warn",
            "running as root",
            "`edgepi service install` makes a user with just the rights needed",
        )
    missing = [name for name in WANTED if name in _known(machine) and name not in machine.groups]
    if missing:
        status: Literal["warn", "fail"] = "fail" if set(missing) & set(NEEDED) else "warn"
        advice = f"sudo usermod -aG {','.join(missing)} $USER, then log in again"
        return Result(NAME, status, f"this user is not in the group {', '.join(missing)}", advice)
    return Result(NAME, "ok", "this user may use the buses and pins of this machine")


def _known(machine: Surroundings) -> set[str]:
    try:
        lines = (machine.root / "etc/group").read_text(encoding="utf-8").splitlines()
    except OSError:
        return set()
    return {line.partition(":")[0] for line in lines}
