"""The clairvoyant optimum as a linear programme, solved by HiGHS: no policy can earn more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import highspy
import numpy as np

from edgepi.energy.demand import Rung
from edgepi.energy.settings import Store

__all__ = ["Optimum", "linear_optimum"]

_SHORTFALL_POINTS_PER_WH = 1e4


class Optimum(NamedTuple):
    """Points of the optimum, and the hours that it spends on each rung."""

    points: float
    hours: tuple[float, ...]


def linear_optimum(
    power_w: Sequence[float], step_h: float, rungs: Sequence[Rung], store: Store, start_wh: float
) -> Optimum:
    """The most points, all harvest known, rungs mixed at will within a step.

    Variables of each step: the share of each rung, Wh charged and discharged, the energy at its end (Wh)
    and how far that is below the floor, which costs more than anything earns.
    """
    steps, count = len(power_w), len(rungs)
    width = count + 4
    power = np.array([rung.power_w for rung in rungs])
    points = np.array([rung.points_per_h for rung in rungs])
    cost = np.tile(np.concatenate([points * step_h, [0.0, 0.0, 0.0, -_SHORTFALL_POINTS_PER_WH]]), steps)
    upper = np.tile(np.concatenate([np.ones(count), [np.inf, np.inf, store.top_wh, np.inf]]), steps)
    model = highspy.HighsLp()
    model.num_col_, model.num_row_ = steps * width, steps * 4
    model.col_cost_, model.col_lower_, model.col_upper_ = cost, np.zeros(steps * width), upper
    model.sense_ = highspy.ObjSense.kMaximize
    harvest = np.asarray(power_w) * step_h
    kept = 1.0 - store.loss_per_h * step_h
    first = np.zeros(steps)
    first[0] = start_wh * kept
    # Rows of each step: shares make one; what is charged less what is discharged is at most what is
    # left of the harvest; the energy carries on; it stays above the floor, or the shortfall pays.
    low = np.stack([np.ones(steps), np.full(steps, -np.inf), first, np.full(steps, store.floor_wh)], axis=1)
    high = np.stack([np.ones(steps), harvest, first, np.full(steps, np.inf)], axis=1)
    model.row_lower_, model.row_upper_ = low.ravel(), high.ravel()
    charge, discharge, energy, short = range(count, width)
    own = [
        *((0, rung, 1.0) for rung in range(count)),
        *((1, rung, watts * step_h) for rung, watts in enumerate(power.tolist())),
        (1, charge, 1.0),
        (1, discharge, -1.0),
        (2, charge, -store.charge_efficiency),
        (2, discharge, 1.0 / store.discharge_efficiency),
        (2, energy, 1.0),
        (3, energy, 1.0),
        (3, short, 1.0),
    ]
    rows, columns, values = (np.array(part) for part in zip(*own, strict=True))
    at = np.arange(steps)[:, None]
    row = np.concatenate([(at * 4 + rows).ravel(), np.arange(1, steps) * 4 + 2])
    column = np.concatenate([(at * width + columns).ravel(), np.arange(steps - 1) * width + energy])
    value = np.concatenate([np.tile(values, steps), np.full(steps - 1, -kept)])
    order = np.lexsort((column, row))
    matrix = model.a_matrix_
    matrix.format_ = highspy.MatrixFormat.kRowwise
    matrix.start_ = np.searchsorted(row[order], np.arange(steps * 4 + 1))
    matrix.index_, matrix.value_ = column[order], value[order]
    solver = highspy.Highs()  # type: ignore[no-untyped-call]
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("threads", 1)
    solver.passModel(model)
    solver.run()
    if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        raise ValueError(f"no optimum found: {solver.modelStatusToString(solver.getModelStatus())}")
    found = np.array(solver.getSolution().col_value).reshape(steps, width)
    shares = found[:, :count].sum(axis=0) * step_h
    return Optimum(float(shares @ points), tuple(shares.tolist()))
