"""Whether the charger holds the sun back because the battery takes no more."""

from __future__ import annotations

from edgepi.energy.battery import Battery
from edgepi.energy.flows import Flows
from edgepi.energy.soc import SocEstimate
from edgepi.model import Supply

__all__ = ["held_back"]

_AT_V = 0.99
_ROOM = 0.95
_IDLE_PER_H = 0.002


def held_back(supply: Supply | None, battery: Battery, soc: SocEstimate | None) -> bool | None:
    """Say whether the panel could give more than is taken; None if what is measured does not tell."""
    if supply is None or supply.battery_v is None:
        return None
    facts, flow_w = battery.facts, Flows.of(supply).battery_w
    if flow_w is not None and flow_w < -_IDLE_PER_H * battery.capacity_wh:
        return False
    if supply.battery_v >= _AT_V * facts.absorb_v * battery.cells:
        return True
    little_w = facts.full_per_h * battery.capacity_wh
    if flow_w is not None and supply.battery_v >= facts.full_v * battery.cells:
        return flow_w < little_w
    room = soc is not None and soc.soc + 2.0 * soc.sd < _ROOM
    return False if room or (flow_w is not None and flow_w >= little_w) else None
