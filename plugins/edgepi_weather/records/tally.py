"""What is kept of one quantity on one day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

__all__ = ["QUANTITIES", "Quantity", "Tallies", "Tally", "merged", "tallies_of"]

DayKey = tuple[str, str]
Tallies = Mapping[DayKey, "Tally"]


@dataclass(frozen=True, slots=True)
class Quantity:
    """One quantity of the records; *shows* are those of its figures that mean something."""

    name: str
    unit: str
    shows: tuple[str, ...]


QUANTITIES: Mapping[str, Quantity] = {
    "temperature": Quantity("Temperature", "°C", ("min", "max", "mean")),
    "humidity": Quantity("Humidity", "%", ("min", "max", "mean")),
    "pressure": Quantity("Air pressure", "hPa", ("min", "max", "mean")),
    "pressure_sea_level": Quantity("Air pressure at sea level", "hPa", ("min", "max", "mean")),
    "dew_point": Quantity("Dew point", "°C", ("min", "max", "mean")),
    "wind_chill": Quantity("Wind chill", "°C", ("min",)),
    "heat_index": Quantity("Heat index", "°C", ("max",)),
    "apparent_temperature": Quantity("Apparent temperature", "°C", ("min", "max")),
    "wind_speed": Quantity("Wind", "m/s", ("max", "mean")),
    "wind_gust": Quantity("Gust", "m/s", ("max",)),
    "rain_rate": Quantity("Rain rate", "mm/h", ("max",)),
    "rain": Quantity("Rain", "mm", ("sum",)),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """The extremes with their times, the sum and the number of readings; *gaps* are readings without a count.

    Times are in the station's zone. Without a reading (*count* zero) extremes and times are None.
    """

    low: float | None = None
    low_at: datetime | None = None
    high: float | None = None
    high_at: datetime | None = None
    total: float = 0.0
    count: int = 0
    gaps: int = 0

    @classmethod
    def of(cls, value: float | None, at: datetime) -> Tally:
        """Return the tally of one reading, or of one that is missing."""
        if value is None:
            return cls(gaps=1)
        return cls(low=value, low_at=at, high=value, high_at=at, total=value, count=1)

    def plus(self, later: Tally) -> Tally:
        """Return both together; of equal extremes the earlier stays."""
        both = replace(
            self,
            total=self.total + later.total,
            count=self.count + later.count,
            gaps=self.gaps + later.gaps,
        )
        if later.low is not None and (self.low is None or later.low < self.low):
            both = replace(both, low=later.low, low_at=later.low_at)
        if later.high is not None and (self.high is None or later.high > self.high):
            both = replace(both, high=later.high, high_at=later.high_at)
        return both


def tallies_of(values: Mapping[str, float | None], at: datetime) -> dict[DayKey, Tally]:
    """Return the tallies of one moment; *at* is in the station's zone, and says the day."""
    day = at.date().isoformat()
    return {(day, key): Tally.of(value, at) for key, value in values.items()}


def merged(parts: Iterable[Tallies]) -> dict[DayKey, Tally]:
    """Return tallies added up, earlier ones first."""
    whole: dict[DayKey, Tally] = {}
    for part in parts:
        for key, tally in part.items():
            whole[key] = whole[key].plus(tally) if key in whole else tally
    return whole
