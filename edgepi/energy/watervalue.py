"""The worth of stored energy: a standing policy over days, and its price in points per Wh."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

from edgepi.energy.dayvalue import Arithmetic, DayOperator, DayPlan, Table
from edgepi.energy.settings import SLOTS, EngineSettings

__all__ = ["DayWorth", "WaterValue", "price_at"]

Matrix = Sequence[Sequence[float]]


@dataclass(frozen=True, slots=True)
class DayWorth:
    """Worth of energy at each slot of today, and of tomorrow for what lasts beyond midnight."""

    plan: DayPlan
    arithmetic: Arithmetic
    today: Sequence[Table]
    tomorrow: Sequence[Table]
    overnight: Matrix
    discount: float
    offset: float

    def row(self, slot: int, classes: Sequence[float]) -> list[float]:
        """Worth by level of energy at a slot counted from this morning, for beliefs of today's class."""
        if slot <= SLOTS:
            return self.arithmetic.row(classes, self.today[slot])
        columns = zip(*self.overnight, strict=True)
        then = [sum([p * c for p, c in zip(column, classes, strict=True)]) for column in columns]
        found = self.arithmetic.row(then, self.tomorrow[min(slot - SLOTS, SLOTS)])
        return [(value - self.offset) * self.discount for value in found]


class WaterValue:
    """Keeps the worth of energy at dawn by yesterday's class; one sweep a day keeps it true."""

    def __init__(self, settings: EngineSettings, arithmetic: Arithmetic) -> None:
        self._settings = settings
        self._arithmetic = arithmetic
        self._worth: Table | None = None

    def forget(self) -> None:
        """Begin anew: energy is wanted for something else."""
        self._worth = None

    def _settle(
        self, plan: DayPlan, back: DayOperator, matrix: Matrix, sweeps: int
    ) -> tuple[Sequence[Table], float]:
        """Carry the worth on by days like this one; tables of the last sweep and what was taken off."""
        if self._worth is None:
            self._worth = self._arithmetic.zeros(len(plan.centres), plan.levels)
            sweeps = self._settings.first_sweeps
        tables: Sequence[Table] = ()
        least = 0.0
        for _ in range(sweeps):
            tables = back(_scaled(self._arithmetic, self._worth, self._gamma))
            self._worth, least = self._arithmetic.lowered(self._arithmetic.mix(matrix, tables[0]))
        return tables, least

    def today(self, plan: DayPlan, matrix: Matrix, chains: Sequence[Matrix], *, sweeps: int = 1) -> DayWorth:
        """Settle, then go backwards through the days of the forecast to this morning."""
        back = self._arithmetic.day(plan)
        tomorrow, offset = self._settle(plan, back, matrix, sweeps)
        worth, overnight = self._worth, matrix
        for chain in reversed(list(chains)[1:]):
            tomorrow = back(_scaled(self._arithmetic, worth, self._gamma))
            worth, overnight, offset = self._arithmetic.mix(chain, tomorrow[0]), chain, 0.0
        today = back(_scaled(self._arithmetic, worth, self._gamma))
        return DayWorth(plan, self._arithmetic, today, tomorrow, overnight, self._gamma, offset)

    @property
    def _gamma(self) -> float:
        return self._settings.discount_per_day

    def memory(self) -> list[list[float]]:
        """What must outlive a restart."""
        if self._worth is None:
            return []
        return [[float(f"{value:.7g}") for value in row] for row in self._arithmetic.lists(self._worth)]

    def recall(self, memory: Sequence[Sequence[float]]) -> None:
        """Take over an earlier `memory`."""
        self._worth = self._arithmetic.table(memory) if memory else None


def _scaled(arithmetic: Arithmetic, table: Table, factor: float) -> Table:
    size = len(table)
    unit = [[1.0 if i == j else 0.0 for j in range(size)] for i in range(size)]
    return arithmetic.mix(unit, table, factor)


def price_at(row: Sequence[float], step_wh: float, energy_wh: float) -> float:
    """Points that one more Wh is worth: slope of the concave envelope, never negative.

    It never rises with energy, as the worth itself may where a whole step is just within reach.
    """
    place = min(max(energy_wh / step_wh, 0.0), len(row) - 1.0)
    # Corners and the slopes to them; a slope that does not fall takes its corner away.
    corners, slopes = [0], [inf]
    last, last_slope = 0, inf
    for i, worth in enumerate(row[1:], start=1):
        slope = (worth - row[last]) / (i - last)
        while slope >= last_slope:
            corners.pop()
            slopes.pop()
            last, last_slope = corners[-1], slopes[-1]
            slope = (worth - row[last]) / (i - last)
        corners.append(i)
        slopes.append(slope)
        last, last_slope = i, slope
    found = min(bisect_right(corners, place), len(corners) - 1)
    return max(0.0, slopes[found] / step_wh) if found else 0.0
