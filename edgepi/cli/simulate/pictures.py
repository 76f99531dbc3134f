"""The answer of a study as a page with pictures."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

from edgepi.cli.simulate.figures import MONTHS, months
from edgepi.cli.simulate.life import Day, Life
from edgepi.cli.simulate.study import Study
from edgepi.cli.simulate.tables import gap_words, stretch_words
from edgepi.cli.simulate.words import sentences, share, size_words, stations_words
from edgepi.energy.envelope import quantile
from edgepi.energy.report.charts import CONSUMER_TONES, Bar, Bars, Calendar, Fan, Lines, Mark, Series, Stacks
from edgepi.energy.report.numbers import amount, number
from edgepi.energy.report.page import Fact, Facts, Page, Section, Table, Words, render
from edgepi.errors import EdgePiError
from edgepi.files import atomic_write

__all__ = ["check_page", "page_of", "write_page"]

Answer = dict[str, Any]
_QUANTILES = (
    (0.1, "a bad year of ten"),
    (0.25, "a bad year of four"),
    (0.5, "the middle"),
    (0.75, "a good year of four"),
    (0.9, "a good year of ten"),
)
_SMOOTH_DAYS = 7
_WHOLE_DAYS = 20


def check_page(path: Path) -> None:
    """Say before the work what would go wrong after it.

    Raises:
        EdgePiError: the page could not be written there.
    """
    if not path.parent.is_dir():
        raise EdgePiError(f"{path}: there is no folder {path.parent}", hint="make it first")
    if path.is_dir():
        raise EdgePiError(f"{path} is a folder", hint=f"name a file in it: {path / 'december.html'}")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise EdgePiError(f"{path} may not be written", hint="choose a folder of your own")


def write_page(path: Path, study: Study, found: Answer) -> None:
    """Write the page.

    Raises:
        OSError: it cannot be written; what was there stays.
    """
    content = render(page_of(study, found))
    if path.exists() and not path.is_file():
        path.write_text(content, encoding="utf-8")
    else:
        atomic_write(path, content)


def page_of(study: Study, found: Answer) -> Page:
    """Everything, most important first."""
    makers: tuple[Callable[[Study, Answer], Section | None], ...] = (
        _summary,
        _charge,
        _months,
        _energy,
        _policies,
        _sizes,
        _years,
        _sources,
    )
    sections = (make(study, found) for make in makers)
    return Page(
        title="Will it last?",
        subtitle=stretch_words(study),
        sections=tuple(section for section in sections if section),
        footer="Made by edgepi simulate; a simulated year is no promise.",
    )


def _summary(study: Study, found: Answer) -> Section:
    worst = min(
        (row for row in found["months"] if row["days"] >= _WHOLE_DAYS),
        key=lambda row: row["iot_availability"],
        default=None,
    )
    facts = []
    if study.node.plant.loads:
        facts.append(Fact(name="duty on", value=share(found["iot_availability"]), note="of all hours"))
        if worst:
            value, note = share(worst["iot_availability"]), _month_name(worst["month"])
            facts.append(Fact(name="worst month", value=value, note=note))
    if study.node.plant.job:
        facts.append(Fact(name="jobs", value=amount(found["compute_hours"], "h", 0), note="finished"))
    cuts = sum(life.outcome.unplanned_cuts for life in study.lives)
    facts.append(Fact(name="ran dry", value=f"{cuts}", note="unplanned cuts in all"))
    return Section(heading="In short", parts=(Facts(tuple(facts)), Words(tuple(sentences(study)))))


def _month_name(text: str) -> str:
    year, _, month = text.rpartition("-")
    return f"{MONTHS[int(month) - 1]} {year}".strip()


def _noon(day: Day) -> datetime:
    return datetime.combine(day.day, time(12), tzinfo=UTC)


def _charge(study: Study, _: Answer) -> Section:
    floor = (Mark(value=100.0 * study.node.plant.cut, text="the board cuts", tone="bad"),)
    if len(study.lives) == 1:
        days = study.lives[0].days
        low, high = [100.0 * day.least for day in days], [100.0 * day.most for day in days]
        middle = [(a + b) / 2.0 for a, b in zip(low, high, strict=True)]
        chart: Lines | Fan = Lines(
            title="Charge of the battery",
            unit="%",
            times_utc=[_noon(day) for day in days],
            series=(Series(name="middle of the day's range", values=middle, tone="store"),),
            band=(low, high),
            low=0.0,
            high=100.0,
            marks=floor,
        )
        intro = "The band reaches from each day's lowest to its highest charge."
    else:
        chart = _fan(study, floor)
        intro = (
            f"Each day's lowest charge over {len(study.lives)} years, smoothed over a week: half of "
            "the years lie within the inner band, eight of ten within the outer."
        )
    return Section(heading="The battery through the year", intro=intro, parts=(chart,))


def _fan(study: Study, marks: tuple[Mark, ...]) -> Fan:
    count = min(len(life.days) for life in study.lives)
    rows = [[100.0 * day.least for day in life.days[:count]] for life in study.lives]
    columns = list(zip(*rows, strict=True))
    return Fan(
        title="Lowest charge of the day",
        unit="%",
        times_utc=[_noon(day) for day in study.lives[0].days[:count]],
        quantiles=tuple(
            Series(name=name, values=_smooth([quantile(column, q) for column in columns]), tone="store")
            for q, name in _QUANTILES
        ),
        low=0.0,
        high=100.0,
        marks=marks,
    )


def _smooth(values: Sequence[float]) -> list[float]:
    half = _SMOOTH_DAYS // 2
    windows = (values[max(0, i - half) : i + half + 1] for i in range(len(values)))
    return [sum(window) / len(window) for window in windows]


def _months(study: Study, found: Answer) -> Section | None:
    rows = [row for row in found["months"] if row["days"] >= _WHOLE_DAYS]
    if len(rows) < 2:
        return None
    labels = [_month_name(row["month"])[:3] for row in rows]
    parts: list[Fan | Stacks | Calendar | Table] = []
    if study.node.plant.loads:
        parts.append(_month_fan(study) if len(study.lives) > 1 else _month_bars(rows, labels))
    if study.node.plant.job:
        hours = [row["compute_hours_started"] / row["days"] for row in rows]
        jobs = Series(name="jobs", values=hours, tone="tone1")
        parts.append(Stacks(title="Jobs", unit="h a day", labels=labels, series=(jobs,), summed=False))
    if study.node.plant.loads and len(study.lives) == 1:
        parts.append(_calendar(study.lives[0]))
    parts.append(_month_table(found["months"]))
    return Section(heading="Month by month", parts=tuple(parts))


def _month_bars(rows: Sequence[Answer], labels: Sequence[str]) -> Stacks:
    duty = Series(name="duty on", values=[100.0 * row["iot_availability"] for row in rows], tone="load")
    return Stacks(title="Hours with duty on", unit="%", labels=labels, series=(duty,), summed=False)


def _month_fan(study: Study) -> Fan:
    """Quantiles over the years of each calendar month."""
    shares: dict[tuple[int, int], list[float]] = {}
    for life in study.lives:
        year = life.days[0].day.year
        for month in months(life.days):
            if month.days >= _WHOLE_DAYS:
                shares.setdefault((month.year - year, month.month), []).append(month.iot_availability)
    year = study.lives[0].days[0].day.year
    return Fan(
        title="Hours with duty on",
        unit="%",
        times_utc=[datetime(year + ahead, month, 15, tzinfo=UTC) for ahead, month in shares],
        quantiles=tuple(
            Series(name=name, values=[100.0 * quantile(found, q) for found in shares.values()], tone="load")
            for q, name in _QUANTILES
        ),
        low=0.0,
        high=100.0,
    )


def _calendar(life: Life) -> Calendar:
    return Calendar(
        title="Hours with duty on, day by day",
        unit="h",
        days=[day.day for day in life.days],
        values=[day.iot_h for day in life.days],
        tone="load",
    )


def _month_table(rows: Sequence[Answer]) -> Table:
    return Table(
        headers=("month", "sun a day", "duty on", "jobs", "lowest charge"),
        rows=tuple(
            (
                _month_name(row["month"]),
                amount(row["harvested_wh"] / row["days"], "Wh"),
                f"{100 * row['iot_availability']:.1f} %",
                f"{row['compute_hours_started']:.0f} h",
                f"{100 * row['lowest_charge']:.0f} %",
            )
            for row in rows
        ),
        title="The same in numbers",
        folded=True,
    )


def _energy(study: Study, found: Answer) -> Section:
    parts = _mean_parts(study.lives)
    bars = [
        Bar(name=name, value=wh, tone=CONSUMER_TONES[i % len(CONSUMER_TONES)])
        for i, (name, wh) in enumerate(sorted(parts.items(), key=lambda part: -part[1]))
        if wh > 0.0
    ]
    bars += [
        Bar(name="lost in the battery", value=found["lost_wh"], tone="lost"),
        Bar(name="battery was full", value=found["spilled_wh"] - found["cold_wh"], tone="spilled"),
    ]
    if found["cold_wh"]:
        bars.append(Bar(name="battery was too cold", value=found["cold_wh"], tone="warn"))
    total = amount(found["harvested_wh"], "Wh")
    span = "a year" if len(study.lives) > 1 else f"{study.days:.0f} days"
    return Section(
        heading="Where the energy went",
        intro=f"The panel could give {total} in {span}.",
        parts=(Bars(title="Energy", unit="Wh", bars=tuple(bars)),),
    )


def _mean_parts(lives: Sequence[Life]) -> dict[str, float]:
    return {name: sum(life.parts_wh[name] for life in lives) / len(lives) for name in lives[0].parts_wh}


def _policies(_: Study, found: Answer) -> Section | None:
    if "policies" not in found:
        return None
    rows = tuple(
        (
            name,
            share(row["iot_availability"]),
            amount(row["compute_hours"], "h", 0),
            number(row["points"], 0),
            f"{row['unplanned_cuts']:g}",
            f"{row['boots']:.0f}",
        )
        for name, row in found["policies"].items()
    )
    table = Table(headers=("policy", "duty on", "jobs", "points", "cuts", "boots"), rows=rows)
    words = (
        "price is EdgePi's own; thresholds go by the charge alone; always-on runs until the board cuts; "
        "the clairvoyant knows all weather beforehand, which nobody does."
    )
    return Section(heading="What decides", intro=words, parts=(table,))


def _sizes(study: Study, found: Answer) -> Section | None:
    if not study.sizes:
        return None
    rows = tuple(
        (
            size_words(size),
            share(row["iot_availability"]),
            amount(row["compute_hours"], "h", 0),
            share(row["spilled_wh"] / row["harvested_wh"]) if row["harvested_wh"] else "-",
        )
        for size, row in zip(study.sizes, found["sizing"], strict=True)
    )
    intro = "" if len(study.lives) == 1 else f"Means of the first {study.sample} years."
    table = Table(headers=("panel and battery", "duty on", "jobs", "sun not used"), rows=rows)
    return Section(heading="Other panels and batteries", intro=intro, parts=(table,))


def _years(study: Study, found: Answer) -> Section | None:
    if "years" not in found:
        return None
    rows = tuple(
        (
            row["name"],
            amount(row["harvested_wh"] / row["days"], "Wh"),
            share(row["iot_availability"]),
            amount(row["compute_hours"], "h", 0),
            f"{row['unplanned_cuts']}",
        )
        for row in found["years"]
    )
    table = Table(
        headers=("year", "sun a day", "duty on", "jobs", "cuts"), rows=rows, title="Each year", folded=True
    )
    return Section(heading="The years", parts=(_sorted_years(study), table))


def _sorted_years(study: Study) -> Stacks:
    ordered = sorted(life.iot_availability for life in study.lives)
    return Stacks(
        title="Duty on, from the worst year to the best",
        unit="%",
        labels=[str(i + 1) for i in range(len(ordered))],
        summed=False,
        series=(Series(name="duty on", values=[100.0 * value for value in ordered], tone="load"),),
    )


def _sources(study: Study, found: Answer) -> Section:
    return Section(heading="What this rests on", parts=(Words(tuple(_origin(study, found))),))


def _origin(study: Study, found: Answer) -> Iterator[str]:
    weather = study.weather
    if weather.source == "trace":
        yield from (f"{words[:1].upper()}{words[1:]}." for words in gap_words(study))
    elif weather.source == "climate":
        yield (
            "The years are drawn from days that were measured in 2020 by stations of the U.S. Climate "
            "Reference Network (NOAA), in blocks of 5 to 12 days from about the same season, each year "
            "from one station. What makes years differ more than that is not in them."
        )
    else:
        yield "Past years of the place as Open-Meteo's archive has them (open-meteo.com, CC BY 4.0)."
    yield from (f"{words[:1].upper()}{words[1:]}." for words in stations_words(study))
    yield from (f"Note: {note}." for note in found["notes"])
