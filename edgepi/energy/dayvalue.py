"""One day backwards: what stored energy is worth at each slot, given its worth at the day's end.

The state is energy on a grid and the day's clearness class. In each slot the best rung is chosen;
rungs above the first are forbidden where they would end below the floor. With numpy or without,
the arithmetic is the same.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Protocol

from edgepi.energy.demand import Rung
from edgepi.energy.settings import SLOT_H, SLOTS, Store

__all__ = ["Arithmetic", "DayOperator", "DayPlan", "Table", "arithmetic"]

Table = Any
"""Values by class (rows) and energy level: nested lists, or an array of numpy."""

DayOperator = Callable[[Table], Sequence[Table]]
"""Carries a table from the end of a day back: tables at the start of every slot, and the end itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DayPlan:
    """What a day may be: harvest by slot under a clear sky, clearness of each class, choices."""

    store: Store
    levels: int
    rungs: tuple[Rung, ...]
    clear_w: Sequence[float]
    centres: Sequence[float]

    @property
    def step_wh(self) -> float:
        """Distance of two levels of energy."""
        return self.store.top_wh / (self.levels - 1)

    def move(self, slot: int, centre: float, rung: Rung) -> float:
        """Change of energy in a slot, in steps of the grid; standing losses as of half full."""
        lost_wh = 0.5 * self.store.top_wh * self.store.loss_per_h * SLOT_H
        gained_wh = self.store.net_wh(self.clear_w[slot] * centre, rung.power_w, SLOT_H)
        return (gained_wh - lost_wh) / self.step_wh

    def first_allowed(self, move: float) -> int:
        """Lowest level from which a move still ends at the floor or above."""
        return min(max(math.ceil(self.store.floor_wh / self.step_wh - move - 1e-9), 0), self.levels)


class Arithmetic(Protocol):
    """The two operations on tables, and the way to read them."""

    def day(self, plan: DayPlan) -> DayOperator:
        """What carries a table back through a day; worth keeping for several tables."""

    def mix(self, matrix: Sequence[Sequence[float]], table: Table, factor: float = 1.0) -> Table:
        """Rows of *matrix* as weights of the table's rows, times *factor*."""

    def row(self, weights: Sequence[float], table: Table) -> list[float]:
        """Weighted sum of the table's rows."""

    def lowered(self, table: Table) -> tuple[Table, float]:
        """The table less its minimum, and that minimum."""

    def zeros(self, classes: int, levels: int) -> Table:
        """A table of zeros."""

    def lists(self, table: Table) -> list[list[float]]:
        """The table as nested lists."""

    def table(self, lists: Sequence[Sequence[float]]) -> Table:
        """A table from nested lists."""


@lru_cache(maxsize=2)
def arithmetic(*, numpy: bool | None = None) -> Arithmetic:
    """With numpy if it is there, or as told."""
    if numpy is None:
        numpy = find_spec("numpy") is not None
    made: Arithmetic = import_module("edgepi.energy.daynumpy").Numpy() if numpy else Plain()
    return made


class Plain:
    """Nested lists and nothing else."""

    def day(self, plan: DayPlan) -> DayOperator:
        """What carries a table back through the day: moves are worked out once for all its uses."""
        moves = [[_moves(plan, slot, centre) for centre in plan.centres] for slot in range(SLOTS)]

        def back(end: Table) -> Sequence[Table]:
            tables = [end]
            for classes in reversed(moves):
                tables.append([_slot(move, row) for move, row in zip(classes, tables[-1], strict=True)])
            return tables[::-1]

        return back

    def mix(self, matrix: Sequence[Sequence[float]], table: Table, factor: float = 1.0) -> Table:
        """Weighted sums of the table's rows."""
        return [self.row([weight * factor for weight in weights], table) for weights in matrix]

    def row(self, weights: Sequence[float], table: Table) -> list[float]:
        """Weighted sum of the table's rows."""
        return [sum(map(float.__mul__, weights, column)) for column in zip(*table, strict=True)]

    def lowered(self, table: Table) -> tuple[Table, float]:
        """The table less its minimum, and that minimum."""
        least = min(map(min, table))
        return [[value - least for value in row] for row in table], least

    def zeros(self, classes: int, levels: int) -> Table:
        """A table of zeros."""
        return [[0.0] * levels for _ in range(classes)]

    def lists(self, table: Table) -> list[list[float]]:
        """The table itself."""
        return [list(row) for row in table]

    def table(self, lists: Sequence[Sequence[float]]) -> Table:
        """The lists themselves."""
        return [[float(value) for value in row] for row in lists]


def _moves(plan: DayPlan, slot: int, centre: float) -> list[tuple[float, int, float]]:
    """Move, lowest level from which it is allowed, and reward of each rung."""
    moves = [plan.move(slot, centre, rung) for rung in plan.rungs]
    firsts = [0, *map(plan.first_allowed, moves[1:])]
    points = [rung.points_per_h * SLOT_H for rung in plan.rungs]
    return list(zip(moves, firsts, points, strict=True))


def _slot(moves: Sequence[tuple[float, int, float]], after: list[float]) -> list[float]:
    best: list[float] = []
    for move, first, reward in moves:
        found = _moved(after, move, reward)
        best = best[:first] + list(map(max, best[first:], found[first:])) if best else found
    return best


def _moved(row: list[float], move: float, reward: float) -> list[float]:
    """The row read *move* places further up (flat beyond its ends), plus a reward."""
    size = len(row)
    whole = math.floor(move)
    part = move - whole
    place = min(max(whole, -size), size - 1)
    if place >= 0:
        near = row[place:] + [row[-1]] * place
        far = [*near[1:], row[-1]]
    else:
        far = [row[0]] * (-place - 1) + row[: size + place + 1]
        near = [row[0], *far[:-1]]
    rest = 1.0 - part
    return [rest * x + part * y + reward for x, y in zip(near, far, strict=True)]
