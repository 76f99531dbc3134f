"""Frozen dataclasses that every floor shares."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from edgepi.model.energy import (
        Answer,
        Decision,
        FinishPhase,
        Guard,
        Lease,
        LeaseState,
        Level,
        Offer,
        Plan,
        PlanStep,
        RunPhase,
        SunForecast,
        WaitPhase,
    )
    from edgepi.model.events import (
        ClockStepped,
        DecisionMade,
        LeaseChanged,
        LevelChanged,
        PluginStatusChanged,
        PowerGoing,
        StateChanged,
        SupplyRead,
    )
    from edgepi.model.importance import Importance
    from edgepi.model.node import NodeInfo
    from edgepi.model.readings import (
        Availability,
        DeviceClass,
        EntityCategory,
        Reading,
        ReadingDescription,
        State,
        StateClass,
        Value,
    )
    from edgepi.model.supply import Supply, WakePlan, WakeReason, WakeReasonKind, WakeReceipt

__all__ = [
    "Answer",
    "Availability",
    "ClockStepped",
    "Decision",
    "DecisionMade",
    "DeviceClass",
    "EntityCategory",
    "FinishPhase",
    "Guard",
    "Importance",
    "Lease",
    "LeaseChanged",
    "LeaseState",
    "Level",
    "LevelChanged",
    "NodeInfo",
    "Offer",
    "Plan",
    "PlanStep",
    "PluginStatusChanged",
    "PowerGoing",
    "Reading",
    "ReadingDescription",
    "RunPhase",
    "State",
    "StateChanged",
    "StateClass",
    "SunForecast",
    "Supply",
    "SupplyRead",
    "Value",
    "WaitPhase",
    "WakePlan",
    "WakeReason",
    "WakeReasonKind",
    "WakeReceipt",
]

# Checking a configuration needs few of these, and wants to be quick; so each is imported on first use.
_HOMES = {
    "Answer": "energy",
    "Availability": "readings",
    "ClockStepped": "events",
    "Decision": "energy",
    "DecisionMade": "events",
    "DeviceClass": "readings",
    "EntityCategory": "readings",
    "FinishPhase": "energy",
    "Guard": "energy",
    "Importance": "importance",
    "Lease": "energy",
    "LeaseChanged": "events",
    "LeaseState": "energy",
    "Level": "energy",
    "LevelChanged": "events",
    "NodeInfo": "node",
    "Offer": "energy",
    "Plan": "energy",
    "PlanStep": "energy",
    "PluginStatusChanged": "events",
    "PowerGoing": "events",
    "Reading": "readings",
    "ReadingDescription": "readings",
    "RunPhase": "energy",
    "State": "readings",
    "StateChanged": "events",
    "StateClass": "readings",
    "SunForecast": "energy",
    "Supply": "supply",
    "SupplyRead": "events",
    "Value": "readings",
    "WaitPhase": "energy",
    "WakePlan": "supply",
    "WakeReason": "supply",
    "WakeReasonKind": "supply",
    "WakeReceipt": "supply",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
