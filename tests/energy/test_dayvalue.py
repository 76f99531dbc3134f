from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgepi.energy.dayvalue import DayPlan, arithmetic
from edgepi.energy.demand import Rung
from edgepi.energy.settings import SLOTS, Store
from edgepi.energy.watervalue import price_at

watts = st.floats(0.0, 60.0)
rungs = st.lists(st.tuples(st.floats(0.1, 30.0), st.floats(0.01, 60.0)), min_size=1, max_size=4)


def make_plan(light: list[float], steps: list[tuple[float, float]], floor: float = 0.05) -> DayPlan:
    ladder = [Rung(0.12, 0.0, awake=False)]
    for power, points in steps:
        ladder.append(Rung(ladder[-1].power_w + power, ladder[-1].points_per_h + points))
    return DayPlan(
        store=Store(floor=floor), levels=27, rungs=tuple(ladder), clear_w=light, centres=(0.1, 0.5, 0.95)
    )


@settings(max_examples=25, deadline=None)
@given(st.lists(watts, min_size=SLOTS, max_size=SLOTS), rungs, st.floats(0.0, 0.3))
def test_numpy_and_plain_python_agree(
    light: list[float], steps: list[tuple[float, float]], floor: float
) -> None:
    pytest.importorskip("numpy")
    plan = make_plan(light, steps, floor)
    end = [[0.3 * i * (k + 1) for i in range(27)] for k in range(3)]
    tables = []
    for numpy in (True, False):
        sums = arithmetic(numpy=numpy)
        first = sums.day(plan)(sums.table(end))[0]
        tables.append(sums.lists(sums.mix([[0.2, 0.3, 0.5]] * 3, first, 0.98)))
    for one, other in zip(*tables, strict=True):
        assert one == pytest.approx(other, rel=1e-9, abs=1e-9)


@settings(max_examples=25, deadline=None)
@given(st.lists(watts, min_size=SLOTS, max_size=SLOTS), rungs)
def test_price_never_rises_with_charge_and_is_never_negative(
    light: list[float], steps: list[tuple[float, float]]
) -> None:
    plan = make_plan(light, steps)
    sums = arithmetic(numpy=False)
    for table in sums.day(plan)(sums.zeros(3, 27))[::12]:
        row = sums.row((0.2, 0.3, 0.5), table)
        prices = [price_at(row, plan.step_wh, 0.7 * i) for i in range(216)]
        assert min(prices) >= 0.0
        assert all(cheap <= dear + 1e-9 for dear, cheap in pairwise(prices))


def test_an_hour_of_the_only_consumer_is_worth_its_points() -> None:
    plan = make_plan([0.0] * SLOTS, [(4.0, 5.0)])
    sums = arithmetic(numpy=False)
    tables = sums.day(plan)(sums.zeros(3, 27))
    last = tables[SLOTS - 1][0]
    assert last[-1] == pytest.approx(2.5)
    assert last[0] == 0.0


def test_nothing_runs_below_the_floor() -> None:
    plan = make_plan([0.0] * SLOTS, [(4.0, 5.0)], floor=0.5)
    sums = arithmetic(numpy=False)
    row = sums.day(plan)(sums.zeros(3, 27))[0][1]
    below = [value for i, value in enumerate(row) if i * plan.step_wh < 0.5 * 154.0]
    assert below
    assert max(below) == 0.0
    assert row[-1] > 0.0
