"""Months of a node on a cell that is harder to read than the estimator's table."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

from edgepi.energy.battery import Battery
from edgepi.energy.simulation.cell import Cell
from edgepi.energy.soc import Current, SocEstimate, SocEstimator

__all__ = ["SENSES", "Moment", "live", "score"]

STEP_H = 1 / 6
STEP_V = 0.0613
PEAK_W = 30.0
IDLE_W, JOB_W, OFF_W = 2.7, 3.8, 0.12
SENSES = ("voltage", "voltage and load", "voltage and current", "board", "mixture")


@dataclass(frozen=True, slots=True)
class Moment:
    """What was true, what was measured, and what was made of it."""

    day: float
    cell: Cell
    battery_w: float
    estimate: SocEstimate | None
    estimator: SocEstimator


def sun(days: int, random: Random) -> Iterator[float]:
    """Harvest of a panel (W) by day after day, from dull to clear, winter to summer to winter."""
    clearness, cloud = 0.6, 1.0
    for day in range(days):
        clearness = min(1.0, max(0.08, 0.6 + 0.5 * (clearness - 0.6) + random.gauss(0, 0.25)))
        season = 0.5 * (1.0 - math.cos(2 * math.pi * (day + 60) / 365))
        for part in range(round(24 / STEP_H)):
            cloud = 0.8 * cloud + 0.2 * random.uniform(0.5, 1.5)
            place = (part * STEP_H - 12.0) / (4.0 + 4.0 * season)
            high = PEAK_W * (0.35 + 0.65 * season) * clearness * cloud
            yield high * math.cos(place * math.pi / 2) if abs(place) < 1.0 else 0.0


def live(
    chemistry: str,
    sense: str,
    *,
    days: int,
    seed: int,
    gain: float = 0.03,
    offset_a: float = 0.01,
    capacity_wh: float = 154.0,
    stated_wh: float = 154.0,
) -> Iterator[Moment]:
    """Live; the meter of the current is off by *gain* and *offset_a*."""
    random = Random(seed)  # noqa: S311 (weather, no secret)
    cell = Cell(Battery.of(chemistry, capacity_wh), soc=0.5, phase=0.1 + 0.17 * seed)
    estimator = SocEstimator(Battery.of(chemistry, stated_wh))
    read = _reader(sense, random)
    awake = True
    for step, harvest_w in enumerate(sun(days, random)):
        awake = cell.soc > (0.15 if awake else 0.3)
        job_w = JOB_W if cell.soc > 0.5 and random.random() < 0.9 else 0.0
        load_w = IDLE_W + job_w if awake else OFF_W
        cell.step(harvest_w, load_w, STEP_H)
        amps = cell.current_a * (1.0 + gain) + offset_a
        readings = read(cell, amps, load_w, harvest_w > 0.0)
        estimate = estimator.update(step * STEP_H * 3600.0, **readings)
        yield Moment(step * STEP_H / 24.0, cell, cell.voltage_v * amps, estimate, estimator)


def _reader(sense: str, random: Random) -> Callable[[Cell, float, float, bool], dict[str, Any]]:
    wander, blind = [0.0], [0]

    def read(cell: Cell, amps: float, load_w: float, light: bool) -> dict[str, Any]:
        volts = round(cell.voltage_v / STEP_V) * STEP_V
        if sense == "voltage":
            return {"voltage_v": volts}
        if sense == "voltage and load":
            sun_w, doubt_w = (0.3 * PEAK_W, 0.2 * PEAK_W) if light else (0.0, 0.0)
            likely = Current((sun_w - load_w) / volts, (0.1 * load_w + doubt_w) / volts)
            return {"voltage_v": volts, "likely": likely}
        if sense == "voltage and current":
            return {"voltage_v": volts, "current_a": amps}
        if sense == "board":
            wander[0] = 0.98 * wander[0] + math.sqrt(1 - 0.98**2) * random.gauss(0, 0.04)
            return {"percent": round(100 * min(1.0, max(0.0, cell.soc + wander[0])))}
        blind[0] = blind[0] - 1 if blind[0] else random.randint(1, 40) * (random.random() < 0.01)
        if blind[0]:
            return {}
        return {"voltage_v": volts} | ({"current_a": amps} if random.random() < 0.9 else {})

    return read


def score(moments: Iterator[Moment], *, after_days: float = 3.0) -> tuple[float, float]:
    """Root mean square of the error, and the share of moments with the truth within 2 sd."""
    errors, inside = [], 0
    for moment in moments:
        if moment.day < after_days or moment.estimate is None:
            continue
        error = moment.estimate.soc - moment.cell.soc
        errors.append(error)
        inside += abs(error) <= 2.0 * moment.estimate.sd
    return math.sqrt(sum(error**2 for error in errors) / len(errors)), inside / len(errors)
