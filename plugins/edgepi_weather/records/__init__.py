"""Daily, monthly and all-time records of one station."""

from __future__ import annotations

from edgepi_weather.records.records import FILE, Records

__all__ = ["FILE", "Records"]
