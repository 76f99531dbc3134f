"""Two ways to the clairvoyant optimum: they must come to the same, or one of them is wrong."""

from __future__ import annotations

import importlib.util
import math
from pathlib import Path
from random import Random
from types import ModuleType

import pytest

from edgepi.energy.demand import Rung
from edgepi.energy.settings import Store
from edgepi.energy.simulation.oracle import clairvoyant

SOURCE = Path(__file__).parent.parent / "benchmarks" / "linear.py"
RUNGS = (
    Rung(0.12, 0.0, awake=False),
    Rung(3.7, 5.0, {"iot": "full"}),
    Rung(7.5, 6.0, {"iot": "full", "job": "run"}),
)
STORE = Store()


@pytest.fixture(scope="module")
def linear() -> ModuleType:
    spec = importlib.util.spec_from_file_location("linear", SOURCE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def drawn(days: int, peak_w: float, seed: int) -> list[float]:
    random, power = Random(seed), []
    for _ in range(days):
        clear = random.choice((0.1, 0.3, 0.6, 0.9, 1.0))
        power += [
            clear * peak_w * max(0.0, math.sin(math.pi * (slot - 14) / 20)) if 14 <= slot <= 34 else 0.0
            for slot in range(48)
        ]
    return power


@pytest.mark.parametrize(("peak_w", "seed"), [(12.0, 1), (20.0, 2), (35.0, 3)])
def test_the_discrete_and_the_linear_programme_agree(linear: ModuleType, peak_w: float, seed: int) -> None:
    power = drawn(60, peak_w, seed)
    chosen = clairvoyant(power, 0.5, RUNGS, STORE, 77.0)
    discrete = sum(RUNGS[place].points_per_h for place in chosen) * 0.5
    optimum = linear.linear_optimum(power, 0.5, RUNGS, STORE, 77.0)
    assert discrete == pytest.approx(optimum.points, rel=3e-3)
    assert sum(optimum.hours) == pytest.approx(60 * 24.0)


def test_the_optimum_of_a_dark_week_is_the_battery_alone(linear: ModuleType) -> None:
    optimum = linear.linear_optimum([0.0] * (7 * 48), 0.5, RUNGS, Store(loss_per_month=0.0), 77.0)
    usable_wh = (77.0 - STORE.floor_wh) * STORE.discharge_efficiency - 0.12 * 7 * 24
    assert optimum.points == pytest.approx(5.0 * usable_wh / (3.7 - 0.12), rel=1e-6)
