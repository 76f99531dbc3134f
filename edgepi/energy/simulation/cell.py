"""A cell that is harder to read than its own table: hysteresis, slow relaxation, another make.

Open circuit: the usual table, shifted by a wave that no table knows. To it come hysteresis that
turns within some hundredths of the capacity (after Plett), the drop over an inner resistance a
quarter above the usual one, and two relaxations, of minutes and of hours.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, pi, sin

from edgepi.energy.battery import Battery

__all__ = ["TRUE_CELLS", "Cell", "CellVoltage", "TrueCell"]

_RESISTANCE = 1.25
_FAST_RATIO, _FAST_H = 0.5, 2.0 / 60.0
_TURN = 30.0
_MIDDLE, _FULL = 0.5, 0.999


@dataclass(frozen=True, slots=True, kw_only=True)
class TrueCell:
    """What a chemistry truly does (V of one cell); the estimator believes other figures.

    *charged* is how much of the charge taken in comes out again.
    """

    wave_v: float
    hysteresis_v: float
    slow_ratio: float
    slow_h: float
    charged: float


TRUE_CELLS = {
    "lifepo4": TrueCell(wave_v=0.004, hysteresis_v=0.010, slow_ratio=1.5, slow_h=2.0, charged=0.995),
    "li-ion": TrueCell(wave_v=0.006, hysteresis_v=0.005, slow_ratio=1.3, slow_h=1.0, charged=0.995),
    "lead-acid": TrueCell(wave_v=0.008, hysteresis_v=0.010, slow_ratio=4.0, slow_h=5.0, charged=0.88),
}


class CellVoltage:
    """Voltage at the terminals of a battery whose charge and current (A, charging) are known."""

    def __init__(self, battery: Battery, *, phase: float = 0.3) -> None:
        self._battery, self._phase = battery, phase
        self._true = TRUE_CELLS[battery.chemistry]
        self._ohm = _RESISTANCE * battery.resistance_ohm
        self._fast_v = self._slow_v = self._turned = 0.0

    def rest_v(self, soc: float) -> float:
        """Voltage after a long rest, hysteresis included."""
        wave = self._true.wave_v * sin(2.0 * pi * (1.5 * soc + self._phase))
        return self._battery.rest_v(soc) + self._battery.cells * (
            wave + self._true.hysteresis_v * self._turned
        )

    def inner_v(self, soc: float) -> float:
        """Voltage without the drop over the inner resistance."""
        return self.rest_v(soc) + self._fast_v + self._slow_v

    def terminal_v(self, soc: float, current_a: float) -> float:
        """Voltage with a current that has just begun; a charger holds it below its own."""
        held_v = self._battery.facts.absorb_v * self._battery.cells
        return min(self.inner_v(soc) + current_a * self._ohm, held_v)

    def limit_a(self, soc: float) -> float:
        """Current at which the charger's voltage is reached."""
        held_v = self._battery.facts.absorb_v * self._battery.cells
        return max(0.0, (held_v - self.inner_v(soc)) / self._ohm)

    def step(self, current_a: float, hours: float) -> None:
        """Let a steady current flow."""
        fast, slow = exp(-hours / _FAST_H), exp(-hours / self._true.slow_h)
        ohm = self._battery.resistance_ohm
        self._fast_v = fast * self._fast_v + (1.0 - fast) * _FAST_RATIO * ohm * current_a
        self._slow_v = slow * self._slow_v + (1.0 - slow) * self._true.slow_ratio * ohm * current_a
        kept = exp(-_TURN * abs(current_a) * hours / self._battery.capacity_ah)
        way = (current_a > 0.0) - (current_a < 0.0)
        self._turned = kept * self._turned + (1.0 - kept) * way


class Cell:
    """A battery that keeps charge (Ah), not energy, and is charged as far as the voltage allows.

    *battery* is the true one; its ampere-hours are those that give its watt-hours at the mean
    voltage of its rest curve.
    """

    def __init__(self, battery: Battery, *, soc: float = _MIDDLE, phase: float = 0.3) -> None:
        self.battery, self.soc = battery, soc
        self._true = TRUE_CELLS[battery.chemistry]
        self._volts = CellVoltage(battery, phase=phase)
        mean_v = sum(battery.rest_v((i + 0.5) / 50) for i in range(50)) / 50
        self._capacity_ah = battery.capacity_wh / mean_v
        self.voltage_v, self.current_a = self._volts.terminal_v(soc, 0.0), 0.0

    def step(self, harvest_w: float, load_w: float, hours: float) -> None:
        """Let steady powers flow; what the charger may not take is lost."""
        wanted_a = (harvest_w - load_w) / self.voltage_v
        amps = min(wanted_a, self._volts.limit_a(self.soc)) if wanted_a > 0.0 else wanted_a
        amps = min(amps, (1.0 - self.soc) * self._capacity_ah / hours)
        share = amps * hours / self._capacity_ah * (self._true.charged if amps > 0.0 else 1.0)
        kept = 1.0 - self.battery.facts.loss_per_month * hours / 720.0
        self.soc = min(max(self.soc * kept + share, 0.0), 1.0)
        self._volts.step(amps, hours)
        self.current_a = amps
        full = self.soc >= _FULL and amps < wanted_a
        held_v = self.battery.facts.absorb_v * self.battery.cells
        self.voltage_v = held_v if full else self._volts.terminal_v(self.soc, amps)
