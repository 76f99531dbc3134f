"""Figures of lives: what programs read, sums of months, and chances over many years."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from edgepi.cli.simulate.life import Day, Life
from edgepi.cli.simulate.weather import Weather
from edgepi.energy.envelope import quantile
from edgepi.energy.simulation.plant import Plant

__all__ = ["MONTHS", "Month", "chances", "figures", "gaps", "mean_figures", "months", "worst_month"]

MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_WHOLE_DAYS = 20
_DIGITS = {"iot_availability": 6, "decisions_cpu_s": 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """One month of a life."""

    year: int
    month: int
    days: int
    hours: float
    iot_h: float
    job_h: float
    harvested_wh: float
    spilled_wh: float
    least: float

    @property
    def iot_availability(self) -> float:
        """Hours with IoT on over all hours."""
        return self.iot_h / self.hours


def figures(life: Life, plant: Plant) -> dict[str, Any]:
    """What a script wants to know of one life."""
    out = life.outcome
    return {
        "iot_availability": round(life.iot_availability, 6),
        "availability": {load.name: round(out.availability(load.name), 6) for load in plant.loads},
        "levels": {
            load.name: {
                level.name: round(out.pick_steps.get(load.pick(level.name), 0) / max(1, out.steps), 6)
                for level in load.levels[1:]
            }
            for load in plant.loads
        },
        "compute_hours": round(out.compute_hours_finished, 3),
        "compute_hours_started": round(out.compute_hours_started, 3),
        "jobs_started": out.jobs_started,
        "jobs_finished": out.jobs_finished,
        "unplanned_cuts": out.unplanned_cuts,
        "steps_at_cutoff": out.strict_cuts,
        "points": round(out.points, 2),
        "harvested_wh": round(out.harvested_wh, 1),
        "spilled_wh": round(out.spilled_wh, 1),
        "cold_wh": round(out.cold_wh, 1),
        "used_wh": round(out.used_wh, 1),
        "lost_wh": round(out.lost_wh, 1),
        "battery_cycles": round(out.charged_wh / plant.battery_wh, 1),
        "boots": out.boots,
        "decisions_cpu_s": round(life.decisions_cpu_s, 3),
        "days": round(out.hours / 24.0, 2),
    }


def mean_figures(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Means of `figures` over years; of one year that year itself."""
    if len(rows) == 1:
        return dict(rows[0])
    return {name: _mean(name, [row[name] for row in rows]) for name in rows[0]}


def _mean(name: str, values: Sequence[Any]) -> Any:
    if isinstance(values[0], Mapping):
        return {key: _mean(name, [value[key] for value in values]) for key in values[0]}
    return round(fmean(values), _DIGITS.get(name, 4))


def months(days: Iterable[Day], *, by_year: bool = True) -> list[Month]:
    """Sums by calendar month; without *by_year* those of one name are one, and their year is 0."""
    groups: dict[tuple[int, int], list[Day]] = {}
    for day in days:
        groups.setdefault((day.day.year if by_year else 0, day.day.month), []).append(day)
    return [
        Month(
            year=year,
            month=month,
            days=len(group),
            hours=sum(day.hours for day in group),
            iot_h=sum(day.iot_h for day in group),
            job_h=sum(day.job_h for day in group),
            harvested_wh=sum(day.harvested_wh for day in group),
            spilled_wh=sum(day.spilled_wh for day in group),
            least=min(day.least for day in group),
        )
        for (year, month), group in groups.items()
    ]


def worst_month(life: Life) -> Month | None:
    """The month with the fewest hours of duty; a beginning or end of a month does not count."""
    whole = [month for month in months(life.days) if month.days >= _WHOLE_DAYS]
    return min(whole, key=lambda month: month.iot_availability, default=None)


def chances(lives: Sequence[Life], latitude: float) -> dict[str, Any]:
    """What may be expected over many years: quantiles, and shares of years (0..1).

    The darkest month is December, south of the equator June.
    """
    darkest = 12 if latitude >= 0.0 else 6
    availability = [life.iot_availability for life in lives]
    compute = [life.outcome.compute_hours_finished for life in lives]
    worst = [month for life in lives if (month := worst_month(life))]
    dark = [m for life in lives for m in months(life.days) if m.month == darkest and m.days >= _WHOLE_DAYS]
    return {
        "years": len(lives),
        "iot_availability": _quantiles(availability, 6),
        "compute_hours": _quantiles(compute, 1),
        "worst_month": {
            "iot_availability": _quantiles([m.iot_availability for m in worst], 6),
            "which": _counted(MONTHS[m.month - 1] for m in worst),
            "no_hour_without_iot": _share(m.iot_h >= m.hours - 1e-6 for m in worst),
        },
        "darkest_month": {
            "month": MONTHS[darkest - 1],
            "iot_availability": _quantiles([m.iot_availability for m in dark], 6),
            "no_hour_without_iot": _share(m.iot_h >= m.hours - 1e-6 for m in dark),
        },
        "no_hour_without_iot": _share(a >= 1.0 - 1e-9 for a in availability),
        "unplanned_cut": _share(life.outcome.unplanned_cuts > 0 for life in lives),
    }


def _quantiles(values: Sequence[float], digits: int) -> dict[str, float] | None:
    """The value that 10, 50 and 90 % of the years stay below."""
    if not values:
        return None
    return {
        name: round(quantile(values, q), digits) for name, q in (("p10", 0.1), ("p50", 0.5), ("p90", 0.9))
    }


def _share(truths: Iterable[bool]) -> float | None:
    found = list(truths)
    return round(sum(found) / len(found), 4) if found else None


def _counted(names: Iterable[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for name in names:
        counts[name] = counts.get(name, 0) + 1
    return dict(sorted(counts.items(), key=lambda item: -item[1]))


def gaps(weather: Weather) -> dict[str, int]:
    """What had to be repaired of the weather."""
    traces = [stretch.trace for stretch in weather.stretches]
    return {
        "bridged": sum(trace.bridged for trace in traces),
        "copied": sum(trace.copied for trace in traces),
        "zeroed": sum(trace.zeroed for trace in traces),
        "night": sum(trace.night for trace in traces),
        "doubled": sum(trace.doubled for trace in traces),
    }
