"""The installed packages fit together."""

from __future__ import annotations

import sys

from edgepi import __version__
from edgepi.cli.checks.base import Result, Surroundings

__all__ = ["check"]

NAME = "packages"


def check(machine: Surroundings) -> Result:
    """Ask pip whether any requirement is missing or of the wrong version."""
    code, said = machine.run([sys.executable, "-m", "pip", "check", "--disable-pip-version-check"])
    if code == 0:
        return Result(NAME, "ok", f"EdgePi {__version__}, its packages fit together")
    if "No module named pip" in said:
        return Result(NAME, "warn", "pip is not there, packages were not checked", "python3 -m ensurepip")
    first = said.splitlines()[0] if said else f"pip check ended with {code}"
    return Result(NAME, "fail", first, "install EdgePi again (`make install`)")
