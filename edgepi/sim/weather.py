"""Measured weather of a few days that loops, and rain that is drawn at random."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files
from itertools import pairwise

from edgepi.errors import WorldError

__all__ = ["GOLDEN_LONGITUDE", "MeasuredWeather", "Rain", "Weather", "golden_weather"]

GOLDEN_LONGITUDE = -105.18
SHIPPED = "data/golden_weather_5min.csv"
COLUMNS = (
    "temperature_c",
    "pressure_hpa",
    "humidity_percent",
    "wind_speed_m_s",
    "poa_w_m2",
    "wind_direction_deg",
)
DIRECTION = COLUMNS.index("wind_direction_deg")
WET_HOURS = 0.08
MEAN_RAIN_MM_H = 1.5


@dataclass(frozen=True, slots=True)
class Weather:
    """The air and the sun at one moment."""

    temperature_c: float
    pressure_hpa: float
    humidity_percent: float
    wind_speed_m_s: float
    poa_w_m2: float
    wind_direction_deg: float


class MeasuredWeather:
    """Samples at equal steps over whole days, linear in between; repeats before and after.

    A direction turns the shorter way.
    """

    def __init__(self, first_s: float, step_s: float, samples: Iterable[tuple[float | None, ...]]) -> None:
        columns = list(zip(*samples, strict=True))
        if not columns or any(all(v is None for v in column) for column in columns):
            raise WorldError("the measured weather has a column without a value")
        self.first_s = first_s
        self.step_s = step_s
        self._rows = list(zip(*(_filled(*each) for each in enumerate(columns)), strict=True))

    @property
    def span_s(self) -> float:
        """How long the measurements are before they loop."""
        return self.step_s * len(self._rows)

    def loops(self, wall_s: float) -> int:
        """How often the measurements have been played through by then."""
        return int((wall_s - self.first_s) // self.span_s)

    def at(self, wall_s: float) -> Weather:
        """Return the weather at seconds since 1970."""
        place = (wall_s - self.first_s) % self.span_s / self.step_s
        index = int(place) % len(self._rows)
        part = place - int(place)
        before, after = self._rows[index], self._rows[(index + 1) % len(self._rows)]
        mixed = [_between(n, *ends, part) for n, ends in enumerate(zip(before, after, strict=True))]
        return Weather(*mixed)


def _between(number: int, first: float, last: float, part: float) -> float:
    if number != DIRECTION:
        return first + (last - first) * part
    turn = (last - first + 180.0) % 360.0 - 180.0
    return (first + turn * part) % 360.0


def _filled(number: int, column: tuple[float | None, ...]) -> list[float]:
    """Bridge gaps linearly, round the end to the start."""
    known = [i for i, value in enumerate(column) if value is not None]
    around = [*known, known[0] + len(column)]
    result = [0.0] * len(column)
    for start, end in pairwise(around):
        first, last = column[start], column[end % len(column)]
        assert first is not None
        assert last is not None
        for i in range(start, end):
            result[i % len(column)] = _between(number, first, last, (i - start) / (end - start))
    return result


def golden_weather(longitude: float = GOLDEN_LONGITUDE) -> MeasuredWeather:
    """Read the measurements shipped with the package: Golden, Colorado, 1 to 4 January 2022.

    At another *longitude* everything comes as much later as the sun does there.
    """
    text = (files("edgepi.sim") / SHIPPED).read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    times = [_seconds(row) for row in rows]
    steps = {after - before for before, after in pairwise(times)}
    if len(steps) != 1:
        raise WorldError(f"{SHIPPED}: samples are not at equal steps")
    step_s = steps.pop()
    samples = [tuple(float(row[name]) if row[name] else None for name in COLUMNS) for row in rows]
    missing = -len(samples) % round(86400 / step_s)
    samples += [(None,) * len(COLUMNS)] * missing
    later_s = (GOLDEN_LONGITUDE - longitude) / 360.0 * 86400.0
    return MeasuredWeather(times[0] + later_s, step_s, samples)


def _seconds(row: Mapping[str, str]) -> float:
    return datetime.fromisoformat(row["time_utc"]).astimezone(UTC).timestamp()


class Rain:
    """Synthetic rain: each hour is dry or has one even rate, drawn from the seed and the hour alone."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._hour: tuple[int, float] | None = None

    def rate_mm_h(self, wall_s: float) -> float:
        """Return mm/h at seconds since 1970."""
        hour = int(wall_s // 3600)
        if self._hour is None or self._hour[0] != hour:
            draw = random.Random(f"{self._seed}:{hour}")  # noqa: S311 (weather, no secret)
            wet = draw.random() < WET_HOURS
            self._hour = hour, draw.expovariate(1.0 / MEAN_RAIN_MM_H) if wet else 0.0
        return self._hour[1]
