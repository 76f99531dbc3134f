"""``edgepi simulate``: what a panel and a battery would do through a measured year."""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from time import process_time
from typing import Any

from edgepi.cli.output import print_json, print_table, progress
from edgepi.cli.traces import forecast_column, guess_site, read_trace
from edgepi.energy.battery import CHEMISTRIES, Battery
from edgepi.energy.priced import PricedGovernor
from edgepi.energy.settings import Site
from edgepi.energy.simulation.outlooks import (
    FIVE_DAYS,
    ForecastBook,
    column_forecast,
    cut_days,
    noisy_forecast,
    one_day,
)
from edgepi.energy.simulation.plant import Job, Load, Plant
from edgepi.energy.simulation.policies import AlwaysOn, ByThresholds, Governed, Surroundings, Written
from edgepi.energy.simulation.senses import make_sense
from edgepi.energy.simulation.trace import Trace
from edgepi.energy.simulation.year import Outcome, Policy, View, Wish, simulate
from edgepi.errors import TraceError

__all__ = ["add_arguments", "run"]

_CONVERTER = 0.9


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    add = parser.add_argument
    add("--trace", type=Path, required=True, metavar="FILE", help="CSV: UTC time and W/m2, or W")
    add("--column", metavar="NAME", help="column to take (default: the first that measures)")
    add("--peak-w", type=_positive, metavar="W", help="peak of the array that a column in W comes from")
    add("--panel-w", type=_positive, default=40.0, metavar="W", help="panel of the node (40)")
    add("--battery-wh", type=_positive, default=154.0, metavar="WH", help="battery of the node (154)")
    add("--chemistry", choices=sorted(CHEMISTRIES), default="lifepo4")
    add("--load", action="append", type=_load, metavar="NAME=W[:POINTS]", help="a duty (iot=3.2:5)")
    add("--compute-w", type=_watts, default=(3.4, 1.0), metavar="W[:POINTS]", help="a job's power (3.4:1)")
    add("--job", type=_job, default=(1.0, False), metavar="HOURS[:pausable]", help="a job's length (1)")
    add("--soc", choices=("true", "voltage", "fused"), default="true", help="what shows the charge")
    add("--policy", choices=("price", "thresholds", "always-on", "clairvoyant"), default="price")
    add("--forecast", default="none", metavar="none|COLUMN|noisy:SIGMA[:SEED]|noisy5[:SEED]")
    add("--forecast-bias", type=float, default=0.0, metavar="X", help="0.2: forecasts a fifth too much")
    add("--load-error", type=float, default=0.0, metavar="X", help="-0.2: loads stated a fifth too low")
    add("--soc-error", type=float, default=0.0, metavar="SD", help="wandering error of the charge (0.02)")
    for name in ("lat", "lon", "tilt", "azimuth"):
        add(f"--{name}", type=float, metavar="DEG")
    add("--start", metavar="DATE", help="first day of the trace to take (UTC)")
    add("--days", type=_positive, metavar="N", help="how many days")
    add("--step", type=_positive, default=30.0, metavar="MIN", help="minutes a decision holds (30)")
    add("--seed", type=int, default=1, help="of the drawn errors (1)")
    add("--json", action="store_true", help="print JSON")


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no number") from None
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"{text!r} is no number")
    return value


def _positive(text: str) -> float:
    value = _number(text)
    if value <= 0:
        raise argparse.ArgumentTypeError(f"{text} is not above zero")
    return value


def _watts(text: str) -> tuple[float, float]:
    watts, _, points = text.partition(":")
    return _positive(watts), _positive(points) if points else 1.0


def _load(text: str) -> Load:
    name, equals, rest = text.partition("=")
    if not name or not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=W or NAME=W:POINTS")
    watts, _, points = rest.partition(":")
    return Load(
        name=name, power_w=_positive(watts) / _CONVERTER, points_per_h=_positive(points) if points else 5.0
    )


def _job(text: str) -> tuple[float, bool]:
    hours, colon, word = text.partition(":")
    if colon and word != "pausable":
        raise argparse.ArgumentTypeError(f"{word!r} is not 'pausable'")
    return _positive(hours), bool(colon)


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    trace = _trace(args)
    site = guess_site(trace, args.panel_w, lat=args.lat, lon=args.lon, tilt=args.tilt, azimuth=args.azimuth)
    plant = _plant(args)
    timed = _Timed(_policy(args, trace, plant, site))
    outcome = simulate(trace, plant, timed, progress=None if args.json else _show)
    progress("")
    result = _result(outcome, plant, trace, site, timed.cpu_s)
    if args.json:
        print_json(result)
    else:
        print_table(("what", "value"), [(key, _text(value)) for key, value in result.items()])
    return 0


def _trace(args: argparse.Namespace) -> Trace:
    trace = read_trace(args.trace, args.column, panel_w=args.panel_w, peak_w=args.peak_w)
    trace = trace.resampled(args.step / 60.0)
    if args.start or args.days:
        from datetime import UTC, datetime

        try:
            start = datetime.fromisoformat(args.start).replace(tzinfo=UTC) if args.start else trace.start_utc
        except ValueError:
            raise TraceError(f"--start {args.start}: no date", hint="write 2024-03-01") from None
        trace = trace.cut(start, args.days)
    return trace


