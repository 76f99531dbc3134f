"""The weather to simulate: a measured trace, years drawn for a climate, or fetched ones."""

from __future__ import annotations

import argparse
import math
from dataclasses import dataclass
from datetime import timedelta
from importlib.resources import files

from edgepi.cli.simulate.node import Node
from edgepi.cli.traces import examined_trace, forecast_column, guess_site, with_temperature
from edgepi.energy.settings import Site
from edgepi.energy.simulation.climate import Climate, choose, draw
from edgepi.energy.simulation.stations import parse
from edgepi.energy.simulation.trace import Trace
from edgepi.errors import TraceError

__all__ = ["Stretch", "Weather", "weather_of"]

_YEARS = 10
_KINDS = ("none", "noisy", "noisy5")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Weather to live through: a name for people, the trace, and a forecast's column on its steps."""

    name: str
    trace: Trace
    forecast: tuple[float, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Weather:
    """One stretch or many, the site, where they come from (``trace``, ``climate``, ``fetched``)."""

    source: str
    site: Site
    stretches: tuple[Stretch, ...]
    guessed: bool = False
    climate: Climate | None = None
    notes: tuple[str, ...] = ()


def weather_of(args: argparse.Namespace, node: Node) -> Weather:
    """Make the weather that the options ask for.

    Raises:
        TraceError: it cannot be made, and what to do.
    """
    _check(args)
    if args.trace:
        return _measured(args, node)
    if node.latitude is None:
        raise TraceError(
            "neither weather nor place is known",
            hint="give --trace FILE, or --lat and --lon of the place, or --config FILE",
        )
    site = node.site(node.latitude, node.longitude or 0.0)
    return _fetched(args, site) if args.fetch else _drawn(args, site, near=node.longitude is not None)


def _check(args: argparse.Namespace) -> None:
    """Refuse options that contradict each other."""
    only_trace = {
        "--column": args.column,
        "--peak-w": args.peak_w,
        "--temperature-column": args.temperature_column,
    }
    only_climate = {"--climate-kwh-m2": args.climate_kwh_m2, "--fetch": args.fetch, "--years": args.years}
    wrong = [name for name, value in (only_climate if args.trace else only_trace).items() if value]
    if wrong:
        what = "not with --trace" if args.trace else "only with --trace FILE"
        raise TraceError(f"{', '.join(wrong)}: {what}", hint="leave out one or the other")
    if args.fetch and args.climate_kwh_m2:
        raise TraceError("--fetch knows the sun of the place", hint="leave out --climate-kwh-m2")
    if not args.trace and args.forecast.split(":")[0] not in _KINDS:
        raise TraceError(
            f"--forecast {args.forecast}: a column needs --trace FILE", hint="or none, noisy:0.15, noisy5"
        )
    if args.battery_temp == "outside" and args.trace and not args.temperature_column:
        raise TraceError("--battery-temp outside needs temperatures", hint="give --temperature-column NAME")


def _measured(args: argparse.Namespace, node: Node) -> Weather:
    trace, notes = examined_trace(args.trace, args.column, panel_w=node.panel_w, peak_w=args.peak_w)
    trace = _cut(trace.resampled(args.step / 60.0), args)
    if args.temperature_column:
        trace = with_temperature(trace, args.trace, args.temperature_column)
    guessed = node.latitude is None or node.longitude is None
    site = guess_site(
        trace,
        node.panel_w,
        lat=node.latitude,
        lon=node.longitude,
        tilt=node.tilt_deg,
        azimuth=node.azimuth_deg,
    )
    forecast = None
    if args.forecast.split(":")[0] not in _KINDS:
        forecast = tuple(forecast_column(args.trace, args.forecast, trace))
    stretch = Stretch(name=f"{trace.start_utc:%Y-%m-%d}", trace=trace, forecast=forecast)
    if args.days and trace.days < args.days - 0.1:
        notes = (*notes, f"the trace ends after {trace.days:.1f} of the {args.days:g} days")
    return Weather(
        source="trace", site=site, stretches=(stretch,), guessed=guessed, notes=(*node.notes, *notes)
    )


def _cut(trace: Trace, args: argparse.Namespace) -> Trace:
    if args.start or args.days:
        trace = trace.cut(args.start or trace.start_utc, args.days)
    if trace.days < 1.0:
        raise TraceError(f"{trace.days * 24:.1f} hours are left", hint="a day at least is needed")
    return trace


def _drawn(args: argparse.Namespace, site: Site, *, near: bool) -> Weather:
    text = (files("edgepi.energy.simulation") / "data/stations.txt").read_text(encoding="ascii")
    climate = choose(parse(text), site, kwh_m2=args.climate_kwh_m2, near=near)
    days = math.ceil(args.days) if args.days else 365
    start = args.start.date() if args.start else None
    stretches = []
    for number in range(args.years or _YEARS):
        trace = draw(climate, number, args.seed, start=start, days=days).resampled(args.step / 60.0)
        station = climate.stations[number % len(climate.stations)].station.name
        stretches.append(Stretch(name=f"year {number + 1}, station {station}", trace=trace))
    return Weather(
        source="climate", site=site, stretches=tuple(stretches), climate=climate, notes=climate.doubts
    )


def _fetched(args: argparse.Namespace, site: Site) -> Weather:
    from edgepi.cli.simulate.archive import fetched_years

    years = fetched_years(site, args.years or _YEARS)
    stretches = []
    for year, whole in years:
        start = args.start.replace(year=year) if args.start else whole.start_utc
        days = min(args.days or 366.0, (whole.end_utc - start) / timedelta(days=1))
        trace = whole.resampled(args.step / 60.0).cut(start, days)
        stretches.append(Stretch(name=f"{year}", trace=trace))
    return Weather(source="fetched", site=site, stretches=tuple(stretches))
