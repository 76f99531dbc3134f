"""What ``edgepi doctor`` looks at, one file per check; each returns a `Result`."""

from __future__ import annotations

from edgepi.cli.checks import (
    board,
    camera,
    clock,
    disk,
    docker,
    groups,
    i2c,
    packages,
    pi5,
    python,
    service,
    state,
    supply,
    watchdog,
)
from edgepi.cli.checks.base import Check, Result, Surroundings

__all__ = ["CHECKS", "Check", "Result", "Surroundings"]

CHECKS: tuple[Check, ...] = (
    python.check,
    packages.check,
    groups.check,
    i2c.check,
    disk.check,
    clock.check,
    state.check,
    supply.check,
    board.check,
    pi5.check,
    camera.check,
    docker.check,
    service.check,
    watchdog.check,
)
