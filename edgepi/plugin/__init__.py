"""The contract that plugin authors write against."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from edgepi.plugin.command import Command
    from edgepi.plugin.compute import ComputeBackend
    from edgepi.plugin.context import (
        Budget,
        LeaseHandle,
        PluginContext,
        RunBlocking,
        TimerHandle,
        Timers,
    )
    from edgepi.plugin.duty import Duty
    from edgepi.plugin.forecast import SunForecaster
    from edgepi.plugin.hardware import Hardware, I2CBus, InputLine, OutputLine, PulseCounter
    from edgepi.plugin.manifest import API_VERSION, MANIFEST_NAME, CommandEntry, Manifest, Probe
    from edgepi.plugin.markers import hookimpl
    from edgepi.plugin.notifier import Notifier
    from edgepi.plugin.power import PowerCapabilities, PowerController, SupplyMeter
    from edgepi.plugin.schema import ConfigSchema
    from edgepi.plugin.sensor import Sensor
    from edgepi.plugin.web import Card, Request, Response, Route

__all__ = [
    "API_VERSION",
    "MANIFEST_NAME",
    "Budget",
    "Card",
    "Command",
    "CommandEntry",
    "ComputeBackend",
    "ConfigSchema",
    "Duty",
    "Hardware",
    "I2CBus",
    "InputLine",
    "LeaseHandle",
    "Manifest",
    "Notifier",
    "OutputLine",
    "PluginContext",
    "PowerCapabilities",
    "PowerController",
    "Probe",
    "PulseCounter",
    "Request",
    "Response",
    "Route",
    "RunBlocking",
    "Sensor",
    "SunForecaster",
    "SupplyMeter",
    "TimerHandle",
    "Timers",
    "hookimpl",
]

# Checking a configuration needs few of these, and wants to be quick; so each is imported on first use.
_HOMES = {
    "API_VERSION": "manifest",
    "Budget": "context",
    "Card": "web",
    "Command": "command",
    "CommandEntry": "manifest",
    "ComputeBackend": "compute",
    "ConfigSchema": "schema",
    "Duty": "duty",
    "Hardware": "hardware",
    "I2CBus": "hardware",
    "InputLine": "hardware",
    "LeaseHandle": "context",
    "MANIFEST_NAME": "manifest",
    "Manifest": "manifest",
    "Notifier": "notifier",
    "OutputLine": "hardware",
    "PluginContext": "context",
    "PowerCapabilities": "power",
    "PowerController": "power",
    "Probe": "manifest",
    "PulseCounter": "hardware",
    "Request": "web",
    "Response": "web",
    "Route": "web",
    "RunBlocking": "context",
    "Sensor": "sensor",
    "SunForecaster": "forecast",
    "SupplyMeter": "power",
    "TimerHandle": "context",
    "Timers": "context",
    "hookimpl": "markers",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
