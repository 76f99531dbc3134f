"""A LiFePO4 battery with its protection circuit, and books that balance.

Its voltage does not follow its table at once: after a change of current it creeps on for hours, and
after charging it rests higher than after discharging. A charger that finds it full holds it high.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import asdict, dataclass, field
from typing import Any

__all__ = ["Battery", "BatterySpec", "Books", "rest_voltage_v"]

# Rest voltage of four cells in series over the state of charge; the top from a full cell at rest (3.40 V).
_REST_V = (
    (0.00, 10.0),
    (0.10, 12.0),
    (0.20, 12.8),
    (0.30, 13.0),
    (0.40, 13.2),
    (0.70, 13.3),
    (0.90, 13.4),
    (1.00, 13.6),
)
_SOC = tuple(soc for soc, _ in _REST_V)
_TABLE_CELLS = 4
_MONTH_S = 30 * 86400.0
# The hysteresis turns within a few hundredths of the capacity.
_TURN = 30.0


def rest_voltage_v(soc: float, cells: int) -> float:
    """Return V at rest for a state of charge of 0 to 1."""
    soc = min(1.0, max(0.0, soc))
    after = min(len(_SOC) - 1, bisect_right(_SOC, soc))
    (low, low_v), (high, high_v) = _REST_V[after - 1], _REST_V[after]
    return (low_v + (high_v - low_v) * (soc - low) / (high - low)) * cells / _TABLE_CELLS


@dataclass(frozen=True, slots=True, kw_only=True)
class BatterySpec:
    """What the battery is; the protection opens at *empty_soc* and closes again at *release_soc*.

    *slow_ohm* times the current is where the voltage creeps to with a time constant of *slow_s*;
    *hysteresis_v* is how far it rests off its table, *held_v* what a charger holds when it is full.
    """

    capacity_wh: float = 77.0
    cells: int = 4
    charge_efficiency: float = 0.95
    discharge_efficiency: float = 0.95
    resistance_ohm: float = 0.05
    slow_ohm: float = 0.06
    slow_s: float = 5400.0
    hysteresis_v: float = 0.03
    held_v: float = 14.2
    self_discharge_per_month: float = 0.03
    empty_soc: float = 0.0
    release_soc: float = 0.05


@dataclass(slots=True)
class Books:
    """Every watt-hour that came or went since the battery was new."""

    offered_wh: float = 0.0
    spilled_wh: float = 0.0
    delivered_wh: float = 0.0
    charge_loss_wh: float = 0.0
    discharge_loss_wh: float = 0.0
    self_discharged_wh: float = 0.0

    @property
    def gain_wh(self) -> float:
        """What the store must have gained by all of these."""
        lost_wh = self.charge_loss_wh + self.discharge_loss_wh + self.self_discharged_wh
        return self.offered_wh - self.spilled_wh - self.delivered_wh - lost_wh


@dataclass(slots=True)
class Battery:
    """Stored energy, voltage, current (positive while charging), and what was taken from the panel."""

    spec: BatterySpec
    stored_wh: float
    books: Books = field(default_factory=Books)
    open_circuit: bool = False
    current_a: float = 0.0
    accepted_w: float = 0.0
    slow_v: float = 0.0
    turned: float = 0.0
    held: bool = False

    @property
    def soc(self) -> float:
        """State of charge, 0 to 1."""
        return self.stored_wh / self.spec.capacity_wh

    @property
    def terminal_v(self) -> float:
        """V at the terminals; nothing while the protection is open."""
        if self.open_circuit:
            return 0.0
        if self.held:
            return self.spec.held_v * self.spec.cells / _TABLE_CELLS
        off_rest_v = self.slow_v + self.turned * self.spec.hysteresis_v
        return (
            rest_voltage_v(self.soc, self.spec.cells) + off_rest_v + self.current_a * self.spec.resistance_ohm
        )

    def step(self, harvest_w: float, load_w: float, dt_s: float) -> bool:
        """Let *dt_s* pass; return whether the load was served.

        The panel feeds the load first; only the rest goes through the cells. With the
        protection open the charger collapses: the load gets nothing, charging goes on.
        """
        hours = dt_s / 3600.0
        self._leak(dt_s)
        if self.open_circuit:
            load_w = 0.0
        net_w = harvest_w - load_w
        served = True
        spilled_wh = self.books.spilled_wh
        if net_w >= 0.0:
            self._charge(net_w, hours)
        else:
            served = self._discharge(harvest_w, load_w, hours)
        self.books.offered_wh += harvest_w * hours
        self.accepted_w = max(0.0, harvest_w - (self.books.spilled_wh - spilled_wh) / hours)
        if served:
            self.books.delivered_wh += load_w * hours
        self.held = net_w > 0.0 and self.stored_wh >= self.spec.capacity_wh
        self._creep(hours)
        self._protect()
        return served and not self.open_circuit

    def _creep(self, hours: float) -> None:
        kept = math.exp(-hours * 3600.0 / self.spec.slow_s)
        self.slow_v = kept * self.slow_v + (1.0 - kept) * self.spec.slow_ohm * self.current_a
        moved = (
            abs(self.current_a) * hours * rest_voltage_v(self.soc, self.spec.cells) / self.spec.capacity_wh
        )
        kept = math.exp(-_TURN * moved)
        way = (self.current_a > 0.0) - (self.current_a < 0.0)
        self.turned = kept * self.turned + (1.0 - kept) * way

    def _leak(self, dt_s: float) -> None:
        kept = math.exp(-self.spec.self_discharge_per_month * dt_s / _MONTH_S)
        gone_wh = self.stored_wh * (1.0 - kept)
        self.stored_wh -= gone_wh
        self.books.self_discharged_wh += gone_wh

    def _charge(self, net_w: float, hours: float) -> None:
        efficiency = self.spec.charge_efficiency
        room_wh = self.spec.capacity_wh - self.stored_wh
        taken_wh = min(net_w * hours, room_wh / efficiency)
        self.stored_wh = min(self.spec.capacity_wh, self.stored_wh + taken_wh * efficiency)
        self.books.charge_loss_wh += taken_wh * (1.0 - efficiency)
        self.books.spilled_wh += net_w * hours - taken_wh
        self._flow(taken_wh / hours)

    def _discharge(self, harvest_w: float, load_w: float, hours: float) -> bool:
        efficiency = self.spec.discharge_efficiency
        wanted_wh = (load_w - harvest_w) * hours
        if wanted_wh / efficiency > self.stored_wh:
            self.open_circuit = True
            self.books.spilled_wh += harvest_w * hours
            self._flow(0.0)
            return False
        self.stored_wh -= wanted_wh / efficiency
        self.books.discharge_loss_wh += wanted_wh / efficiency - wanted_wh
        self._flow(harvest_w - load_w)
        return True

    def _flow(self, power_w: float) -> None:
        self.current_a = power_w / rest_voltage_v(self.soc, self.spec.cells)

    def _protect(self) -> None:
        if self.soc <= self.spec.empty_soc:
            self.open_circuit = True
        elif self.open_circuit and self.soc >= self.spec.release_soc:
            self.open_circuit = False

    def to_dict(self) -> dict[str, Any]:
        """Everything that changes, for a file."""
        return {
            "stored_wh": self.stored_wh,
            "books": asdict(self.books),
            "open_circuit": self.open_circuit,
            "current_a": self.current_a,
            "slow_v": self.slow_v,
            "turned": self.turned,
            "held": self.held,
        }

    @classmethod
    def from_dict(cls, spec: BatterySpec, data: dict[str, Any]) -> Battery:
        """Take up what `to_dict` put down."""
        return cls(
            spec=spec,
            stored_wh=min(spec.capacity_wh, float(data["stored_wh"])),
            books=Books(**data["books"]),
            open_circuit=bool(data["open_circuit"]),
            current_a=float(data["current_a"]),
            slow_v=float(data.get("slow_v", 0.0)),
            turned=float(data.get("turned", 0.0)),
            held=bool(data.get("held", False)),
        )
