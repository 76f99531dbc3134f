"""What ``edgepi energy plan`` shows: the coming steps, merged where nothing changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from itertools import groupby
from typing import Any

from edgepi.cli.output import paint, print_table
from edgepi.cli.sparkline import sparkline
from edgepi.energy.report.numbers import amount, number
from edgepi.energy.sentences import zone

__all__ = ["merged", "show_plan"]

Data = Mapping[str, Any]

_WIDTH = 60


def show_plan(energy: Data, time_zone: str) -> None:
    """Print sparklines of battery and price, then the table of steps."""
    plan, place = energy.get("plan") or {}, zone(time_zone)
    steps = plan.get("steps") or []
    if not steps:
        print("nothing is planned ahead" + _simple(plan, place))
        return
    capacity_wh = (energy.get("battery") or {}).get("capacity_wh")
    first, last = _moment(steps[0]["start_utc"]), _moment(steps[-1]["start_utc"])
    print(f"{_day(first, place)} to {_day(last, place)}, made {_day(_moment(plan['made_utc']), place)}")
    stored = [_share(step, capacity_wh) for step in steps]
    unit = "%" if capacity_wh else "Wh"
    for name, values, written in (
        ("battery", stored, unit),
        ("price", [step["price_points_per_wh"] for step in steps], "points/Wh"),
    ):
        line = sparkline(_resampled(steps, values))
        print(f"{paint(f'{name:8}', 'dim')}{line}  {number(min(values))} to {amount(max(values), written)}")
    print()
    headers = ("from", "node", "runs", "sun", "load", "price", "battery")
    print_table(headers, list(_rows(steps, capacity_wh, place)))
    if said := _simple(plan, place):
        print(f"\n{said.removeprefix(': ')}")


def _simple(plan: Data, place: tzinfo) -> str:
    sleep, wake = plan.get("sleep_utc"), plan.get("wake_utc")
    if sleep and wake:
        return f": asleep from {_day(_moment(sleep), place)} until {_day(_moment(wake), place)}"
    return f": next wake {_day(_moment(wake), place)}" if wake else ""


def _rows(steps: Sequence[Data], capacity_wh: float | None, place: tzinfo) -> Iterator[tuple[str, ...]]:
    for group in merged(steps, place):
        count = len(group)
        sun, load, price = (
            sum(step[key] for step in group) / count for key in ("harvest_w", "load_w", "price_points_per_wh")
        )
        runs = group[0].get("runs") or {}
        yield (
            _day(_moment(group[0]["start_utc"]), place),
            "awake" if group[0]["awake"] else "asleep",
            ", ".join(f"{name} {how}" for name, how in runs.items() if how != "off") or "-",
            amount(sun, "W"),
            amount(load, "W"),
            number(price),
            amount(_share(group[0], capacity_wh), "%" if capacity_wh else "Wh", 0),
        )


def merged(steps: Sequence[Data], place: tzinfo) -> Iterator[list[Data]]:
    """Steps in which the same runs, put together; a stretch is cut at 0, 6, 12 and 18 o'clock."""

    def alike(step: Data) -> tuple[object, ...]:
        local = _moment(step["start_utc"]).astimezone(place)
        return step["awake"], tuple(sorted((step.get("runs") or {}).items())), local.date(), local.hour // 6

    for _, group in groupby(steps, key=alike):
        yield list(group)


def _resampled(steps: Sequence[Data], values: Sequence[float]) -> list[float | None]:
    """The value at each of so many equal distances in time."""
    starts = [_moment(step["start_utc"]) for step in steps]
    span = starts[-1] - starts[0]
    found: list[float | None] = []
    for i in range(_WIDTH):
        moment = starts[0] + span * (i / (_WIDTH - 1))
        found.append(next(v for s, v in zip(reversed(starts), reversed(values), strict=True) if s <= moment))
    return found


def _share(step: Data, capacity_wh: float | None) -> float:
    stored: float = step["stored_wh"]
    return stored / capacity_wh * 100 if capacity_wh else stored


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _day(when: datetime, place: tzinfo) -> str:
    local = when.astimezone(place)
    return f"{local:%a} {local.day} {local:%b %H:%M}"
