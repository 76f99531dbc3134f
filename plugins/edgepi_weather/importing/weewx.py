"""Reading the archive of WeeWX: its table, its systems of units, its quantities by EdgePi's names. Blocks.

Source: the WeeWX manual, "Units" and "Customizing the database": a row of table ``archive`` stands for the
*interval* minutes that end at *dateTime*; *usUnits* is 1 (US), 16 (metric) or 17 (metric, m/s and mm).
"""

from __future__ import annotations

import contextlib
import math
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from edgepi.errors import EdgePiError
from edgepi_weather.met.limits import Limits

__all__ = ["COLUMNS", "Archive", "Row"]

# WeeWX's column, EdgePi's key, what kind of unit it has.
COLUMNS: tuple[tuple[str, str, str], ...] = (
    ("outTemp", "temperature", "degree"),
    ("outHumidity", "humidity", "plain"),
    ("pressure", "pressure", "pressure"),
    ("barometer", "pressure_sea_level", "pressure"),
    ("dewpoint", "dew_point", "degree"),
    ("windchill", "wind_chill", "degree"),
    ("heatindex", "heat_index", "degree"),
    ("appTemp", "apparent_temperature", "degree"),
    ("windSpeed", "wind_speed", "speed"),
    ("windGust", "wind_gust", "speed"),
    ("windDir", "wind_direction", "plain"),
    ("rainRate", "rain_rate", "rain"),
    ("rain", "rain", "rain"),
)
# Of a table: a view could be endless.
_COLUMNS_OF = (
    "SELECT i.name FROM sqlite_master m, pragma_table_info(m.name) i "
    "WHERE m.type = 'table' AND m.name = 'archive'"
)
Turn = Callable[[float], float]


def _same(value: float) -> float:
    return value


def _by(factor: float) -> Turn:
    return lambda value: value * factor


_METRIC: dict[str, Turn] = {"degree": _same, "plain": _same, "pressure": _same}
_UNITS: Mapping[int, Mapping[str, Turn]] = {
    1: {
        "degree": lambda fahrenheit: (fahrenheit - 32.0) / 1.8,
        "plain": _same,
        "pressure": _by(33.8638866667),
        "speed": _by(0.44704),
        "rain": _by(25.4),
    },
    16: _METRIC | {"speed": _by(1.0 / 3.6), "rain": _by(10.0)},
    17: _METRIC | {"speed": _same, "rain": _same},
}
# The plausible range of what follows is that of what it follows from.
_LIKE = {
    "pressure_sea_level": "pressure",
    "dew_point": "temperature",
    "wind_chill": "temperature",
    "heat_index": "temperature",
    "apparent_temperature": "temperature",
}
_WIDER = 40.0
_LONGEST_MIN = 1440.0
_FIRST_S = 365 * 86400  # clocks that nobody has set yet begin at 1970


@dataclass(frozen=True, slots=True)
class Row:
    """One row: seconds since 1970 at which its interval begins and ends, and values by EdgePi's keys.

    Only what the table has a column for is a key; None is what was not measured, or cannot be. *doubted* are
    the keys of the latter.
    """

    begin_s: int
    end_s: int
    values: Mapping[str, float | None]
    doubted: tuple[str, ...] = ()


class Archive:
    """An archive, opened to read only."""

    def __init__(self, database: sqlite3.Connection, limits: Mapping[str, Limits]) -> None:
        self._database = database
        known = {str(row[0]) for row in database.execute(_COLUMNS_OF)}
        database.text_factory = bytes  # where numbers should be; it need not be UTF-8
        self.columns = tuple(each for each in COLUMNS if each[0] in known)
        self.strange: set[object] = set()
        self._ranges = {key: _range(key, limits) for _, key, _ in self.columns}
        if not {"dateTime", "usUnits", "interval"} <= known or not self.columns:
            raise EdgePiError("this is no archive of WeeWX", hint="it is often /var/lib/weewx/weewx.sdb")

    @classmethod
    def open(cls, path: Path, limits: Mapping[str, Limits]) -> Self:
        """Open a file; raises EdgePiError if it is no archive of WeeWX."""
        if not path.is_file():
            raise EdgePiError(f"there is no file {path}")
        database = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
        try:
            return cls(database, limits)
        except sqlite3.Error as error:
            database.close()
            raise EdgePiError(f"{path} cannot be read: {error}", hint="is it WeeWX's SQLite file?") from error
        except EdgePiError:
            database.close()
            raise

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()

    def span(self, begin_s: float, end_s: float) -> tuple[int, int, int] | None:
        """Return first and last time and the number of rows in between; None without any."""
        query = (
            "SELECT min(dateTime), max(dateTime), count(*) FROM archive WHERE dateTime > ? AND dateTime <= ?"
        )
        with _told():
            first, last, count = self._database.execute(query, (max(begin_s, _FIRST_S), end_s)).fetchone()
        return None if not count else (int(first), int(last), int(count))

    def misdated(self, end_s: float) -> int:
        """Return how many rows are of a clock that was not set or was ahead."""
        query = "SELECT count(*) FROM archive WHERE dateTime <= ? OR dateTime > ?"
        with _told():
            return int(self._database.execute(query, (_FIRST_S, end_s)).fetchone()[0])

    def rows(self, begin_s: float, end_s: float) -> Iterator[Row]:
        """Yield the rows whose interval ends after *begin_s* and not after *end_s*, in order of time.

        A row that cannot be understood is left out; *strange* holds its time.
        """
        names = ", ".join(f'"{column}"' for column, _, _ in self.columns)
        query = (
            f'SELECT dateTime, usUnits, "interval", {names} FROM archive '  # noqa: S608 (names of our own)
            "WHERE dateTime > ? AND dateTime <= ? ORDER BY dateTime"
        )
        with _told():
            for found in self._database.execute(query, (max(begin_s, _FIRST_S), end_s)):
                row = self._row(found[0], found[1], found[2], found[3:])
                if row is None:
                    self.strange.add(found[0])
                else:
                    yield row

    def _row(self, end_s: Any, system: Any, interval: Any, found: tuple[Any, ...]) -> Row | None:
        units = _UNITS.get(system)
        if units is None or not isinstance(end_s, int) or not _is_number(interval):
            return None
        if not 0.0 < interval <= _LONGEST_MIN:
            return None
        values: dict[str, float | None] = {}
        doubted: list[str] = []
        for (_, key, kind), value in zip(self.columns, found, strict=True):
            turned = units[kind](value) if _is_number(value) else None
            low, high = self._ranges[key]
            if turned is not None and not low <= turned <= high:
                turned = None
                doubted.append(key)
            values[key] = turned
        return Row(end_s - round(interval * 60.0), end_s, values, tuple(doubted))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _range(key: str, limits: Mapping[str, Limits]) -> tuple[float, float]:
    if key in limits:
        return limits[key].low, limits[key].high
    like = limits[_LIKE[key]]
    return like.low - _WIDER, like.high + _WIDER


@contextlib.contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise EdgePiError(
            f"the archive cannot be read: {error}", hint="stop WeeWX, or copy its file first"
        ) from error
