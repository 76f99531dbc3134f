"""A month of records as data: its days, the month as a whole, and all time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edgepi_weather.records.store import Store
from edgepi_weather.records.tally import QUANTITIES, Tallies, Tally, merged

__all__ = ["report"]


def report(store: Store, month: str | None) -> dict[str, Any]:
    """Return ``{month, months, quantities, days: [{day, values}], total, all_time}``. Blocks.

    Values are by quantity: of ``min, min_at, max, max_at, mean, sum`` those that mean something, ``count``,
    and ``gaps`` where in some intervals nobody counted. Without a *month* it is the latest that is kept.
    """
    months = store.months()
    month = month or (months[-1] if months else None)
    within = {} if month is None else store.read(month)
    return {
        "month": month,
        "months": months,
        "quantities": {key: {"name": each.name, "unit": each.unit} for key, each in QUANTITIES.items()},
        "days": [
            {"day": day, "values": _values({k: t for (d, k), t in within.items() if d == day})}
            for day in sorted({day for day, _key in within})
        ],
        "total": _values(_whole(within)),
        "all_time": _values(store.whole()),
    }


def _whole(month: Tallies) -> dict[str, Tally]:
    parts = ({("", key): tally} for (_day, key), tally in month.items())
    return {key: tally for (_day, key), tally in merged(parts).items()}


def _values(tallies: Mapping[str, Tally]) -> dict[str, dict[str, Any]]:
    return {key: _figures(key, tallies[key]) for key in QUANTITIES if key in tallies}


def _figures(key: str, tally: Tally) -> dict[str, Any]:
    every: dict[str, dict[str, Any]] = {
        "min": {"min": tally.low, "min_at": tally.low_at},
        "max": {"max": tally.high, "max_at": tally.high_at},
        "mean": {"mean": tally.total / tally.count if tally.count else None},
        "sum": {"sum": round(tally.total, 4) if tally.count else None},
    }
    figures: dict[str, Any] = {}
    for shown in QUANTITIES[key].shows:
        figures |= every[shown]
    figures["count"] = tally.count
    if tally.gaps:
        figures["gaps"] = tally.gaps
    return {
        name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in figures.items()
    }
