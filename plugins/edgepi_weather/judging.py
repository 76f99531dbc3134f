"""What the owner says about which readings are to be believed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import voluptuous as vol

from edgepi.plugin.fields import Number, TimeSpan
from edgepi_weather.met.limits import LIMITS, Limits, with_changes

__all__ = ["QUALITY", "limits_of"]

_NAMES = {"min": "low", "max": "high", "step": "step_per_min", "stuck": "stuck_s"}

QUALITY = {
    vol.Optional(key): {
        vol.Optional("min"): Number(min=limits.low, max=limits.high),
        vol.Optional("max"): Number(min=limits.low, max=limits.high),
        vol.Optional("step"): Number(min=0.0, max=1000.0),
        vol.Optional("stuck"): TimeSpan(max_s=30 * 86400.0),
    }
    for key, limits in LIMITS.items()
    if key != "rain"
}


def limits_of(section: Mapping[str, Mapping[str, float]]) -> Mapping[str, Limits]:
    """Return the limits of section ``quality``; a step or a time of zero switches that check off.

    Raises vol.Invalid where the least is not below the most.
    """
    changes: dict[str, dict[str, Any]] = {}
    for key, given in section.items():
        changes[key] = {
            _NAMES[name]: None if name in {"step", "stuck"} and value == 0.0 else value
            for name, value in given.items()
        }
    limits = with_changes(changes)
    for key in section:
        if limits[key].low >= limits[key].high:
            raise vol.Invalid("`min` must be below `max`", path=["quality", key])
    return limits
