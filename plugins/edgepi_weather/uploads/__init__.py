"""Sending what the station measures to networks of weather stations, when the owner wants it."""

from __future__ import annotations

from edgepi_weather.uploads.service import Rule, Service, StationRefusedError, WrongReportError

__all__ = ["Rule", "Service", "StationRefusedError", "WrongReportError"]
