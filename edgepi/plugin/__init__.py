"""The contract that plugin authors write against."""

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
    "SupplyMeter",
    "TimerHandle",
    "Timers",
    "hookimpl",
]
