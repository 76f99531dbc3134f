"""The answer of a study in plain sentences."""

from __future__ import annotations

from collections.abc import Iterator

from edgepi.cli.simulate.figures import MONTHS, chances, worst_month
from edgepi.cli.simulate.study import Size, Study
from edgepi.energy.report.numbers import number

__all__ = ["place", "sentences", "share", "size_words", "stations_words"]


def share(value: float) -> str:
    """A share as percent, with a digit where it matters: 86 %, 99.7 %, never 100 % for less."""
    percent = 100.0 * value
    if percent >= 99.95:
        return "100 %" if value >= 1.0 - 1e-9 else "99.9 %"
    return f"{percent:.1f} %" if percent > 95.0 or 0.0 < percent < 5.0 else f"{percent:.0f} %"


def place(study: Study) -> str:
    """Where the node stands: ``48.8 N 6.9 E``, or as far as it is known."""
    site = study.weather.site
    north = f"{abs(site.latitude):.1f} {'N' if site.latitude >= 0 else 'S'}"
    if study.weather.source == "climate" and study.node.longitude is None:
        return north
    return f"{north} {abs(site.longitude):.1f} {'E' if site.longitude >= 0 else 'W'}"


def size_words(size: Size) -> str:
    """``40 W and 154 Wh``."""
    return f"{size.panel_w:g} W and {size.battery_wh:g} Wh"


def sentences(study: Study) -> list[str]:
    """What a person wants to know, most important first."""
    return [*_duty(study), *_cuts(study), *_jobs(study), *_sizes(study), *_cold(study), *_eyes(study)]


def _duty(study: Study) -> Iterator[str]:
    if not study.node.plant.loads:
        return
    names = [load.name for load in study.node.plant.loads]
    what = f"duty {names[0]} runs" if len(names) == 1 else "some duty runs"
    where = "" if study.weather.guessed else f" at {place(study)}"
    span = "year" if study.days > 360 else f"{study.days:.0f} days"
    size = size_words(Size(study.node.panel_w, study.node.plant.battery_wh))
    begin = f"With {size}{where}, {what} {share(study.means['iot_availability'])} of the {span}"
    if len(study.lives) == 1:
        worst = worst_month(study.lives[0])
        tail = (
            f"; in {MONTHS[worst.month - 1]}, the worst month, {share(worst.iot_availability)}"
            if worst
            else ""
        )
        yield f"{begin}{tail}."
        return
    found = chances(study.lives, study.weather.site.latitude)
    spread = found["iot_availability"]
    yield f"{begin} ({share(spread['p10'])} to {share(spread['p90'])} in eight years of ten)."
    dark = found["darkest_month"]
    if dark["iot_availability"]:
        middle, poor = dark["iot_availability"]["p50"], dark["iot_availability"]["p10"]
        yield (
            f"In {dark['month']} it runs {share(middle)} of the time in a middling year, "
            f"{share(poor)} in one bad year of ten; "
            f"{_of(dark['no_hour_without_iot'], len(study.lives))} had it on throughout."
        )


def _of(part: float, count: int) -> str:
    return f"{round(part * count)} of {count} years"


def _cuts(study: Study) -> Iterator[str]:
    cuts = sum(life.outcome.unplanned_cuts for life in study.lives)
    if cuts:
        years = f" in {len(study.lives)} years" if len(study.lives) > 1 else ""
        yield f"The battery ran dry {cuts} time{'' if cuts == 1 else 's'}{years}: the board cut the power."
    else:
        yield "It never ran dry: whenever the node was off, it had chosen to be."


def _jobs(study: Study) -> Iterator[str]:
    if study.node.plant.job:
        hours, sun = study.means["compute_hours"], study.means["harvested_wh"]
        spilled = study.means["spilled_wh"] / sun if sun else 0.0
        each = " a year" if len(study.lives) > 1 else ""
        done = f"{number(hours, 0)} hours of jobs get done{each} with what is left"
        yield f"{done}; {share(spilled)} of the sun finds the battery full."


def _sizes(study: Study) -> Iterator[str]:
    here = Size(study.node.panel_w, study.node.plant.battery_wh)
    if here not in study.sizes or not study.node.plant.loads:
        return
    now = study.mean(study.sizes[here])
    for size in (
        Size(here.panel_w * 1.5, here.battery_wh),
        Size(here.panel_w, here.battery_wh * 2.0),
    ):
        if size in study.sizes:
            found = study.mean(study.sizes[size])
            more = found["compute_hours"] - now["compute_hours"]
            what = "panel" if size.panel_w > here.panel_w else "battery"
            amount = f"{size.panel_w:g} W" if what == "panel" else f"{size.battery_wh:g} Wh"
            yield (
                f"A {what} of {amount} would make that {share(found['iot_availability'])} "
                f"instead of {share(now['iot_availability'])}{_more(more)}."
            )


def _more(hours: float) -> str:
    if abs(hours) < 1.0:
        return ""
    return f", with {number(abs(hours), 0)} hours of jobs {'more' if hours > 0.0 else 'less'}"


def _cold(study: Study) -> Iterator[str]:
    if study.node.plant.cold:
        lost, sun = study.means["cold_wh"], study.means["harvested_wh"]
        part = share(lost / sun if sun else 0.0)
        yield f"With the battery at the air's temperature, frost kept {part} of the sun out."
    elif study.cold:
        warm = study.mean(study.lives[: len(study.cold)])["iot_availability"]
        frost = study.mean(study.cold)["iot_availability"]
        instead = (
            f"{share(frost)} instead of {share(warm)}" if share(frost) != share(warm) else "much the same"
        )
        count = len(study.cold)
        first = f" (the first {count} years)" if 1 < count < len(study.lives) else ""
        yield (
            f"That is for a battery that never freezes; outside, where it takes no charge in frost, "
            f"{instead}{first}."
        )


def _eyes(study: Study) -> Iterator[str]:
    if study.policy == "price" and study.sees == "node":
        yield "The node sees nothing while it is off, and wakes when its own plan says."


def stations_words(study: Study) -> list[str]:
    """Which stations the years were drawn from, and how far they are."""
    climate = study.weather.climate
    if climate is None:
        return []
    words = []
    for like in climate.stations:
        near = f", {like.distance_km:.0f} km away" if climate.near and like.distance_km is not None else ""
        off = "" if like.kwh_m2_off is None else f" ({like.kwh_m2_off:+.0f})"
        mirrored = ", mirrored by half a year" if climate.mirrored else ""
        words.append(
            f"station {like.station.name} at {abs(like.station.latitude):.1f} N "
            f"{abs(like.station.longitude):.1f} W: {like.degrees_off:+.1f} degrees of latitude{near}, "
            f"its weather here makes {like.kwh_m2:.0f} kWh/m2 a year{off}{mirrored}"
        )
    return words
