"""A system that froze is restarted."""

from __future__ import annotations

from edgepi.cli.checks.base import Result, Surroundings

__all__ = ["check"]

NAME = "watchdog"
ASK = ("systemctl", "show", "--property=RuntimeWatchdogUSec", "--value")
OFF = ("", "0", "infinity")


def check(machine: Surroundings) -> Result:
    """Ask systemd whether it feeds the machine's own watchdog."""
    code, said = machine.run(ASK)
    if code:
        sentence = "systemd does not say whether it feeds the machine's watchdog"
        return Result(NAME, "warn", sentence, "start the machine with systemd")
    if said in OFF:
        sentence = "off: if the system froze, nothing would restart it"
        return Result(NAME, "warn", sentence, "sudo edgepi service install (sets RuntimeWatchdogSec)")
    return Result(NAME, "ok", f"a system that froze is restarted after {said}")
