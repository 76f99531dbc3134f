"""The service is installed and runs."""

from __future__ import annotations

from edgepi.cli.checks.base import Result, Surroundings
from edgepi.cli.service_files import SERVICE, UNIT_PATH

__all__ = ["check"]

NAME = "service"


def check(machine: Surroundings) -> Result:
    """Look for the unit and ask systemd how it is."""
    if not (machine.root / UNIT_PATH.relative_to("/")).exists():
        return Result(
            NAME, "warn", "not installed: the node will not start by itself", "sudo edgepi service install"
        )
    code, said = machine.run(["systemctl", "is-active", SERVICE])
    if code == 127:
        return Result(NAME, "warn", "installed, but systemd is not there", "start the machine with systemd")
    if code == 0:
        return Result(NAME, "ok", "installed and running")
    if said == "failed":
        return Result(NAME, "fail", "installed, but it failed", f"journalctl -u {SERVICE} -n 50")
    return Result(NAME, "warn", f"installed, but {said or 'not running'}", f"sudo systemctl start {SERVICE}")
