"""Weather as arithmetic: pure, without chips, time or files."""

from __future__ import annotations

from edgepi_weather.met.observation import Derived, Observation, derive

__all__ = ["Derived", "Observation", "derive"]
