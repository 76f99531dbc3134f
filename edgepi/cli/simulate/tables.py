"""The answer of a study as tables for a terminal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from edgepi.cli.output import paint, print_table
from edgepi.cli.simulate.figures import MONTHS, gaps
from edgepi.cli.simulate.study import Study
from edgepi.cli.simulate.words import place, sentences, share, size_words, stations_words
from edgepi.energy.report.numbers import amount, number

__all__ = ["gap_words", "print_answer", "stretch_words"]

Answer = dict[str, Any]


def print_answer(study: Study, found: Answer) -> None:
    """Print what was asked, the sentences, and tables of figures."""
    print(paint(stretch_words(study), "bold"))
    for sentence in sentences(study):
        print(f"  {sentence}")
    blocks: tuple[Callable[[Study, Answer], None], ...] = (
        _figures,
        _months,
        _chances,
        _policies,
        _sizing,
        _sources,
    )
    for block in blocks:
        block(study, found)


def stretch_words(study: Study) -> str:
    """What was simulated, in a line."""
    plant, weather = study.node.plant, study.weather
    trace = weather.stretches[0].trace
    if weather.source == "trace":
        span = f"{study.days:.0f} days from {trace.start_utc:%Y-%m-%d}"
    else:
        kind = "drawn" if weather.source == "climate" else "measured"
        count = len(weather.stretches)
        span = f"{count} {kind} year{'' if count == 1 else 's'} of {study.days:.0f} days"
    guess = ", guessed from the light" if weather.guessed else ""
    size = f"{study.node.panel_w:g} W, {plant.battery_wh:g} Wh {plant.chemistry}"
    sees = ", seeing what a node sees" if study.sees == "node" and study.policy == "price" else ""
    forecast = "" if study.forecast == "none" else f", forecast {study.forecast}"
    return f"{size} at {place(study)}{guess}: {span}, policy {study.policy}{forecast}{sees}"


def _head(title: str) -> None:
    print(f"\n{paint(title, 'bold')}")


def _figures(study: Study, found: Answer) -> None:
    _head("a year on average" if len(study.lives) > 1 else "figures")
    print_table(
        ("", "", ""), [*_duties(study, found), *_jobs(study, found), *_energy(found), *_battery(found)]
    )


def _duties(study: Study, found: Answer) -> list[tuple[str, str, str]]:
    rows = []
    for load in study.node.plant.loads:
        levels = found["levels"][load.name]
        note = ", ".join(f"{name} {share(part)}" for name, part in levels.items()) if len(levels) > 1 else ""
        rows.append((f"duty {load.name} on", share(found["availability"][load.name]), note))
    return rows


def _jobs(study: Study, found: Answer) -> list[tuple[str, str, str]]:
    if study.node.plant.job is None:
        return []
    broken = found["jobs_started"] - found["jobs_finished"]
    note = f"{number(found['jobs_finished'], 0)} jobs, {broken:.0f} not finished"
    return [("jobs finished", amount(found["compute_hours"], "h", 0), note)]


def _energy(found: Answer) -> list[tuple[str, str, str]]:
    sun = found["harvested_wh"]

    def part(name: str) -> tuple[str, str]:
        return amount(found[name], "Wh", 0), share(found[name] / sun) if sun else ""

    days = max(1.0, found["days"])
    return [
        ("the panel could give", amount(sun, "Wh", 0), f"{sun / days:.0f} Wh a day"),
        ("used", *part("used_wh")),
        ("lost in the battery", *part("lost_wh")),
        ("found it full", *part("spilled_wh")),
        *([("of that too cold", *part("cold_wh"))] if found["cold_wh"] else []),
    ]


def _battery(found: Answer) -> list[tuple[str, str, str]]:
    return [
        ("full cycles", f"{found['battery_cycles']:.0f}", ""),
        ("boots", f"{found['boots']:.0f}", ""),
        ("unplanned cuts", f"{found['unplanned_cuts']:g}", ""),
        ("deciding took", f"{found['decisions_cpu_s']:.1f} s", "of CPU"),
    ]


def _months(study: Study, found: Answer) -> None:
    if len(found["months"]) < 2:
        return
    _head("months")
    rows = [
        (
            _month_name(row["month"]),
            f"{row['harvested_wh'] / row['days']:.0f} Wh",
            f"{100 * row['iot_availability']:.1f} %",
            f"{row['compute_hours_started']:.0f} h",
            f"{100 * row['lowest_charge']:.0f} %",
        )
        for row in found["months"]
    ]
    duty = study.node.plant.loads[0].name if len(study.node.plant.loads) == 1 else "duty"
    print_table(("month", "sun a day", f"{duty} on", "jobs", "lowest charge"), rows)


def _month_name(text: str) -> str:
    year, _, month = text.rpartition("-")
    return f"{MONTHS[int(month) - 1]} {year}".strip()


def _chances(study: Study, found: Answer) -> None:
    if "probabilities" not in found:
        return
    odds, count = found["probabilities"], len(study.lives)
    _head(f"chances, from {count} years")
    rows = [
        ("duty on, year", *_spread(odds["iot_availability"], share)),
        ("duty on, worst month", *_spread(odds["worst_month"]["iot_availability"], share)),
        (
            f"duty on, {odds['darkest_month']['month']}",
            *_spread(odds["darkest_month"]["iot_availability"], share),
        ),
        ("jobs finished, year", *_spread(odds["compute_hours"], lambda h: amount(h, "h", 0))),
    ]
    print_table(("", "bad year of 10", "middling", "good year of 10"), rows)
    print(
        f"no hour without duty: {odds['darkest_month']['month']} {_part(odds['darkest_month'], count)}, ",
        end="",
    )
    print(f"worst month {_part(odds['worst_month'], count)}; ", end="")
    print(f"any unplanned cut: {round(odds['unplanned_cut'] * count)} of {count} years")


def _part(odds: Answer, count: int) -> str:
    value = odds["no_hour_without_iot"]
    return "-" if value is None else f"{round(value * count)} of {count} years"


def _spread(values: dict[str, float] | None, write: Callable[[float], str]) -> Sequence[str]:
    return [write(value) for value in values.values()] if values else ["-"] * 3


def _policies(_: Study, found: Answer) -> None:
    if "policies" not in found:
        return
    _head("policies")
    print_table(("policy", "duty on", "jobs", "points", "cuts", "boots"), _policy_rows(found))


def _policy_rows(found: Answer) -> list[tuple[str, str, str, str, str, str]]:
    return [
        (
            name,
            share(row["iot_availability"]),
            amount(row["compute_hours"], "h", 0),
            number(row["points"], 0),
            f"{row['unplanned_cuts']:g}",
            f"{row['boots']:.0f}",
        )
        for name, row in found["policies"].items()
    ]


def _sizing(study: Study, found: Answer) -> None:
    if not study.sizes:
        return
    _head("other sizes" if len(study.lives) == 1 else f"other sizes, the first {study.sample} years")
    rows = [
        (
            size_words(size),
            share(row["iot_availability"]),
            amount(row["compute_hours"], "h", 0),
            share(row["spilled_wh"] / row["harvested_wh"]) if row["harvested_wh"] else "-",
            f"{row['unplanned_cuts']:g}",
        )
        for size, row in zip(study.sizes, found["sizing"], strict=True)
    ]
    print_table(("panel and battery", "duty on", "jobs", "sun not used", "cuts"), rows)


def _sources(study: Study, found: Answer) -> None:
    words = [*gap_words(study), *stations_words(study), *(f"note: {note}" for note in found["notes"])]
    if words:
        print()
    for line in words:
        print(line)


def gap_words(study: Study) -> list[str]:
    """What was repaired of a trace, in a line."""
    if study.weather.source == "climate":
        return []
    counts = gaps(study.weather)
    said = (
        ("bridged", "interpolated over up to 2 h"),
        ("copied", "copied from the day before"),
        ("zeroed", "taken as dark, with no day before"),
        ("night", "unwritten at night"),
        ("doubled", "doubled times"),
    )
    found = [f"{counts[name]} {words}" for name, words in said if counts[name]]
    return [f"samples missing: {', '.join(found)}"] if found else ["no sample is missing"]
