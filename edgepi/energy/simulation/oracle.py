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
    for i in range(len(power) - 1, -1, -1):
        choices: list[Any] = []
        for rung in rungs:
            left = grid * kept + store.net_wh(power[i], rung.power_w, step_h)
            gained = np.interp(left, grid, after) + rung.points_per_h * step_h
            choices.append(np.where(left < store.floor_wh, _FORBIDDEN, gained) if choices else gained)
        after = np.max(choices, axis=0)
        after -= after[0]
        worth[i] = after
    chosen = []
    energy = start_wh
    for i, watts in enumerate(power.tolist()):
        place, energy = _best(worth[i + 1], grid, rungs, energy * kept, watts, step_h, store)
        chosen.append(place)
    return chosen


def _best(  # noqa: PLR0917 (the inner loop of a year)
    row: Any, grid: Any, rungs: Sequence[Rung], kept_wh: float, watts: float, step_h: float, store: Store
) -> tuple[int, float]:
    """The best rung of one step and the energy that it leaves."""
    best, most, then = 0, -np.inf, kept_wh
    for place, rung in enumerate(rungs):
        left = kept_wh + store.net_wh(watts, rung.power_w, step_h)
        if place and left <= store.floor_wh:
            continue
        left = min(max(left, 0.0), store.top_wh)
        value = float(np.interp(left, grid, row)) + rung.points_per_h * step_h
        if value > most:
            best, most, then = place, value, left
    return best, then


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
    best = int(np.argmax(points))
    return BestThresholds(*map(float, (*sets[best], points[best])))


def _usual_grid() -> list[tuple[float, float, float, float]]:
    return [
        (off, on, c_off, c_on)
        for off in (0.06, 0.07, 0.075, 0.10, 0.15)
        for on in (0.075, 0.08, 0.10, 0.15, 0.20)
        for c_off in (0.15, 0.20, 0.25, 0.30, 0.35, 0.40, 0.50, 0.55, 0.60, 0.65, 0.70)
        for c_on in (0.40, 0.50, 0.60, 0.65, 0.70, 0.80, 0.90, 0.95)
        if off < on and off <= c_off < c_on
    ]
