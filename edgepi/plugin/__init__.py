"""The contract that plugin authors write against."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from edgepi.plugin.child import ChildProcess, Message, StartChild
    from edgepi.plugin.command import (
        Command,
        CommandContext,
        NodeApi,
        Output,
        common_arguments,
        instance_argument,
    )
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
    from edgepi.plugin.hardware import Hardware, I2CBus, InputLine, OutputLine, PulseCounter, VideoFeed
    from edgepi.plugin.history import DatedValue, HistoryWriter, Written
    from edgepi.plugin.kept import KeptFile
    from edgepi.plugin.manifest import API_VERSION, MANIFEST_NAME, CommandEntry, FileProbe, Manifest, Probe
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
    "ChildProcess",
    "Command",
    "CommandContext",
    "CommandEntry",
    "ComputeBackend",
    "ConfigSchema",
    "DatedValue",
    "Duty",
    "FileProbe",
    "Hardware",
    "HistoryWriter",
    "I2CBus",
    "InputLine",
    "KeptFile",
    "LeaseHandle",
    "Manifest",
    "Message",
    "NodeApi",
    "Notifier",
    "Output",
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
    "StartChild",
    "SunForecaster",
    "SupplyMeter",
    "TimerHandle",
    "Timers",
    "VideoFeed",
    "Written",
    "common_arguments",
    "hookimpl",
    "instance_argument",
]

# Checking a configuration needs few of these, and wants to be quick; so each is imported on first use.
_HOMES = {
    "API_VERSION": "manifest",
    "Budget": "context",
    "Card": "web",
    "ChildProcess": "child",
    "Command": "command",
    "CommandContext": "command",
    "CommandEntry": "manifest",
    "common_arguments": "command",
    "ComputeBackend": "compute",
    "ConfigSchema": "schema",
    "DatedValue": "history",
    "Duty": "duty",
    "FileProbe": "manifest",
    "Hardware": "hardware",
    "HistoryWriter": "history",
    "hookimpl": "markers",
    "I2CBus": "hardware",
    "InputLine": "hardware",
    "instance_argument": "command",
    "KeptFile": "kept",
    "LeaseHandle": "context",
    "Manifest": "manifest",
    "MANIFEST_NAME": "manifest",
    "Message": "child",
    "NodeApi": "command",
    "Notifier": "notifier",
    "Output": "command",
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
    "StartChild": "child",
    "SunForecaster": "forecast",
    "SupplyMeter": "power",
    "TimerHandle": "context",
    "Timers": "context",
    "VideoFeed": "hardware",
    "Written": "history",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
