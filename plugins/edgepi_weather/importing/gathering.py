"""From the rows of an archive to history and days of records; pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from edgepi.plugin import DatedValue
from edgepi_weather.importing.rain import RainSums
from edgepi_weather.importing.weewx import Row
from edgepi_weather.met import Observation, derive
from edgepi_weather.records.tally import QUANTITIES, DayKey, Tally

__all__ = ["Gathered", "Place", "gather"]

HOUR_S = 3600
DERIVED = (
    "dew_point",
    "pressure_sea_level",
    "wind_chill",
    "heat_index",
    "apparent_temperature",
)
MEASURED = ("temperature", "humidity", "pressure", "wind_speed")


@dataclass(frozen=True, slots=True)
class Place:
    """Where the station stands."""

    zone: ZoneInfo
    elevation_m: float | None

    def midnight(self, day: date) -> int:
        """Return when a day begins, in seconds since 1970."""
        return round(datetime.combine(day, time(), self.zone).timestamp())


@dataclass(slots=True)
class Gathered:
    """History by key, the days of the records, the number of rows, and of values not believed, by key."""

    history: dict[str, list[DatedValue]] = field(default_factory=lambda: defaultdict(list))
    tallies: dict[DayKey, Tally] = field(default_factory=dict)
    rows: int = 0
    doubted: Counter[str] = field(default_factory=Counter)


def gather(rows: Iterable[Row], begin: date, end: date, place: Place) -> Gathered:
    """Gather the days from *begin* to before *end*; history reaches to whole hours.

    Rows of the day before are needed for what adds up, and not gathered themselves.
    """
    gathered = Gathered()
    begin_s, end_s = place.midnight(begin), place.midnight(end)
    line = _Line(gathered, begin_s // HOUR_S * HOUR_S, -(-end_s // HOUR_S) * HOUR_S)
    days, sums, ended_s = _Days(), RainSums(), None
    for row in rows:
        at = datetime.fromtimestamp(row.begin_s, place.zone)
        inside = begin_s <= row.begin_s < end_s
        gap = ended_s is not None and row.begin_s - ended_s > (row.end_s - row.begin_s) / 2
        values = _completed(row.values, place.elevation_m)
        if inside:
            gathered.rows += 1
            gathered.doubted.update(row.doubted)
            days.add(at, values, gap=gap)
        if "rain" in values:
            day = at.date()
            sums.add(row.begin_s, row.end_s, day, place.midnight(day), values["rain"])
            values |= {"rain_hour": sums.hour_mm, "rain_today": sums.today_mm}
        if gap and ended_s is not None:
            line.break_at(ended_s)
        line.add(row.begin_s, values)
        ended_s = row.end_s
    gathered.tallies = days.tallies()
    return gathered


def _completed(known: Mapping[str, float | None], elevation_m: float | None) -> dict[str, float | None]:
    """Add what follows and the archive does not say."""
    values = dict(known)
    if any(values.get(key) is None for key in DERIVED):
        derived = derive(Observation(**{key: values.get(key) for key in MEASURED}), elevation_m)
        for key in DERIVED:
            if values.get(key) is None and (found := getattr(derived, key)) is not None:
                values[key] = found
    return values


class _Line:
    """Writes history within whole hours; of gaps only their beginning."""

    def __init__(self, gathered: Gathered, begin_s: int, end_s: int) -> None:
        self._history = gathered.history
        self._begin_s, self._end_s = begin_s, end_s
        self._latest_s = begin_s

    def add(self, at_s: int, values: Mapping[str, float | None]) -> None:
        if not self._begin_s <= at_s < self._end_s:
            return
        at_s = self._latest_s = max(at_s, self._latest_s)
        moment = datetime.fromtimestamp(at_s, UTC)
        for key, value in values.items():
            if key == "rain":
                continue
            line = self._history.get(key)
            if value is not None:
                self._history[key].append(DatedValue(moment, round(value, 3)))
            elif line and line[-1].value is not None:
                line.append(DatedValue(moment, None))

    def break_at(self, at_s: int) -> None:
        self.add(at_s, dict.fromkeys(self._history))


class _Days:
    """Least, most and sums of each day and quantity."""

    def __init__(self) -> None:
        self._values: dict[DayKey, list[tuple[float, datetime]]] = defaultdict(list)
        self._gaps: Counter[DayKey] = Counter()

    def add(self, at: datetime, values: Mapping[str, float | None], *, gap: bool) -> None:
        day = at.date().isoformat()
        for key, value in values.items():
            if key in QUANTITIES and value is not None:
                self._values[day, key].append((value, at))
        if "rain" in values:
            self._gaps[day, "rain"] += (values["rain"] is None) + gap

    def tallies(self) -> dict[DayKey, Tally]:
        keys = dict.fromkeys((*self._values, *(key for key, count in self._gaps.items() if count)))
        return {key: self._tally(key) for key in keys}

    def _tally(self, key: DayKey) -> Tally:
        values = self._values.get(key, [])
        if not values:
            return Tally(gaps=self._gaps[key])
        low, high = min(values, key=_value), max(values, key=_value)
        return Tally(
            low=low[0],
            low_at=low[1],
            high=high[0],
            high_at=high[1],
            total=sum(value for value, _ in values),
            count=len(values),
            gaps=self._gaps[key],
        )


def _value(pair: tuple[float, datetime]) -> float:
    return pair[0]
