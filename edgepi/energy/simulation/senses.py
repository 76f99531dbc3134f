"""What the simulated node sees of its battery: the truth, a coarse voltage, or voltage and current."""

from __future__ import annotations

from math import sqrt
from random import Random
from typing import Protocol

from edgepi.energy.battery import Battery
from edgepi.energy.soc import SocEstimate, SocEstimator

__all__ = ["Sense", "make_sense"]

_STEP_V = 0.0613
_MEMORY = 0.98


class Sense(Protocol):
    """Turns true charge and current into an estimate."""

    def see(self, now_s: float, soc: float, battery_w: float) -> SocEstimate:
        """Estimate from the truth at a time (s): charge (0..1) and power into the battery."""


class _True:
    """The truth, with an error that wanders slowly (standard deviation *sd*)."""

    def __init__(self, sd: float, seed: int) -> None:
        self._sd, self._error = sd, 0.0
        self._random = Random(seed)  # noqa: S311 (a meter's error, no secret)

    def see(self, now_s: float, soc: float, battery_w: float) -> SocEstimate:  # noqa: ARG002
        """Charge with the wandering error."""
        if self._sd:
            fresh = self._random.gauss(0.0, self._sd) * sqrt(1.0 - _MEMORY**2)
            self._error = _MEMORY * self._error + fresh
        return SocEstimate(min(max(soc + self._error, 0.0), 1.0), self._sd, "board")


class _Measured:
    """Voltage in steps of 61 mV, and current if *metered*, through the node's own estimator."""

    def __init__(self, battery: Battery, *, metered: bool) -> None:
        self._battery, self._metered = battery, metered
        self._estimator = SocEstimator(battery)

    def see(self, now_s: float, soc: float, battery_w: float) -> SocEstimate:
        """Charge as the estimator makes it of what a board would read."""
        rest_v = self._battery.rest_v(soc)
        current_a = battery_w / max(rest_v, 1e-6)
        voltage_v = round((rest_v + current_a * self._battery.resistance_ohm) / _STEP_V) * _STEP_V
        found = self._estimator.update(
            now_s, voltage_v=voltage_v, current_a=current_a if self._metered else None
        )
        assert found is not None
        return found


def make_sense(kind: str, battery: Battery, *, sd: float = 0.0, seed: int = 1) -> Sense:
    """Make one of ``true``, ``voltage``, ``fused``."""
    if kind == "true":
        return _True(sd, seed)
    return _Measured(battery, metered=kind == "fused")
