"""What a chemistry, a battery, a panel and a board are: tables and the arithmetic on them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

__all__ = ["CHEMISTRIES", "Battery", "Board", "Chemistry", "Panel"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chemistry:
    """Facts of one cell; *rest_curve* holds (rest voltage, state of charge), both rising.

    *run_v*, *commit_v* and *recovery_v* are what the guards and the wake by voltage default to,
    *cut_v* what a board's own cut-off is best set to, below both guards,
    *band_v* what a guard's voltage must rise above it before it lets go, and *resistance_ohm_ah*
    the inner resistance of a cell of one ampere-hour (it falls as the capacity grows).
    After a change of current the voltage creeps on: by *slow_ratio* times the drop over the inner
    resistance, with a time constant of *rest_h*; *hysteresis_v* is how far the rest voltage lies
    above or below the table after charging or discharging, *table_v* how well the table fits a
    cell of another make. A charger holds *absorb_v*; with little current *full_v* means full.
    Below *charge_above_c* (Celsius) a cell takes no more than *cold_charge_per_h* of its capacity
    in an hour, below *never_charge_c* nothing.
    """

    nominal_v: float
    cells_for_12_v: int
    rest_curve: tuple[tuple[float, float], ...]
    resistance_ohm_ah: float
    run_v: float
    commit_v: float
    recovery_v: float
    cut_v: float
    band_v: float
    efficiency: float
    loss_per_month: float
    hysteresis_v: float
    slow_ratio: float
    rest_h: float
    table_v: float
    absorb_v: float
    full_v: float
    full_per_h: float
    charge_above_c: float
    cold_charge_per_h: float
    never_charge_c: float


# LiFePO4: rest voltages of a 4S pack as measured by several makers, divided by four.
# Li-ion: mean of common NMC data sheets. Lead-acid: the usual table for 25 C, divided by six.
# Hysteresis of LiFePO4: the rest voltages after charging and discharging lie 5 to 25 mV apart.
# Cold: Battery University BU-410, "Charging at High and Low Temperatures": lithium takes no charge
# below freezing, lead-acid 0.3 C at most, down to -20 C.
CHEMISTRIES: Mapping[str, Chemistry] = MappingProxyType(
    {
        "lifepo4": Chemistry(
            nominal_v=3.2,
            cells_for_12_v=4,
            rest_curve=(
                (2.5, 0.0),
                (3.0, 0.1),
                (3.2, 0.2),
                (3.25, 0.3),
                (3.3, 0.4),
                (3.325, 0.7),
                (3.35, 0.9),
                (3.4, 1.0),
            ),
            resistance_ohm_ah=0.15,
            run_v=3.1,
            commit_v=3.0,
            recovery_v=3.25,
            cut_v=2.9,
            band_v=0.05,
            efficiency=0.95,
            loss_per_month=0.03,
            hysteresis_v=0.01,
            slow_ratio=1.0,
            rest_h=1.0,
            table_v=0.004,
            absorb_v=3.6,
            full_v=3.45,
            full_per_h=0.05,
            charge_above_c=0.0,
            cold_charge_per_h=0.0,
            never_charge_c=0.0,
        ),
        "li-ion": Chemistry(
            nominal_v=3.6,
            cells_for_12_v=3,
            rest_curve=(
                (3.0, 0.0),
                (3.45, 0.05),
                (3.68, 0.1),
                (3.74, 0.2),
                (3.77, 0.3),
                (3.79, 0.4),
                (3.82, 0.5),
                (3.87, 0.6),
                (3.92, 0.7),
                (3.98, 0.8),
                (4.06, 0.9),
                (4.2, 1.0),
            ),
            resistance_ohm_ah=0.12,
            run_v=3.6,
            commit_v=3.45,
            recovery_v=3.8,
            cut_v=3.3,
            band_v=0.06,
            efficiency=0.96,
            loss_per_month=0.03,
            hysteresis_v=0.005,
            slow_ratio=1.0,
            rest_h=0.7,
            table_v=0.006,
            absorb_v=4.2,
            full_v=4.16,
            full_per_h=0.05,
            charge_above_c=0.0,
            cold_charge_per_h=0.0,
            never_charge_c=0.0,
        ),
        "lead-acid": Chemistry(
            nominal_v=2.0,
            cells_for_12_v=6,
            rest_curve=(
                (1.75, 0.0),
                (1.918, 0.1),
                (1.943, 0.2),
                (1.968, 0.3),
                (1.993, 0.4),
                (2.017, 0.5),
                (2.04, 0.6),
                (2.062, 0.7),
                (2.083, 0.8),
                (2.103, 0.9),
                (2.122, 1.0),
            ),
            resistance_ohm_ah=0.2,
            run_v=1.95,
            commit_v=1.9,
            recovery_v=2.08,
            cut_v=1.85,
            band_v=0.04,
            efficiency=0.85,
            loss_per_month=0.05,
            hysteresis_v=0.01,
            slow_ratio=3.0,
            rest_h=3.0,
            table_v=0.008,
            absorb_v=2.4,
            full_v=2.3,
            full_per_h=0.03,
            charge_above_c=0.0,
            cold_charge_per_h=0.3,
            never_charge_c=-20.0,
        ),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Battery:
    """A battery of *cells* in series holding *capacity_wh* when full."""

    chemistry: str = "lifepo4"
    capacity_wh: float = 154.0
    cells: int = 4

    @classmethod
    def of(cls, chemistry: str, capacity_wh: float, cells: int | None = None) -> Battery:
        """Make one; without *cells* it is taken for a battery of 12 V."""
        count = cells or CHEMISTRIES[chemistry].cells_for_12_v
        return cls(chemistry=chemistry, capacity_wh=capacity_wh, cells=count)

    @property
    def facts(self) -> Chemistry:
        """Facts of its cells."""
        return CHEMISTRIES[self.chemistry]

    @property
    def nominal_v(self) -> float:
        """Nominal voltage of the whole battery."""
        return self.facts.nominal_v * self.cells

    @property
    def capacity_ah(self) -> float:
        """Ampere-hours at the nominal voltage."""
        return self.capacity_wh / self.nominal_v

    @property
    def resistance_ohm(self) -> float:
        """Inner resistance of the whole battery, from its size."""
        return self.facts.resistance_ohm_ah * self.cells / self.capacity_ah

    def soc_at_rest(self, voltage_v: float) -> float:
        """State of charge (0..1) that a rest voltage stands for."""
        return _interpolate(voltage_v / self.cells, self.facts.rest_curve)

    def rest_v(self, soc: float) -> float:
        """Rest voltage at a state of charge (0..1)."""
        return _interpolate(soc, _flipped(self.facts.rest_curve)) * self.cells

    def soc_per_v(self, voltage_v: float) -> float:
        """Steepness of the rest curve: how much charge one volt more stands for."""
        half = 0.02 * self.cells
        rise = self.soc_at_rest(voltage_v + half) - self.soc_at_rest(voltage_v - half)
        return rise / (2 * half)


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """A panel; degrees, azimuth 180 is south, None lets the site decide."""

    peak_w: float = 40.0
    tilt_deg: float | None = None
    azimuth_deg: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """The computer as the battery sees it: idle, off, a boot, and the converter before it."""

    model: str = "pi4"
    idle_w: float = 2.7
    standby_w: float = 0.1
    boot_wh: float = 0.06
    boot_s: float = 90.0
    converter_efficiency: float = 0.9


@cache
def _flipped(curve: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
    return tuple((charge, volts) for volts, charge in curve)


def _interpolate(x: float, points: tuple[tuple[float, float], ...]) -> float:
    """Piecewise linear through rising points, flat beyond both ends."""
    if x <= points[0][0]:
        return points[0][1]
    if x >= points[-1][0]:
        return points[-1][1]
    right = bisect_right(points, x, key=lambda point: point[0])
    (x0, y0), (x1, y1) = points[right - 1], points[right]
    return y0 + (y1 - y0) * (x - x0) / (x1 - x0)
