"""The answer of a study as data for programs."""

from __future__ import annotations

from typing import Any

from edgepi.cli.simulate.figures import Month, chances, figures, gaps, mean_figures, months
from edgepi.cli.simulate.study import Study
from edgepi.cli.simulate.words import sentences

__all__ = ["answer"]


def answer(study: Study) -> dict[str, Any]:
    """All figures; where there are many years the plain ones are their means."""
    node, weather = study.node, study.weather
    found: dict[str, Any] = {
        **study.means,
        "policy": study.policy,
        "sees": study.sees,
        "weather": _weather(study),
        "site": {
            "latitude": round(weather.site.latitude, 2),
            "longitude": round(weather.site.longitude, 2),
            "tilt": round(weather.site.tilt, 1),
            "azimuth": round(weather.site.azimuth, 1),
            "guessed": weather.guessed,
        },
        "node": _node(study),
        "gaps": gaps(weather),
        "months": _months(study),
        "sentences": sentences(study),
        "notes": list(dict.fromkeys((*node.notes, *weather.notes))),
    }
    if len(study.lives) > 1:
        found["probabilities"] = chances(study.lives, weather.site.latitude)
        found["years"] = [{"name": life.name, **figures(life, node.plant)} for life in study.lives]
    if len(study.policies) > 1:
        found["policies"] = {name: study.mean(lives) for name, lives in study.policies.items()}
    if study.sizes:
        found["sizing"] = [
            {"panel_w": size.panel_w, "battery_wh": size.battery_wh, "years": len(lives), **study.mean(lives)}
            for size, lives in study.sizes.items()
        ]
    if study.cold:
        found["battery_outside"] = {"years": len(study.cold), **study.mean(study.cold)}
        found["battery_inside"] = {
            "years": len(study.cold),
            **mean_figures([figures(life, node.plant) for life in study.lives[: len(study.cold)]]),
        }
    return found


def _weather(study: Study) -> dict[str, Any]:
    weather = study.weather
    found: dict[str, Any] = {"source": weather.source, "stretches": len(weather.stretches)}
    if weather.climate:
        found["mirrored"] = weather.climate.mirrored
        found["stations"] = [
            {
                "station": like.station.name,
                "latitude": like.station.latitude,
                "longitude": like.station.longitude,
                "degrees_off": round(like.degrees_off, 2),
                "kwh_m2": round(like.kwh_m2),
                "kwh_m2_off": None if like.kwh_m2_off is None else round(like.kwh_m2_off),
                "distance_km": None if like.distance_km is None else round(like.distance_km),
            }
            for like in weather.climate.stations
        ]
    return found


def _node(study: Study) -> dict[str, Any]:
    plant = study.node.plant
    job = plant.job
    return {
        "panel_w": study.node.panel_w,
        "battery_wh": plant.battery_wh,
        "chemistry": plant.chemistry,
        "idle_w": plant.base_w,
        "standby_w": plant.standby_w,
        "loads": {
            load.name: [
                {"level": v.name, "power_w": round(v.power_w, 4), "points_per_h": v.points_per_h}
                for v in load.levels[1:]
            ]
            for load in plant.loads
        },
        "job": job
        and {
            "power_w": round(job.power_w, 4),
            "points_per_h": job.points_per_h,
            "hours": job.hours,
            "pausable": job.pausable,
        },
    }


def _months(study: Study) -> list[dict[str, Any]]:
    """Months of the one life, or the mean of each calendar month over many years."""
    groups: dict[tuple[int, int], list[Month]] = {}
    for life in study.lives:
        for month in months(life.days, by_year=len(study.lives) == 1):
            groups.setdefault((month.year, month.month), []).append(month)
    return [
        {
            "month": f"{year}-{number:02}" if year else f"{number:02}",
            "days": sum(m.days for m in group) / len(group),
            "iot_availability": round(sum(m.iot_h for m in group) / sum(m.hours for m in group), 6),
            "compute_hours_started": round(sum(m.job_h for m in group) / len(group), 1),
            "harvested_wh": round(sum(m.harvested_wh for m in group) / len(group), 1),
            "spilled_wh": round(sum(m.spilled_wh for m in group) / len(group), 1),
            "lowest_charge": round(min(m.least for m in group), 4),
        }
        for (year, number), group in groups.items()
    ]
