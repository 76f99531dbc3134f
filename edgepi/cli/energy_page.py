"""The page of a node's energy, made of what `gather` brings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Any

from edgepi.cli import energy_pictures as pictures
from edgepi.energy.phrases import capital
from edgepi.energy.report.numbers import amount
from edgepi.energy.report.page import Fact, Facts, Page, Part, Said, Section, Table, Words
from edgepi.energy.sentences import zone

__all__ = ["energy_page"]

Data = Mapping[str, Any]

_SAID = 25
_NO_BOOKS = Words(("Nothing was measured in this time, so there are no books.",))
_CO2 = "CO\u2082 avoided"


def energy_page(data: Data) -> Page:
    """Make the page."""
    energy, place = data["energy"], zone(data["node"]["time_zone"])
    now = datetime.fromisoformat(data["time_utc"])
    sections = (
        _now(data),
        _today(energy),
        _courses(data, place),
        _books(energy),
        _ever(energy),
        _presence(data, now, place),
        _learned(energy),
        _decisions(data["decisions"], place),
    )
    world = " in a simulated world" if data["simulated"] else ""
    return Page(
        title=f"Energy of {data['node']['name']}",
        subtitle=f"{_moment(now, place)} ({data['node']['time_zone']}){world}",
        sections=tuple(section for section in sections if section is not None),
        footer=f"EdgePi {data['version']}. Powers and energies are at the battery; times are the node's.",
    )


def _moment(when: datetime, place: tzinfo) -> str:
    local = when.astimezone(place)
    return f"{local:%a} {local.day} {local:%b %Y, %H:%M}"


def _now(data: Data) -> Section:
    energy = data["energy"]
    soc = energy.get("soc")
    charge = f"{soc['percent']:.0f}\u00a0%" if soc else "\u2013"
    capacity = amount((energy.get("battery") or {}).get("capacity_wh"), "Wh")
    facts = (
        Fact(
            name="Battery",
            value=charge,
            note=f"{amount(soc['stored_wh'], 'Wh')} of {capacity}" if soc else "not measured",
        ),
        Fact(name="Sun", value=amount(energy.get("harvest_w"), "W")),
        Fact(
            name="Load",
            value=amount(energy.get("load_w"), "W"),
            note="" if energy.get("load_measured") else "not measured",
        ),
        Fact(name="A stored Wh", value=amount(energy.get("price_points_per_wh"), "points"), note="is worth"),
    )
    advice = tuple(map(capital, (energy.get("battery") or {}).get("advice") or ()))
    return Section(heading="Now", parts=(Facts(facts), Words((" ".join(data["sentences"]), *advice))))


def _account_facts(account: Data) -> tuple[Fact, ...]:
    return (
        Fact(name="Harvested", value=amount(account["harvested_wh"], "Wh")),
        Fact(name="Used", value=amount(account["total_used_wh"], "Wh")),
        Fact(name="Lost", value=amount(account["lost_wh"], "Wh"), note="in converter and battery"),
        Fact(name="Stored", value=amount(account["stored_wh"], "Wh"), note=_gap_note(account)),
    )


def _measured(account: Data) -> bool:
    """Whether there is anything in an account; a boot is booked even where nothing is measured."""
    return bool(account["measured_s"] or account["used_wh"])


def _gap_note(account: Data) -> str:
    gap = account.get("gap_wh") or 0.0
    return f"and {amount(gap, 'Wh')} while nothing was measured" if abs(gap) >= 0.05 else ""


def _today(energy: Data) -> Section:
    today, co2 = energy["ledger"]["today"], energy.get("co2") or {}
    if not _measured(today):
        return Section(heading="Today", parts=(_NO_BOOKS,))
    facts = _account_facts(today)
    if co2:
        facts += (Fact(name=_CO2, value=amount(co2["avoided_g_today"], "g"), note=_factor(co2)),)
    parts: tuple[Part, ...] = (Facts(facts), pictures.used_bars(today, energy["ledger"], "Who used it"))
    return Section(heading="Today", parts=parts)


def _factor(co2: Data) -> str:
    return f"against {amount(co2['grid_g_per_kwh'], 'g', 0)} per kWh from the grid"


def _courses(data: Data, place: tzinfo) -> Section:
    energy, courses, days = data["energy"], data["courses"], data["days"]
    floor, capacity = (
        (energy.get("insight") or {}).get("floor_wh"),
        (energy.get("battery") or {}).get("capacity_wh"),
    )
    share = floor / capacity * 100 if floor and capacity else None
    return Section(
        heading="The last day" if days == 1 else f"The last {days} days",
        parts=(
            pictures.battery_course(courses, place, share),
            pictures.power_course(courses, place),
            pictures.price_course(courses, place),
        ),
    )


def _books(energy: Data) -> Section | None:
    ledger = energy["ledger"]
    if not any(map(_measured, (ledger.get("days") or {}).values())):
        return None
    parts: list[Part] = [pictures.day_stacks(ledger), _balances("Every day in numbers", ledger["days"])]
    if len(ledger.get("months") or ()) > 1:
        parts += [pictures.month_stacks(ledger), _balances("Every month in numbers", ledger["months"])]
    intro = (
        "What was harvested, and beside it where it went. Below zero stands what was taken from the battery,"
        " or what consumers stated beyond what was measured. Sun that a full battery turned away is not in"
        " it, for nothing measures that."
    )
    return Section(heading="Where the energy went", intro=intro, parts=tuple(parts))


def _balances(title: str, accounts: Mapping[str, Data]) -> Table:
    rows = tuple(
        (
            when,
            amount(account["harvested_wh"], "Wh"),
            amount(account["total_used_wh"], "Wh"),
            amount(account["used_wh"].get("unexplained"), "Wh"),
            amount(account["lost_wh"], "Wh"),
            amount(account["balance_wh"], "Wh"),
        )
        for when, account in sorted(accounts.items(), reverse=True)
    )
    headers = ("", "harvested", "used", "of that unexplained", "lost", "net balance")
    return Table(title=title, headers=headers, rows=rows, folded=True)


def _ever(energy: Data) -> Section:
    total, co2 = energy["ledger"]["total"], energy.get("co2") or {}
    if not _measured(total):
        return Section(heading="Since installation", parts=(_NO_BOOKS,))
    earnings = energy.get("earnings") or {}
    facts = _account_facts(total)
    if co2:
        facts += (Fact(name=_CO2, value=amount(co2["avoided_g_total"], "g"), note=_factor(co2)),)
    parts: list[Part] = [
        Facts(facts + tuple(_earned(earnings))),
        pictures.used_bars(total, energy["ledger"], "Who used it"),
    ]
    if rows := tuple(_earners(earnings)):
        headers = ("", "jobs", "earned", "energy", "per Wh")
        parts.append(Table(title="What jobs earned", headers=headers, rows=rows))
    return Section(heading="Since installation", parts=tuple(parts))


def _earned(earnings: Data) -> Iterator[Fact]:
    total = earnings.get("total") or {}
    if not total.get("jobs"):
        return
    per_rlc = earnings.get("points_per_rlc")
    note = f"{amount(total['points'] / per_rlc, 'RLC')}" if per_rlc else ""
    yield Fact(name="Earned", value=amount(total["points"], "points"), note=note)
    yield Fact(name="Earned per Wh", value=amount(total.get("points_per_wh"), "points"))


def _earners(earnings: Data) -> Iterator[tuple[str, ...]]:
    for name, one in sorted((earnings.get("by_consumer") or {}).items()):
        yield (
            name,
            str(one["jobs"]),
            amount(one["points"], "points"),
            amount(one["used_wh"], "Wh"),
            amount(one.get("points_per_wh"), "points"),
        )


def _presence(data: Data, now: datetime, place: tzinfo) -> Section:
    course = data["presence"]
    times, intro = course["times_s"], ""
    if times:
        awake_h = len(times) * course["step_s"] / 3600.0
        known_h = max(awake_h, (now.timestamp() - times[0]) / 3600.0)
        of = f"{amount(awake_h, 'hours')} of {amount(known_h, 'hours')}"
        intro = f"Awake for {of}, {awake_h / known_h * 100:.0f}\u00a0%."
    heat = pictures.presence(course, now, place)
    return Section(heading="When it was awake", intro=intro, parts=(heat,))


def _learned(energy: Data) -> Section | None:
    insight = energy.get("insight") or {}
    facts = tuple(_insights(insight))
    loads = insight.get("loads") or ()
    if not facts and not loads:
        return None
    parts: list[Part] = [Facts(facts)] if facts else []
    if loads:
        parts.append(pictures.learned_loads(loads))
    return Section(heading="What it learned", parts=tuple(parts))


def _insights(insight: Data) -> Iterator[Fact]:
    if days := insight.get("days_learned"):
        yield Fact(name="Days learned", value=str(days), note="of its own harvest")
    if (clear := insight.get("clear_day_wh")) is not None:
        yield Fact(name="A clear day now", value=amount(clear, "Wh"))
    if (clearness := insight.get("clearness_today")) is not None:
        yield Fact(name="Today", value=f"{clearness * 100:.0f}\u00a0%", note="of a clear day")
    if (tomorrow := insight.get("harvest_tomorrow_wh")) is not None:
        yield Fact(name="Expected tomorrow", value=amount(tomorrow, "Wh"))
    if source := insight.get("forecast_source"):
        sd = insight.get("forecast_sd")
        note = f"wrong by about {sd * 100:.0f} % of a clear day" if sd is not None else ""
        yield Fact(name="Forecast", value=source, note=note)


def _decisions(decisions: Sequence[Data], place: tzinfo) -> Section | None:
    """The latest of each kind: what is said again and again about one subject appears once."""
    seen: set[tuple[str, str]] = set()
    told: list[tuple[str, str]] = []
    for decision in sorted(decisions, key=lambda d: str(d["time_utc"]), reverse=True):
        subject, sentence = str(decision["subject"]), str(decision["sentence"])
        kind = (subject, sentence.partition(":")[0].partition(" until")[0])
        if kind in seen or len(told) >= _SAID:
            continue
        seen.add(kind)
        named = subject == "node" or subject.lower() in sentence.lower()
        local = datetime.fromisoformat(decision["time_utc"]).astimezone(place)
        when = f"{local:%a} {local.day} {local:%b, %H:%M}"
        told.append((when, sentence if named else f"{subject} {sentence}"))
    if not told:
        return None
    return Section(heading="Decisions", intro="The latest of each kind.", parts=(Said(tuple(told)),))
