"""What an instance is handed where no node runs around it."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path
from typing import NoReturn

from edgepi.errors import EnergyError
from edgepi.hardware import Machine
from edgepi.model import NodeInfo, Offer
from edgepi.runtime.bus import EventBus
from edgepi.runtime.instance import Surroundings
from edgepi.runtime.states import StateStore
from edgepi.runtime.timers import TimerService

__all__ = ["lone_surroundings"]


class _NoBudget:
    points_per_rlc = 0.0

    async def would_grant(self, offer: Offer) -> NoReturn:
        raise EnergyError(f"nobody is there to grant {offer.offer_id}: only plugins in the node make offers")

    offer = would_grant


async def lone_surroundings(
    node: NodeInfo, machine: Machine, state_dir: Path, stack: AsyncExitStack
) -> Surroundings:
    """Make timers and states of its own, and no budget; they end with *stack*."""
    bus = EventBus()
    timers = TimerService(machine.clock, bus)
    stack.push_async_callback(timers.stop)
    await timers.start()
    return Surroundings(
        node=node,
        clock=machine.clock,
        hardware=machine,
        budget=_NoBudget(),
        timers=timers,
        states=StateStore(bus, machine.clock),
        state_dir=state_dir,
    )
