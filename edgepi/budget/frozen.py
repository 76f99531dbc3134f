"""Whether anything would restart a system that froze."""

from __future__ import annotations

from edgepi.budget.bounded import bounded
from edgepi.errors import PluginCallError
from edgepi.hardware import Machine
from edgepi.plugin import PowerController

__all__ = ["frozen_for_good"]

STATE = "/sys/class/watchdog/watchdog0/state"
WITHIN_S = 10.0
NOTHING = (
    "if its system froze, nothing would restart this machine: its watchdog is not seen to be on "
    "(`sudo edgepi service install` sets it)"
)


async def frozen_for_good(machine: Machine, board: PowerController) -> str | None:
    """Say so if neither the machine's own watchdog nor the board's would end that; None if one would."""
    able = board.capabilities
    if machine.simulated or (able.has_watchdog and able.watchdog_s > 0.0):
        return None
    try:
        state = await bounded(machine.read_attribute(STATE), WITHIN_S, "asking for the watchdog")
    except PluginCallError:
        return NOTHING
    return None if state == "active" else NOTHING
