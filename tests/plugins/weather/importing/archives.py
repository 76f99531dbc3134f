"""Makes archives with the schema that WeeWX documents, in any of its systems of units."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

US, METRIC, METRICWX = 1, 16, 17
# A part of WeeWX's observation types; all are REAL columns of one table.
COLUMNS = (
    "altimeter",
    "appTemp",
    "barometer",
    "dewpoint",
    "heatindex",
    "inTemp",
    "outHumidity",
    "outTemp",
    "pressure",
    "rain",
    "rainRate",
    "windchill",
    "windDir",
    "windGust",
    "windGustDir",
    "windSpeed",
)


def make(path: Path, rows: Iterable[Mapping[str, Any]], *, without: tuple[str, ...] = ()) -> Path:
    """Write rows; each has *dateTime*, *usUnits*, *interval* and what is measured."""
    columns = [each for each in COLUMNS if each not in without]
    database = sqlite3.connect(path)
    keys = ("dateTime", "usUnits", "interval", *columns)
    database.execute(
        "CREATE TABLE archive (dateTime INTEGER NOT NULL UNIQUE PRIMARY KEY, usUnits INTEGER NOT NULL, "
        f"interval INTEGER NOT NULL, {', '.join(f'{name} REAL' for name in columns)})"
    )
    marks = ", ".join("?" * len(keys))
    with database:
        database.executemany(
            f"INSERT INTO archive VALUES ({marks})", (tuple(row.get(key) for key in keys) for row in rows)
        )
    database.close()
    return path


def row(end: datetime, system: int = METRICWX, interval: int = 5, **measured: Any) -> dict[str, Any]:
    """A row whose interval ends at a time."""
    return {"dateTime": round(end.timestamp()), "usUnits": system, "interval": interval, **measured}


def weather(begin: datetime, count: int, *, interval: int = 5) -> Iterator[dict[str, Any]]:
    """Plausible weather in metric units (m/s, mm), row after row."""
    begin_s = round(begin.timestamp())
    for n in range(1, count + 1):
        at_s = begin_s + n * interval * 60
        day = math.sin(at_s / 86400.0 * 2.0 * math.pi)
        yield {
            "dateTime": at_s,
            "usUnits": METRICWX,
            "interval": interval,
            "outTemp": 10.0 + 8.0 * day,
            "outHumidity": 60.0 - 20.0 * day,
            "pressure": 980.0 + day,
            "barometer": 1015.0 + day,
            "dewpoint": 5.0 + day,
            "windSpeed": 2.0 + day,
            "windGust": 4.0 + day,
            "windDir": (at_s // 300) % 360,
            "rain": 0.2 if n % 100 == 0 else 0.0,
            "rainRate": 2.4 if n % 100 == 0 else 0.0,
        }
