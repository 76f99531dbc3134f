"""The pictures of a node's energy report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any

from edgepi.energy.phrases import part_name
from edgepi.energy.report.charts import CONSUMER_TONES, Bar, Bars, Heat, Lines, Mark, Series, Span, Stacks

__all__ = ["battery_course", "day_stacks", "learned_loads", "month_stacks", "power_course", "presence"]
__all__ += ["price_course", "used_bars"]

Data = Mapping[str, Any]

_DAYS = 35
_MONTHS = 24
_MISSED_STEPS = 3


def _with_gaps(course: Data) -> tuple[list[datetime], list[float | None], tuple[Span, ...]]:
    """Times and values with a gap, and a span, wherever nothing was recorded for some steps."""
    times: list[datetime] = []
    values: list[float | None] = []
    spans: list[Span] = []
    longest_s = course["step_s"] * _MISSED_STEPS
    known = [p for p in zip(course["times_s"], course["values"], strict=True) if _numeric(p[1])]
    for i, (time_s, value) in enumerate(known):
        if i and time_s - known[i - 1][0] > longest_s:
            end_s = known[i - 1][0] + course["step_s"]
            times.append(_at(end_s))
            values.append(None)
            spans.append(Span(start_utc=_at(end_s), end_utc=_at(time_s)))
        times.append(_at(time_s))
        values.append(value)
    return times, values, tuple(spans)


def _numeric(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _at(time_s: float) -> datetime:
    return datetime.fromtimestamp(time_s, UTC)


def battery_course(courses: Data, place: tzinfo, floor_percent: float | None) -> Lines:
    """Charge through the last days, with the nights that the node slept."""
    times, values, _ = _with_gaps(courses["energy.battery_soc"])
    marks: tuple[Mark, ...] = ()
    if floor_percent:
        marks = (Mark(value=floor_percent, text=f"kept in reserve, {floor_percent:.0f} %", tone="muted"),)
    return Lines(
        title="Battery",
        unit="%",
        times_utc=times,
        series=(Series(name="battery", values=values, tone="store"),),
        area=True,
        low=0.0,
        high=100.0,
        marks=marks,
        spans=_with_gaps(courses["energy.price"])[2],
        span_name="the node was off",
        place=place,
    )


def price_course(courses: Data, place: tzinfo) -> Lines:
    """What a stored Wh was worth."""
    times, values, spans = _with_gaps(courses["energy.price"])
    return Lines(
        title="Price of a stored watt-hour",
        unit="points/Wh",
        times_utc=times,
        series=(Series(name="price", values=values, tone="price"),),
        low=0.0,
        spans=spans,
        span_name="the node was off",
        place=place,
    )


def power_course(courses: Data, place: tzinfo) -> Lines:
    """Sun and load; both on the times of the sun."""
    times, sun, _ = _with_gaps(courses["energy.harvest_power"])
    load = courses["energy.load_power"]
    by_time = dict(zip(load["times_s"], load["values"], strict=True))
    loads = [
        by_time.get(moment.timestamp()) if value is not None else None
        for moment, value in zip(times, sun, strict=True)
    ]
    series = (Series(name="sun", values=sun, tone="sun"), Series(name="load", values=loads, tone="load"))
    return Lines(
        title="Sun and load",
        unit="W",
        times_utc=times,
        series=series,
        area=True,
        low=0.0,
        spans=_with_gaps(courses["energy.price"])[2],
        span_name="the node was off",
        place=place,
    )


def used_bars(account: Data, ledger: Data, title: str) -> Bars:
    """Who used how much of an *account*; colours are those of the whole *ledger*."""
    tones = _tones(ledger["total"])
    used = [(name, wh) for name, wh in account["used_wh"].items() if abs(wh) >= 0.005]
    bars = [
        Bar(name=_who(name), value=wh, tone=tones.get(name, "muted"))
        for name, wh in sorted(used, key=lambda item: (item[0] == "unexplained", -item[1]))
    ]
    if account["lost_wh"] >= 0.005:
        bars.append(Bar(name="lost", value=account["lost_wh"], tone="lost"))
    return Bars(title=title, unit="Wh", bars=tuple(bars))


def day_stacks(ledger: Data) -> Stacks:
    """Where the energy of each day went."""
    days = sorted(ledger["days"])[-_DAYS:]
    labels = [_day(date.fromisoformat(day)) for day in days]
    return _stacks("Day by day", labels, [ledger["days"][day] for day in days], _tones(ledger["total"]))


def month_stacks(ledger: Data) -> Stacks:
    """Where the energy of each month went."""
    months = sorted(ledger["months"])[-_MONTHS:]
    labels = [f"{date.fromisoformat(f'{month}-01'):%b %Y}" for month in months]
    accounts = [ledger["months"][month] for month in months]
    return _stacks("Month by month", labels, accounts, _tones(ledger["total"]))


def _stacks(title: str, labels: Sequence[str], accounts: Sequence[Data], tones: Mapping[str, str]) -> Stacks:
    rows = [
        Series(name=_who(name), values=[a["used_wh"].get(name, 0.0) for a in accounts], tone=tone)
        for name, tone in tones.items()
    ]
    others = [_others(account, tones) for account in accounts]
    rows.append(Series(name="others", values=others, tone=CONSUMER_TONES[-1]))
    rows.append(
        Series(
            name="unexplained", values=[a["used_wh"].get("unexplained", 0.0) for a in accounts], tone="muted"
        )
    )
    rows.append(Series(name="lost", values=[a["lost_wh"] for a in accounts], tone="lost"))
    rows.append(Series(name="stored", values=[a["stored_wh"] for a in accounts], tone="store"))
    shown = tuple(row for row in rows if any(abs(value or 0.0) >= 0.005 for value in row.values))
    beside = Series(name="harvested", values=[a["harvested_wh"] for a in accounts], tone="sun")
    return Stacks(title=title, unit="Wh", labels=labels, series=shown, beside=beside)


def _tones(total: Data) -> dict[str, str]:
    """A tone for each of those who used most since installation, the largest first."""
    used = {name: wh for name, wh in total["used_wh"].items() if name != "unexplained" and wh >= 0.005}
    names = sorted(used, key=lambda name: -used[name])
    # The last tone is that of all others together, where there are too many for one each.
    tones = CONSUMER_TONES if len(names) <= len(CONSUMER_TONES) else CONSUMER_TONES[:-1]
    return dict(zip(names, tones, strict=False))


def _others(account: Data, tones: Mapping[str, str]) -> float:
    named = {*tones, "unexplained"}
    return float(sum(wh for name, wh in account["used_wh"].items() if name not in named))


def _who(name: str) -> str:
    return "the node itself" if name == "node" else name


def _day(day: date) -> str:
    return f"{day.day} {day:%b}"


def presence(course: Data, now_utc: datetime, place: tzinfo) -> Heat:
    """Which share of each hour the node was awake, as far back as anything is known."""
    per_hour = 3600 / course["step_s"]
    counts: dict[tuple[date, int], int] = {}
    for time_s in course["times_s"]:
        local = _at(time_s).astimezone(place)
        counts[local.date(), local.hour] = counts.get((local.date(), local.hour), 0) + 1
    if not counts:
        return Heat(title="Awake", days=(), hours=())
    now, first = now_utc.astimezone(place), min(counts)
    days = [first[0] + timedelta(days=n) for n in range((now.date() - first[0]).days + 1)]
    present = (now.date(), now.hour)

    def share(day: date, hour: int) -> float | None:
        if not first <= (day, hour) <= present:
            return None
        return min(1.0, float(counts.get((day, hour), 0) / per_hour))

    return Heat(
        title="Hours awake",
        days=days,
        hours=[_whole_ends([share(day, hour) for hour in range(24)], day, first, present) for day in days],
        low_text="off",
        high_text="awake",
    )


def _whole_ends(
    hours: list[float | None], day: date, first: tuple[date, int], last: tuple[date, int]
) -> list[float | None]:
    """The first hour and the present one are only partly known: whoever was there was awake."""
    for known_day, hour in (first, last):
        if day == known_day and hours[hour]:
            hours[hour] = 1.0
    return hours


def learned_loads(loads: Sequence[Data]) -> Bars:
    """What parts of the load draw, beside what they state."""
    bars = [
        Bar(
            name=part_name(load["part"]),
            value=load["learned_w"],
            stated=load["stated_w"],
            tone="warn" if load["excessive"] else "load",
        )
        for load in loads
    ]
    return Bars(title="Power as measured, and as stated", unit="W", bars=tuple(bars))
