"""What could have been: the clairvoyant, and thresholds tuned in hindsight. Needs numpy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from edgepi.energy.demand import Rung
from edgepi.energy.settings import Store

__all__ = ["BestThresholds", "best_thresholds", "clairvoyant"]

_LEVELS = 1201
_FORBIDDEN = -1e18


def clairvoyant(
    power_w: Sequence[float], step_h: float, rungs: Sequence[Rung], store: Store, start_wh: float
) -> list[int]:
    """The rung of each step that earns the most points, all harvest known: a discrete programme."""
    power = np.asarray(power_w)
    grid = np.linspace(0.0, store.top_wh, _LEVELS)
    worth = np.zeros((len(power) + 1, _LEVELS), dtype=np.float32)
    kept, after = 1.0 - store.loss_per_h * step_h, np.zeros(_LEVELS)
    base = 0.0
    for i in range(len(power) - 1, -1, -1):
        after = np.max([_gain(after, grid, power[i], rung, j, kept, step_h, store) for j, rung in enumerate(rungs)], axis=0)
        base = after[0]
        after = after - base
        worth[i] = after
    return _forward(power, worth, grid, rungs, kept, step_h, store, start_wh)


def _gain(
    after: Any, grid: Any, watts: float, rung: Rung, place: int, kept: float, step_h: float, store: Store
) -> Any:
    left = grid * kept + store.net_wh(watts, rung.power_w, step_h)
    worth = np.interp(left, grid, after) + rung.points_per_h * step_h
    return np.where(left < store.floor_wh, _FORBIDDEN, worth) if place else worth


def _forward(
    power: Any, worth: Any, grid: Any, rungs: Sequence[Rung], kept: float, step_h: float, store: Store, energy: float
) -> list[int]:
    chosen = []
    step = grid[1]
    for i, watts in enumerate(power.tolist()):
        row, best, most, then = worth[i + 1], 0, -np.inf, energy
        for j, rung in enumerate(rungs):
            left = energy * kept + store.net_wh(watts, rung.power_w, step_h)
            if j and left <= store.floor_wh:
                continue
            left = min(max(left, 0.0), store.top_wh)
            low = min(int(left / step), len(row) - 2)
            value = float(row[low] + (row[low + 1] - row[low]) * (left / step - low))
            value += rung.points_per_h * step_h
            if value > most:
                best, most, then = j, value, left
        chosen.append(best)
        energy = then
    return chosen


@dataclass(frozen=True, slots=True)
class BestThresholds:
    """The best set of thresholds for one trace: shares of charge, and points earned."""

    node_off: float
    node_on: float
    compute_off: float
    compute_on: float
    points: float


def best_thresholds(
    power_w: Sequence[float],
    step_h: float,
    rungs: Sequence[Rung],
    store: Store,
    *,
    start_wh: float,
    boot_wh: float,
    cut: float = 0.05,
    restart: float = 0.20,
    grid: Sequence[tuple[float, float, float, float]] = (),
) -> BestThresholds:
    """Try every set of thresholds of the grid on the trace itself; all run side by side."""
    sets = np.array(grid or _usual_grid())
    off, on, c_off, c_on = sets.T * store.capacity_wh
    energy = np.full(len(sets), start_wh)
    awake, computing = np.ones(len(sets), bool), np.zeros(len(sets), bool)
    dead = np.zeros(len(sets), bool)
    points = np.zeros(len(sets))
    loads = np.array([rung.power_w for rung in (rungs[0], rungs[1], rungs[-1])])
    gains = np.array([rung.points_per_h for rung in (rungs[0], rungs[1], rungs[-1])]) * step_h
    kept = 1.0 - store.loss_per_h * step_h
    for watts in power_w:
        dead &= energy < restart * store.capacity_wh
        wanted = np.where(awake, energy >= off, energy >= on) & ~dead
        computing = np.where(computing, energy >= c_off, energy >= c_on) & wanted
        boots = wanted & ~awake
        awake = wanted
        rung = awake.astype(int) + computing
        net = (watts - loads[rung]) * step_h
        net = np.where(net > 0, net * store.charge_efficiency, net / store.discharge_efficiency)
        energy = np.clip((energy - boots * boot_wh) * kept + net, 0.0, store.top_wh)
        points += gains[rung]
        fell = awake & (energy < cut * store.capacity_wh)
        dead |= fell
        awake &= ~fell
    best = int(points.argmax())
    return BestThresholds(*sets[best].tolist(), float(points[best]))


def _usual_grid() -> list[tuple[float, float, float, float]]:
    return [
        (off, on, c_off, c_on)
        for off in (0.06, 0.07, 0.075, 0.10, 0.15)
        for on in (0.075, 0.08, 0.10, 0.15, 0.20)
        for c_off in (0.15, 0.20, 0.25, 0.30, 0.35, 0.40, 0.50, 0.55, 0.60, 0.65, 0.70)
        for c_on in (0.40, 0.50, 0.60, 0.65, 0.70, 0.80, 0.90, 0.95)
        if off < on and off <= c_off < c_on
    ]
