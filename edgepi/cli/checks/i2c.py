"""There is an I2C bus to find chips on."""

from __future__ import annotations

import os

from edgepi.cli.checks.base import Result, Surroundings
from edgepi.cli.init_chips import buses

__all__ = ["check"]

NAME = "I2C"


def check(machine: Surroundings) -> Result:
    """Look for bus devices and whether they can be opened."""
    dev = machine.root / "dev"
    numbers = buses(dev)
    if not numbers:
        return Result(
            NAME,
            "warn",
            "no I2C bus: only the simulated world works",
            "sudo raspi-config nonint do_i2c 0, then reboot",
        )
    closed = [n for n in numbers if not os.access(dev / f"i2c-{n}", os.R_OK | os.W_OK)]
    listed = ", ".join(map(str, numbers))
    if len(closed) == len(numbers):
        return Result(NAME, "fail", f"bus {listed} may not be opened", "sudo usermod -aG i2c $USER")
    return Result(NAME, "ok", f"bus {listed}")
