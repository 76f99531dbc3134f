"""The machine under the node: its buses, pins, clock, and its end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, Protocol

from edgepi.clock import Clock
from edgepi.model import Lease
from edgepi.plugin import Hardware

__all__ = ["Machine", "Phase"]


class Phase(StrEnum):
    """Where the node is in its life; the world slows down for all but *ready*."""

    BOOTING = "booting"
    READY = "ready"
    SAVING = "saving"
    STOPPING = "stopping"


class Machine(Hardware, Protocol):
    """What the node's core may do beyond what plugins may."""

    @property
    def clock(self) -> Clock:
        """The node's time."""

    @property
    def can_halt(self) -> bool:
        """Whether `halt` is allowed."""

    def permit_halt(self) -> None:
        """Allow `halt` from now on: a power board was found that will bring the node back."""

    async def halt(self, reason: str) -> None:
        """Ask the operating system to halt; raises HardwareError if that is not allowed or fails."""

    async def tell(self, levels: Mapping[str, str], leases: Iterable[Lease]) -> None:
        """Say what runs now: the level of each duty, and every open lease."""

    async def phase(self, phase: Phase) -> None:
        """Say where the node is in its life."""

    async def truth(self) -> Mapping[str, Any] | None:
        """What the simulated world knows to be true; None on real hardware."""

    async def gone(self) -> str:
        """Wait until the machine cannot be used any more, and say why; real hardware never is."""
