"""How much of the gap between thresholds tuned in hindsight and the clairvoyant the price closes."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import process_time
from typing import NamedTuple

from table import show

from edgepi.cli.traces import forecast_column, read_trace
from edgepi.energy.battery import Battery
from edgepi.energy.demand import Step, Want, ladder
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
from edgepi.energy.simulation.policies import Governed, Surroundings
from edgepi.energy.simulation.senses import make_sense
from edgepi.energy.simulation.trace import Trace
from edgepi.energy.simulation.year import simulate

DATA = Path(os.environ.get("EDGEPI_TEST_DATA", "../shared/data"))
FRANCE, GOLDEN = (48.83, 6.86), (39.74, -105.18)
PLANT = Plant()
SEEDS = (1, 2, 3)


@dataclass(frozen=True)
class Case:
    """A trace with a panel."""

    name: str
    panel_w: float
    place: tuple[float, float]
    start: datetime
    days: int

    @property
    def site(self) -> Site:
        """Where it was measured."""
        return Site(latitude=self.place[0], longitude=self.place[1], panel_w=self.panel_w)

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
)


class Score(NamedTuple):
    """What a policy reached."""

    gap: float
    availability: float
    compute_h: float
    finished: float
    cuts: int
    cpu_ms: float


class Bounds(NamedTuple):
    """Points of the best thresholds and of the clairvoyant, and what the latter ran."""

    low: float
    high: float
    availability: float
    compute_h: float


def bounds(case: Case) -> Bounds:
    load, job, trace = PLANT.loads[0], PLANT.job, case.trace()
    assert job is not None
    wants = [
        Want(load.name, (Step("full", load.power_w, load.points_per_h),)),
        Want("job", (Step("run", job.power_w, job.points_per_h),)),
    ]
    rungs = ladder(wants, idle_w=PLANT.base_w, off_w=PLANT.standby_w)
    start_wh = PLANT.start * PLANT.battery_wh
    chosen = clairvoyant(trace.power_w, 0.5, rungs, PLANT.store, start_wh)
    best = best_thresholds(trace.power_w, 0.5, rungs, PLANT.store, start_wh=start_wh, boot_wh=PLANT.boot_wh)
    return Bounds(
        best.points,
        sum(rungs[i].points_per_h for i in chosen) * 0.5,
        sum(i > 0 for i in chosen) / len(chosen),
        sum(i > 1 for i in chosen) * 0.5,
    )


def score(case: Case, limits: Bounds, kind: str, seed: int = 1, numpy: bool = True) -> Score:
    trace = case.trace()
    soc, sd = ("true", 0.02) if kind == "soc error 2 %" else ("fused" if kind == "fused" else "true", 0.0)
    around = Surroundings(
        trace=trace,
        site=case.site,
        sense=make_sense(soc, Battery(), sd=sd, seed=seed),
        forecast=forecast(case, trace, kind, seed),
        load_error=-0.2 if kind == "load 20 % too low" else 0.0,
    )
    started = process_time()
    out = simulate(trace, PLANT, Governed(PLANT, around, PricedGovernor(numpy=numpy)))
    cpu = (process_time() - started) / trace.days * 1000.0
    points = 5.0 * out.availability("iot") * out.hours + out.compute_hours_started
    gap = 100.0 * (points - limits.low) / (limits.high - limits.low)
    finished = out.compute_hours_finished / max(1.0, out.compute_hours_started)
    cuts = out.unplanned_cuts + out.strict_cuts
    return Score(gap, out.availability("iot"), out.compute_hours_started, finished, cuts, cpu)


def forecast(case: Case, trace: Trace, kind: str, seed: int) -> ForecastBook:
    days = cut_days(trace, case.site)
    if kind == "none":
        return {}
    if kind == "column":
        said = forecast_column(case.path, "pv_forecast_w", trace)
        return column_forecast(days, cut_days(trace, case.site, said))
    if kind == "noisy5":
        return noisy_forecast(days, FIVE_DAYS, seed)
    sigma, bias = (0.25 if kind == "sigma .25" else 0.15), (0.2 if kind == "bias +20 %" else 0.0)
    return noisy_forecast(days, one_day(sigma), seed, bias)


KINDS = (
    "none",
    "noisy:0.15",
    "noisy5",
    "bias +20 %",
    "sigma .25",
    "load 20 % too low",
    "soc error 2 %",
    "fused",
)
TARGETS = {
    "none": "mean 34, worst 18",
    "noisy:0.15": "mean 80, worst 75",
    "noisy5": "mean 82, worst 78",
    "bias +20 %": "mean 80, worst 72",
    "sigma .25": "mean 72, worst 64",
}


def main() -> None:
    limits = [bounds(case) for case in CASES]
    means: dict[str, list[float]] = {}
    for case, limit in zip(CASES, limits, strict=True):
        rows = [_bound_row(limit)]
        for kind in (*KINDS, *(["column"] if case.place == FRANCE else [])):
            seeds = SEEDS if kind == "noisy:0.15" else SEEDS[:1]
            scores = [score(case, limit, kind, seed) for seed in seeds]
            means.setdefault(kind, []).append(sum(s.gap for s in scores) / len(scores))
            rows.append((kind, _text(scores), TARGETS.get(kind, "no cuts")))
        show(f"{case.name}: gap closed, availability, compute hours, finished, cuts, CPU", rows)
    show(
        "mean of all",
        [(k, f"{sum(v) / len(v):.1f} %, worst {min(v):.1f} %", TARGETS.get(k, "")) for k, v in means.items()],
    )
    plain = score(CASES[0], limits[0], "none", numpy=False)
    show(
        "without numpy", [("A, no forecast", f"{plain.gap:.1f} %, {plain.cpu_ms:.0f} ms CPU a day", "250 ms")]
    )


def _bound_row(limit: Bounds) -> tuple[str, str, str]:
    words = f"{limit.low:.0f} .. {limit.high:.0f} points, {limit.availability:.4f}, {limit.compute_h:.0f} h"
    return "thresholds .. clairvoyant", words, ""


def _text(scores: Sequence[Score]) -> str:
    gap, availability, hours, finished, _, cpu = (
        sum(column) / len(scores) for column in zip(*scores, strict=True)
    )
    cuts = max(s.cuts for s in scores)
    return f"{gap:5.1f} %  {availability:.4f}  {hours:5.0f} h  {finished:.3f}  {cuts} cuts  {cpu:.0f} ms"


if __name__ == "__main__":
    main()
