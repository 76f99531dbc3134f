"""YAML with positions, secrets, schema, errors."""

from typing import Any

from edgepi.config.catalog import PluginCatalog
from edgepi.config.findings import Finding
from edgepi.config.loader import Report, check, load
from edgepi.config.masking import MASK, Masker, SecretFilter, mask_all, masked
from edgepi.config.settings import (
    BatterySettings,
    BoardSettings,
    EnergySettings,
    GuardSettings,
    HttpSettings,
    LoggingSettings,
    PanelSettings,
    PluginSettings,
    ReadingSettings,
    RecorderSettings,
    Settings,
)

__all__ = [
    "MASK",
    "BatterySettings",
    "BoardSettings",
    "EnergySettings",
    "Finding",
    "GuardSettings",
    "HttpSettings",
    "LoggingSettings",
    "Masker",
    "PanelSettings",
    "PluginCatalog",
    "PluginSettings",
    "ReadingSettings",
    "RecorderSettings",
    "Report",
    "SecretFilter",
    "Settings",
    "check",
    "json_schema",
    "load",
    "mask_all",
    "masked",
]


def json_schema(catalog: PluginCatalog) -> dict[str, Any]:
    """Describe the whole file in JSON Schema (2020-12), with the keys of every installed plugin."""
    from edgepi.config.jsonschema import json_schema as build

    return build(catalog)
