"""What is sent of one moment, in the station's own units."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from datetime import datetime

__all__ = ["Report"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One moment of a station: degrees Celsius, percent, hPa, m/s, degrees, mm; None is what is not known.

    *altimeter* is the altimeter setting (QNH); *rain_hour* fell in the last hour, *rain_today* since local
    midnight.
    """

    at_utc: datetime
    temperature: float | None = None
    humidity: float | None = None
    dew_point: float | None = None
    altimeter: float | None = None
    wind_speed: float | None = None
    wind_gust: float | None = None
    wind_direction: float | None = None
    rain_hour: float | None = None
    rain_today: float | None = None

    @property
    def empty(self) -> bool:
        """Whether nothing is known."""
        return all(getattr(self, name) is None for name in _VALUES)

    def to_json(self) -> str:
        """Return the values, without the time."""
        known = {key: value for key, value in asdict(self).items() if key in _VALUES and value is not None}
        return json.dumps(known, separators=(",", ":"))

    @classmethod
    def from_json(cls, at_utc: datetime, text: str) -> Report:
        """Return what `to_json` was asked for; what another version knew is left out."""
        values = json.loads(text)
        return cls(at_utc=at_utc, **{key: float(values[key]) for key in _VALUES if key in values})


_VALUES = tuple(field.name for field in fields(Report) if field.name != "at_utc")
