"""How much of the gap between thresholds tuned in hindsight and the clairvoyant the price closes.

``--quick`` takes two traces, few forecasts and one seed. Needs measured traces (EDGEPI_TEST_DATA).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import repeat
from pathlib import Path
from time import process_time
from typing import NamedTuple

from linear import linear_optimum
from neutral import EnergyNeutral
from table import show

from edgepi.cli.traces import forecast_column, read_trace
from edgepi.energy.battery import Battery
from edgepi.energy.demand import Rung, Step, Want, ladder
from edgepi.energy.priced import PricedGovernor
from edgepi.energy.settings import Site
from edgepi.energy.simulation.oracle import best_thresholds, clairvoyant
from edgepi.energy.simulation.outlooks import (
    FIVE_DAYS,
    ForecastBook,
    column_forecast,
    cut_days,
    noisy_forecast,
    one_day,
)
from edgepi.energy.simulation.plant import Plant
from edgepi.energy.simulation.policies import AlwaysOn, ByThresholds, Governed, Surroundings, Written
from edgepi.energy.simulation.senses import make_sense
from edgepi.energy.simulation.trace import Trace
from edgepi.energy.simulation.year import Outcome, Policy, simulate

DATA = Path(os.environ.get("EDGEPI_TEST_DATA", "../shared/data"))
FRANCE, GOLDEN = (48.83, 6.86), (39.74, -105.18)
SEEDS = (1, 2, 3)


@dataclass(frozen=True)
class Case:
    """A trace with a panel and a battery."""

    name: str
    panel_w: float
    place: tuple[float, float]
    start: datetime
    days: int
    battery_wh: float = 154.0

    @property
    def site(self) -> Site:
        """Where it was measured."""
        return Site(latitude=self.place[0], longitude=self.place[1], panel_w=self.panel_w)

    @property
    def plant(self) -> Plant:
        """The node."""
        return Plant(battery_wh=self.battery_wh)

    @property
    def path(self) -> Path:
        """The file."""
        france = "emhass_france_30min_2024-2025.csv"
        return DATA / "solar" / (france if self.place == FRANCE else "pvdaq15_golden_poa_15min_2020-2021.csv")

    def trace(self) -> Trace:
        """Power of the panel in half hours."""
        peak_w = 5000.0 if self.place == FRANCE else None
        column = "pv_w" if self.place == FRANCE else None
        trace = read_trace(self.path, column, panel_w=self.panel_w, peak_w=peak_w)
        return trace.resampled(0.5).cut(self.start, self.days)


CASES = (
    Case("A France 40 W", 40.0, FRANCE, datetime(2024, 2, 29, tzinfo=UTC), 364),
    Case("B France 80 W", 80.0, FRANCE, datetime(2024, 2, 29, tzinfo=UTC), 364),
    Case("C Golden 2021 30 W", 30.0, GOLDEN, datetime(2021, 1, 1, tzinfo=UTC), 365),
    Case("Golden 2021 50 W", 50.0, GOLDEN, datetime(2021, 1, 1, tzinfo=UTC), 365),
    Case("Golden 2020 30 W", 30.0, GOLDEN, datetime(2020, 2, 1, tzinfo=UTC), 335),
    Case("France 50 W, 77 Wh", 50.0, FRANCE, datetime(2024, 2, 29, tzinfo=UTC), 364, 77.0),
)
QUICK_CASES = (CASES[0], CASES[2])


class Bounds(NamedTuple):
    """Thresholds tuned in hindsight and the clairvoyant: points, and how each of them gets there."""

    low: float
    high: float
    best: ByThresholds
    written: Written
    linear: float


def bounds(case: Case, trace: Trace) -> Bounds:
    plant = case.plant
    rungs, start_wh = _rungs(plant), plant.start * plant.battery_wh
    chosen = clairvoyant(trace.power_w, 0.5, rungs, plant.store, start_wh)
    best = best_thresholds(trace.power_w, 0.5, rungs, plant.store, start_wh=start_wh, boot_wh=plant.boot_wh)
    tuned = ByThresholds(
        plant,
        node_off=best.node_off,
        node_on=best.node_on,
        compute_off=best.compute_off,
        compute_on=best.compute_on,
    )
    written = Written(plant, [frozenset(rungs[i].picks) for i in chosen])
    points = sum(rungs[i].points_per_h for i in chosen) * 0.5
    linear = linear_optimum(trace.power_w, 0.5, rungs, plant.store, start_wh).points
    return Bounds(best.points, points, tuned, written, linear)


def _rungs(plant: Plant) -> tuple[Rung, ...]:
    load, job = plant.loads[0], plant.job
    assert job is not None
    wants = [
        Want(load.name, (Step("full", load.power_w, load.points_per_h),)),
        Want("job", (Step("run", job.power_w, job.points_per_h),)),
    ]
    return ladder(wants, idle_w=plant.base_w, off_w=plant.standby_w)


class Score(NamedTuple):
    """What a policy reached."""

    points: float
    gap: float
    availability: float
    compute_h: float
    finished: float
    cuts: int
    spilled: float
    cycles: float
    boots: int
    cpu_ms: float


def run(case: Case, trace: Trace, policy: Policy, limits: Bounds) -> Score:
    started = process_time()
    out = simulate(trace, case.plant, policy)
    return scored(case, out, limits, (process_time() - started) / trace.days * 1000.0)


def scored(case: Case, out: Outcome, limits: Bounds, cpu_ms: float) -> Score:
    points = 5.0 * out.availability("iot") * out.hours + out.compute_hours_started
    return Score(
        points=points,
        gap=100.0 * (points - limits.low) / (limits.high - limits.low),
        availability=out.availability("iot"),
        compute_h=out.compute_hours_started,
        finished=out.compute_hours_finished / max(1.0, out.compute_hours_started),
        cuts=out.unplanned_cuts + out.strict_cuts,
        spilled=out.spilled_wh / max(1.0, out.harvested_wh),
        cycles=out.charged_wh / case.battery_wh,
        boots=out.boots,
        cpu_ms=cpu_ms,
    )


def by_price(case: Case, trace: Trace, kind: str, seed: int = 1, *, numpy: bool = True) -> Governed:
    soc, sd = ("true", 0.02) if kind == "soc error 2 %" else ("fused" if kind == "fused" else "true", 0.0)
    around = Surroundings(
        trace=trace,
        site=case.site,
        sense=make_sense(soc, Battery.of("lifepo4", case.battery_wh), sd=sd, seed=seed),
        forecast=forecast(case, trace, kind, seed),
        load_error=-0.2 if kind == "load 20 % too low" else 0.0,
    )
    return Governed(case.plant, around, PricedGovernor(numpy=numpy))


def forecast(case: Case, trace: Trace, kind: str, seed: int) -> ForecastBook:
    days = cut_days(trace, case.site)
    if kind not in FORESEEN:
        return {}
    if kind == "column":
        said = forecast_column(case.path, "pv_forecast_w", trace)
        return column_forecast(days, cut_days(trace, case.site, said))
    if kind == "noisy5":
        return noisy_forecast(days, FIVE_DAYS, seed)
    sigma, bias = (0.25 if kind == "sigma .25" else 0.15), (0.2 if kind == "bias +20 %" else 0.0)
    return noisy_forecast(days, one_day(sigma), seed, bias)


FORESEEN = ("noisy:0.15", "noisy5", "bias +20 %", "sigma .25", "column")
KINDS = (
    "none",
    *FORESEEN[:-1],
    "load 20 % too low",
    "soc error 2 %",
    "fused",
)
QUICK_KINDS = ("none", "noisy:0.15", "noisy5")
TARGETS = {
    "none": "mean 34, worst 18",
    "noisy:0.15": "mean 80, worst 75",
    "noisy5": "mean 82, worst 78",
    "bias +20 %": "mean 80, worst 72",
    "sigma .25": "mean 72, worst 64",
}


def main() -> None:
    quick = "--quick" in sys.argv[1:]
    means: dict[str, list[float]] = {}
    with ProcessPoolExecutor() as pool:
        for title, rows, gaps in pool.map(_table, QUICK_CASES if quick else CASES, repeat(quick)):
            show(title, rows)
            for kind, gap in gaps.items():
                means.setdefault(kind, []).append(gap)
    show(
        "Gap closed, mean of all traces",
        [(k, f"{sum(v) / len(v):.1f} %, worst {min(v):.1f} %", TARGETS.get(k, "")) for k, v in means.items()],
    )
    if not quick:
        _without_numpy()


def _table(case: Case, quick: bool) -> tuple[str, list[tuple[str, str, str]], dict[str, float]]:
    """Title and rows of one trace, and the gap closed by kind of forecast."""
    trace = case.trace()
    limits = bounds(case, trace)
    rows, gaps = _yardsticks(case, trace, limits), {}
    for kind in QUICK_KINDS if quick else (*KINDS, *(["column"] if case.place == FRANCE else [])):
        seeds = SEEDS if kind in FORESEEN[:-1] and not quick else SEEDS[:1]
        scores = [run(case, trace, by_price(case, trace, kind, seed), limits) for seed in seeds]
        gaps[kind] = sum(s.gap for s in scores) / len(scores)
        rows.append((f"price, {kind}", _text(scores), TARGETS.get(kind, "no cuts")))
    return f"{case.name}: {_COLUMNS}", rows, gaps


def _yardsticks(case: Case, trace: Trace, limits: Bounds) -> list[tuple[str, str, str]]:
    """What the price is measured against, from the worst to the best that can be."""
    policies: dict[str, Policy] = {
        "always on": AlwaysOn(case.plant),
        "thresholds 20/40/50/80 %": ByThresholds(case.plant),
        "energy-neutral, moving average": EnergyNeutral(case.plant, case.site, trace),
        "thresholds tuned in hindsight": limits.best,
        "clairvoyant": limits.written,
    }
    rows = [
        (name, _text([run(case, trace, policy, limits)], timed=False), "")
        for name, policy in policies.items()
    ]
    apart = 100.0 * (limits.high / limits.linear - 1.0)
    return [*rows, ("clairvoyant, linear programme", f"{limits.linear:.0f} ({apart:+.2f} %)", "within 0.3 %")]


def _without_numpy() -> None:
    case = CASES[0]
    trace = case.trace()
    for kind in ("none", "noisy5"):
        started = process_time()
        simulate(trace, case.plant, by_price(case, trace, kind, numpy=False))
        cpu_ms = (process_time() - started) / trace.days * 1000.0
        show("Without numpy, simulator included", [(f"A, {kind}", f"{cpu_ms:.0f} ms CPU a day", "250 ms")])


_COLUMNS = "points, gap closed %, availability %, compute h, cuts, spilled %, cycles, boots, CPU ms a day"


def _text(scores: Sequence[Score], *, timed: bool = True) -> str:
    mean = Score(*(sum(column) / len(scores) for column in zip(*scores, strict=True)))
    words = (
        f"{mean.points:6.0f} {mean.gap:6.1f} {100 * mean.availability:6.2f} {mean.compute_h:6.0f} "
        f"{max(s.cuts for s in scores):4d} {100 * mean.spilled:5.1f} {mean.cycles:5.0f} {mean.boots:5.0f}"
    )
    return f"{words} {mean.cpu_ms:4.0f}" if timed else words


if __name__ == "__main__":
    main()
