"""State of charge from what is measured: voltage, current, a board's own percentage, or nothing.

One number with its uncertainty, moved by counting charge and pulled towards what the voltage
says (a Kalman filter with one state). Errors of a voltage table last for hours, so repeated
readings count as one: the pull has a time constant, and the uncertainty never collapses.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edgepi.energy.battery import Battery

__all__ = ["REMEMBERED", "SocEstimate", "SocEstimator"]

REMEMBERED = "remembered"

_CORRELATION_H = 1.0
_DRIFT_COUNTED = 0.01
_DRIFT_BLIND = 0.10
_SD_MIN = 0.01
_SD_MAX = 0.30
_BOARD_SD = 0.05
_LONGEST_STEP_S = 900.0


@dataclass(frozen=True, slots=True)
class SocEstimate:
    """State of charge (0..1) with its standard deviation and what it rests on."""

    soc: float
    sd: float
    source: str


class SocEstimator:
    """Keeps the estimate; fed with readings and monotonic time, asks nothing of the world."""

    def __init__(self, battery: Battery) -> None:
        self._battery = battery
        self._soc: float | None = None
        self._variance = _SD_MAX**2
        self._at_s: float | None = None
        self._source = ""
        self._recalled = False

    def update(
        self,
        monotonic_s: float,
        *,
        voltage_v: float | None = None,
        current_a: float | None = None,
        percent: float | None = None,
    ) -> SocEstimate | None:
        """Take in a reading (current positive while charging); None as long as nothing ever came."""
        seen = self._seen(voltage_v, current_a, percent)
        step_s = self._advance(monotonic_s, voltage_v, current_a)
        if seen is not None:
            self._pull(*seen, step_s)
            self._source = _source(voltage_v, current_a, percent)
        elif self._soc is not None and current_a is None:
            self._source = REMEMBERED
        return self.estimate

    @property
    def estimate(self) -> SocEstimate | None:
        """The latest estimate."""
        if self._soc is None:
            return None
        return SocEstimate(self._soc, max(_SD_MIN, math.sqrt(self._variance)), self._source)

    def _seen(
        self, voltage_v: float | None, current_a: float | None, percent: float | None
    ) -> tuple[float, float] | None:
        if percent is not None:
            return max(0.0, min(1.0, percent / 100.0)), _BOARD_SD
        if voltage_v is None:
            return None
        rest_v = voltage_v - (current_a or 0.0) * self._battery.resistance_ohm
        # 61 mV is the step of the coarsest board in use; an unknown current hides as much again.
        noise_v = 0.03 if current_a is not None else 0.06
        sd = math.hypot(noise_v * self._battery.soc_per_v(rest_v), 0.03)
        return self._battery.soc_at_rest(rest_v), min(sd, _SD_MAX)

    def _advance(self, monotonic_s: float, voltage_v: float | None, current_a: float | None) -> float:
        previous_s, self._at_s = self._at_s, monotonic_s
        if previous_s is None or self._soc is None:
            return 0.0
        step_s = max(0.0, monotonic_s - previous_s)
        counted = current_a is not None and step_s <= _LONGEST_STEP_S
        if counted and current_a is not None:
            self._soc = self._count(self._soc, current_a, voltage_v, step_s)
        drift = _DRIFT_COUNTED if counted else _DRIFT_BLIND
        self._variance = min(_SD_MAX**2, self._variance + drift**2 * step_s / 3600.0)
        return step_s

    def _count(self, soc: float, current_a: float, voltage_v: float | None, step_s: float) -> float:
        energy_wh = current_a * (voltage_v or self._battery.nominal_v) * step_s / 3600.0
        energy_wh *= self._battery.facts.efficiency if current_a > 0 else 1.0
        return max(0.0, min(1.0, soc + energy_wh / self._battery.capacity_wh))

    def _pull(self, seen: float, sd: float, step_s: float) -> None:
        if self._soc is None:
            self._soc, self._variance = seen, sd**2
            return
        if step_s <= 0 and not self._recalled:
            return
        # After a night off the first reading tells all that the next hour will.
        weight = 1.0 if self._recalled else max(1.0, _CORRELATION_H * 3600.0 / step_s)
        noise, self._recalled = sd**2 * weight, False
        gain = self._variance / (self._variance + noise)
        self._soc += gain * (seen - self._soc)
        self._variance *= 1.0 - gain

    def memory(self) -> dict[str, float]:
        """What must outlive a restart."""
        return {} if self._soc is None else {"soc": self._soc, "sd": math.sqrt(self._variance)}

    def recall(self, memory: Mapping[str, Any], *, off_h: float = 0.0) -> None:
        """Take over what was known *off_h* hours ago."""
        try:
            soc, sd = float(memory["soc"]), float(memory["sd"])
        except (KeyError, TypeError, ValueError):
            return
        if 0.0 <= soc <= 1.0 and 0.0 <= sd <= 1.0:
            self._soc = soc
            self._variance = min(_SD_MAX**2, sd**2 + _DRIFT_BLIND**2 * max(0.0, off_h))
            self._source, self._recalled = REMEMBERED, True


def _source(voltage_v: float | None, current_a: float | None, percent: float | None) -> str:
    if percent is not None:
        return "board"
    if voltage_v is not None and current_a is not None:
        return "voltage and current"
    return "voltage"