def _plant(args: argparse.Namespace) -> Plant:
    hours, pausable = args.job
    watts, points = args.compute_w
    side = CHEMISTRIES[args.chemistry].efficiency
    return Plant(
        loads=tuple(args.load or (Load(),)),
        job=Job(power_w=watts / _CONVERTER, points_per_h=points, hours=hours, pausable=pausable),
        battery_wh=args.battery_wh,
        chemistry=args.chemistry,
        charge_efficiency=side,
        discharge_efficiency=side,
    )


def _policy(args: argparse.Namespace, trace: Trace, plant: Plant, site: Site) -> Policy:
    if args.policy == "always-on":
        return AlwaysOn(plant)
    if args.policy == "thresholds":
        return ByThresholds(plant)
    if args.policy == "clairvoyant":
        return _clairvoyant(trace, plant)
    battery = Battery.of(plant.chemistry, plant.battery_wh)
    around = Surroundings(
        trace=trace,
        site=site,
        sense=make_sense(args.soc, battery, sd=args.soc_error, seed=args.seed),
        forecast=_forecast(args, trace, site),
        load_error=args.load_error,
    )
    return Governed(plant, around, PricedGovernor())


def _clairvoyant(trace: Trace, plant: Plant) -> Policy:
    from edgepi.energy.demand import Step, Want, ladder
    from edgepi.energy.simulation.oracle import clairvoyant

    wants = [Want(load.name, (Step("full", load.power_w, load.points_per_h),)) for load in plant.loads]
    if plant.job:
        wants.append(Want(".job", (Step("run", plant.job.power_w, plant.job.points_per_h),)))
    rungs = ladder(wants, idle_w=plant.base_w, off_w=plant.standby_w)
    start_wh = plant.start * plant.battery_wh
    chosen = clairvoyant(trace.power_w, trace.step_h, rungs, plant.store, start_wh)
    return Written(plant, [frozenset(rungs[i].picks) for i in chosen])


def _forecast(args: argparse.Namespace, trace: Trace, site: Site) -> ForecastBook:
    kind, *rest = args.forecast.split(":")
    days = cut_days(trace, site)
    try:
        if kind == "none":
            return {}
        if kind == "noisy":
            sigma, seed = _number(rest[0]), int(rest[1]) if len(rest) > 1 else args.seed
            return noisy_forecast(days, one_day(sigma), seed, args.forecast_bias)
        if kind == "noisy5":
            seed = int(rest[0]) if rest else args.seed
            return noisy_forecast(days, FIVE_DAYS, seed, args.forecast_bias)
    except (IndexError, ValueError, argparse.ArgumentTypeError):
        raise TraceError(f"--forecast {args.forecast}: not understood", hint="noisy:0.15:1") from None
    column = forecast_column(args.trace, args.forecast, trace)
    return column_forecast(days, cut_days(trace, site, column), args.forecast_bias)


class _Timed:
    """Measures the CPU time of a policy's decisions."""

    def __init__(self, policy: Policy) -> None:
        self._policy, self.cpu_s = policy, 0.0

    def decide(self, view: View) -> Wish:
        """Choose for one step."""
        started = process_time()
        wish = self._policy.decide(view)
        self.cpu_s += process_time() - started
        return wish


def _show(done: int, total: int) -> None:
    share = done / total
    progress(f"[{'#' * int(40 * share):40}] {share:4.0%}")


def _result(out: Outcome, plant: Plant, trace: Trace, site: Site, cpu_s: float) -> dict[str, Any]:
    names = [load.name for load in plant.loads]
    return {
        "iot_availability": round(out.availability(names[0]), 6),
        "availability": {name: round(out.availability(name), 6) for name in names},
        "compute_hours": out.compute_hours_finished,
        "compute_hours_started": out.compute_hours_started,
        "jobs_started": out.jobs_started,
        "jobs_finished": out.jobs_finished,
        "unplanned_cuts": out.unplanned_cuts,
        "steps_at_cutoff": out.strict_cuts,
        "points": out.points,
        "harvested_wh": round(out.harvested_wh, 1),
        "spilled_wh": round(out.spilled_wh, 1),
        "used_wh": round(out.used_wh, 1),
        "lost_wh": round(out.lost_wh, 1),
        "battery_cycles": round(out.charged_wh / plant.battery_wh, 1),
        "boots": out.boots,
        "decisions_cpu_s": round(cpu_s, 3),
        "days": round(trace.days, 2),
        "site": {"latitude": round(site.latitude, 1), "longitude": round(site.longitude, 1)},
        "gaps": {
            "bridged": trace.bridged,
            "copied": trace.copied,
            "zeroed": trace.zeroed,
            "night": trace.night,
        },
    }


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {item}" for key, item in value.items())
    return f"{value:g}" if isinstance(value, float) else str(value)
