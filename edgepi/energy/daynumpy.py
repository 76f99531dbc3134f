"""The day backwards in numpy; imported only where numpy is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from edgepi.energy.dayvalue import DayOperator, DayPlan, Table
from edgepi.energy.settings import SLOT_H, SLOTS

__all__ = ["Numpy"]

_FORBIDDEN = -1e18


class Numpy:
    """Arrays of slot x class x level."""

    def day(self, plan: DayPlan) -> DayOperator:
        """What carries a table back through the day: moves are worked out once for all its uses."""
        # Slots of the same light, such as all of the night, share their moves.
        lights, kinds = np.unique(plan.clear_w, return_inverse=True)
        of_light = list(zip(*_moves(plan, lights), strict=True))
        moves = [of_light[kind] for kind in kinds]
        shape = (SLOTS + 1, len(plan.centres), plan.levels)
        found = np.empty(moves[0][0].shape)
        low, high = found

        def back(end: Table) -> Sequence[Table]:
            tables = np.empty(shape)
            tables[SLOTS] = end
            for slot in range(SLOTS - 1, -1, -1):
                places, weights, reward = moves[slot]
                # All places are there; without "clip" numpy would see to that each time anew.
                tables[slot + 1].ravel().take(places, out=found, mode="clip")
                np.multiply(found, weights, out=found)
                np.add(low, high, out=low)
                np.add(low, reward, out=low)
                np.maximum.reduce(low, axis=0, out=tables[slot])
            return list(tables)

        return back

    def mix(self, matrix: Sequence[Sequence[float]], table: Table, factor: float = 1.0) -> Table:
        """Weighted sums of the table's rows."""
        return (np.asarray(matrix) * factor) @ table

    def row(self, weights: Sequence[float], table: Table) -> list[float]:
        """Weighted sum of the table's rows."""
        mixed: list[float] = (np.asarray(weights) @ table).tolist()
        return mixed

    def lowered(self, table: Table) -> tuple[Table, float]:
        """The table less its minimum, and that minimum."""
        least = float(table.min())
        return table - least, least

    def zeros(self, classes: int, levels: int) -> Table:
        """A table of zeros."""
        return np.zeros((classes, levels))

    def lists(self, table: Table) -> list[list[float]]:
        """The table as nested lists."""
        nested: list[list[float]] = np.asarray(table).tolist()
        return nested

    def table(self, lists: Sequence[Sequence[float]]) -> Table:
        """An array from nested lists."""
        return np.array(lists, dtype=float)


def _moves(plan: DayPlan, lights: Any) -> tuple[Any, Any, Any]:
    """Lower and upper places to read and the weight of each (light x two x rung x class x level), reward."""
    store, levels = plan.store, plan.levels
    power = np.array([rung.power_w for rung in plan.rungs])[None, :, None]
    points = np.array([rung.points_per_h for rung in plan.rungs]) * SLOT_H
    light = lights[:, None, None] * np.asarray(plan.centres)[None, None, :]
    net = (light - power) * SLOT_H
    net = np.where(net > 0, net * store.charge_efficiency, net / store.discharge_efficiency)
    lost = 0.5 * store.top_wh * store.loss_per_h * SLOT_H
    move = (net - lost) / plan.step_wh
    first = np.ceil(store.floor_wh / plan.step_wh - move - 1e-9)
    first[:, 0, :] = 0
    whole = np.floor(move)
    grid = np.arange(levels)
    near = whole.astype(np.intp)
    places = np.stack((near, near + 1), axis=1)[..., None] + grid
    np.clip(places, 0, levels - 1, out=places)
    places += (np.arange(len(plan.centres)) * levels)[:, None]
    reward = np.where(grid >= first[..., None], points[None, :, None, None], _FORBIDDEN)
    part = (move - whole)[..., None]
    return places, np.stack((1.0 - part, part), axis=1), reward
