"""What each quantity can be, and how quickly it can change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

__all__ = ["LIMITS", "Limits", "with_changes"]

HOUR_S = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """*step_per_min* is the most that a reading may differ from the one a minute before, None if anything.

    A sensor that says exactly the same for *stuck_s* counts as stuck; None if that can be. *at_rest* are the
    values that may stay for ever: a calm, air that is saturated.
    """

    name: str
    unit: str
    low: float
    high: float
    step_per_min: float | None = None
    stuck_s: float | None = None
    at_rest: tuple[float, ...] = ()


# Ranges and steps: Zahumensky, Guidelines on Quality Control Procedures for Data from Automatic Weather
# Stations (WMO, 2004); the step of humidity is wider because cheap sensors in the sun jump; rain is above
# any cloudburst.
# Times: no air stays the same to a hundredth for hours, but a vane stays in its notch.
LIMITS: Mapping[str, Limits] = {
    "temperature": Limits(
        name="temperature", unit="°C", low=-80.0, high=60.0, step_per_min=3.0, stuck_s=6 * HOUR_S
    ),
    "humidity": Limits(
        name="humidity",
        unit="%",
        low=0.0,
        high=100.0,
        step_per_min=15.0,
        stuck_s=6 * HOUR_S,
        at_rest=(100.0,),
    ),
    "pressure": Limits(
        name="pressure", unit="hPa", low=500.0, high=1100.0, step_per_min=0.5, stuck_s=6 * HOUR_S
    ),
    "wind_speed": Limits(
        name="wind", unit="m/s", low=0.0, high=75.0, step_per_min=20.0, stuck_s=6 * HOUR_S, at_rest=(0.0,)
    ),
    "wind_gust": Limits(name="gust", unit="m/s", low=0.0, high=150.0, stuck_s=6 * HOUR_S, at_rest=(0.0,)),
    "wind_direction": Limits(name="wind direction", unit="°", low=0.0, high=360.0),
    "rain_rate": Limits(name="rain", unit="mm/h", low=0.0, high=500.0, stuck_s=12 * HOUR_S, at_rest=(0.0,)),
    "rain": Limits(name="rain", unit="mm", low=0.0, high=500.0),
}


def with_changes(changes: Mapping[str, Mapping[str, float | None]]) -> Mapping[str, Limits]:
    """Return the limits with some fields of some quantities changed."""
    return {
        key: replace(limits, **changes[key]) if key in changes else limits  # type: ignore[arg-type]  # the schema lets only fields that are numbers by
        for key, limits in LIMITS.items()
    }
