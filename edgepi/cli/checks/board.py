"""No other program drives the power board."""

from __future__ import annotations

from edgepi.cli.checks.base import Result, Surroundings
from edgepi.hardware.linux import process_runs

__all__ = ["VENDOR_DAEMONS", "check"]

NAME = "power board"
VENDOR_DAEMONS = {
    "wittypi/daemon.sh": "sudo systemctl disable --now wittypi",
    "wp5d": "sudo systemctl disable --now wp5d",
    "pijuice_sys.py": "sudo systemctl disable --now pijuice",
    "pisugar-server": "sudo systemctl disable --now pisugar-server",
}


def check(machine: Surroundings) -> Result:
    """Look for the vendors' daemons: two masters on one board end in surprising cuts."""
    for daemon, advice in VENDOR_DAEMONS.items():
        if process_runs(daemon, machine.root / "proc"):
            return Result(NAME, "fail", f"the vendor's program {daemon} is running", advice)
    return Result(NAME, "ok", "no vendor's program drives a power board")
