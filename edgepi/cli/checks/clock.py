"""The machine knows what time it is."""

from __future__ import annotations

from edgepi.cli.checks.base import Result, Surroundings
from edgepi.hardware.clock_trust import clock_is_set

__all__ = ["check"]

NAME = "clock"


def check(_machine: Surroundings) -> Result:
    """Ask the kernel and systemd whether the clock was set from a source that can be believed."""
    return judge(is_set=clock_is_set())


def judge(*, is_set: bool) -> Result:
    """Decide whether records can be dated."""
    if is_set:
        return Result(NAME, "ok", "set from the network or a clock chip")
    return Result(
        NAME,
        "warn",
        "not synchronised; nothing is recorded until it is",
        "sudo timedatectl set-ntp true, or use a power board with a clock",
    )
