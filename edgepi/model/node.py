"""Where the node stands and what it is."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["NodeInfo"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeInfo:
    """Name and site of the node; degrees, metres, IANA time zone.

    The panel's azimuth counts from north over east, 180 is south; what nobody stated is None.
    """

    name: str
    latitude: float
    longitude: float
    elevation_m: float = 0.0
    time_zone: str = "UTC"
    panel_tilt_deg: float | None = None
    panel_azimuth_deg: float | None = None
