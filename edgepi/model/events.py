"""What travels on the event bus."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from edgepi.model.energy import Decision, Lease
from edgepi.model.readings import State
from edgepi.model.supply import Supply

__all__ = [
    "ClockStepped",
    "DecisionMade",
    "LeaseChanged",
    "LevelChanged",
    "PluginStatusChanged",
    "PowerGoing",
    "StateChanged",
    "SupplyRead",
]


@dataclass(frozen=True, slots=True)
class StateChanged:
    """A state was written; *old* is None the first time. *old* equals *new* in value when only confirmed."""

    old: State | None
    new: State


@dataclass(frozen=True, slots=True)
class SupplyRead:
    """The budget has a new merged telemetry record."""

    supply: Supply


@dataclass(frozen=True, slots=True)
class DecisionMade:
    """The budget decided something."""

    decision: Decision


@dataclass(frozen=True, slots=True)
class LevelChanged:
    """A duty runs at another level now."""

    consumer: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class LeaseChanged:
    """A lease moved to another state."""

    lease: Lease


@dataclass(frozen=True, slots=True)
class PluginStatusChanged:
    """A plugin instance moved to another status."""

    instance: str
    status: str
    reason: str


@dataclass(frozen=True, slots=True)
class ClockStepped:
    """Wall time jumped against monotonic time by *step_s* (positive: forward)."""

    step_s: float
    now_utc: datetime


@dataclass(frozen=True, slots=True)
class PowerGoing:
    """Power will go, or is about to: save now what must not be lost."""

    reason: str
    cut_expected_utc: datetime | None = None
