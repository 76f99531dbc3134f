"""A weather station whose last day is made up, and known: what it measured, when, and when nothing did."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from edgepi.model import DeviceClass, StateClass
from edgepi.plugin import Card, Request, Response, Route
from edgepi.recorder.samples import Sample

__all__ = ["STATION", "STATION_ENTITIES", "DemoStation", "station_card"]

D, S = DeviceClass, StateClass
STATION = "roof"

# key, name, unit, device class, precision, state class, value now
STATION_ENTITIES: tuple[tuple[str, str, str | None, DeviceClass | None, int, StateClass | None, Any], ...] = (
    ("temperature", "Temperature", "°C", D.TEMPERATURE, 1, S.MEASUREMENT, -2.5),
    ("humidity", "Humidity", "%", D.HUMIDITY, 0, S.MEASUREMENT, 81.0),
    ("dew_point", "Dew point", "°C", D.TEMPERATURE, 1, S.MEASUREMENT, -5.3),
    ("apparent_temperature", "Apparent temperature", "°C", D.TEMPERATURE, 1, S.MEASUREMENT, -6.8),
    ("outlook", "Outlook", None, None, 0, None, "unsettled, rain later"),
    ("pressure_sea_level", "Pressure", "hPa", D.ATMOSPHERIC_PRESSURE, 1, S.MEASUREMENT, 1004.2),
    ("pressure_tendency", "Change of air pressure in 3 h", "hPa", None, 1, S.MEASUREMENT, -2.4),
    ("wind_speed", "Wind", "m/s", D.WIND_SPEED, 1, S.MEASUREMENT, 4.0),
    ("wind_gust", "Gusts", "m/s", D.WIND_SPEED, 1, S.MEASUREMENT, 7.1),
    ("wind_direction", "Wind direction", "°", D.WIND_DIRECTION, 0, S.MEASUREMENT_ANGLE, 271.0),
    ("rain_rate", "Rain", "mm/h", D.PRECIPITATION_INTENSITY, 1, S.MEASUREMENT, 0.6),
    ("rain_hour", "Rain in the last hour", "mm", D.PRECIPITATION, 1, S.MEASUREMENT, 0.4),
    ("rain_today", "Rain today", "mm", D.PRECIPITATION, 1, S.MEASUREMENT, 2.4),
    ("rain_total", "Rain ever", "mm", D.PRECIPITATION, 1, S.TOTAL_INCREASING, 402.4),
)
# Hours ago, m/s and degrees until then; a calm has no direction, and for three hours nothing was measured.
WIND: tuple[tuple[float, float | None, float | None], ...] = (
    (12.0, 4.0, 270.0),
    (9.0, 9.0, 359.0),
    (6.0, None, None),
    (3.0, 0.0, None),
    (0.0, 4.0, 271.0),
)
STEP = timedelta(minutes=5)


def station_card(*without: str) -> Card:
    """The card, *without* some of its roles."""
    roles = {row[0]: f"{STATION}.{row[0]}" for row in STATION_ENTITIES if row[0] not in without}
    return Card(
        "Weather station",
        tuple(roles.values()),
        "station",
        roles | {"records": f"plugins/{STATION}/records"},
    )


class DemoStation:
    """History and records of the station."""

    def __init__(self) -> None:
        self.today = "2025-06-01"

    def history(self, key: str, end: datetime) -> Sequence[Sample]:
        """A value each five minutes; their means, as the recorder has them, are wrong for directions."""
        found = []
        for number in range(288, 0, -1):
            value = self._value(key, number * STEP / timedelta(hours=1))
            if value is not None:
                mean = 180.0 if key == "wind_direction" else value - 0.1 if key == "rain_total" else value
                found.append(Sample(end - number * STEP, value, mean=mean, min=value, max=value))
        return found

    def _value(self, key: str, hours_ago: float) -> float | None:
        _, speed, direction = next(row for row in WIND if hours_ago > row[0])
        if speed is None:
            return None
        return {
            "wind_speed": speed,
            "wind_direction": direction,
            "pressure_sea_level": 1004.2 + 0.7 * hours_ago,
            "rain_total": 400.0 + (2.4 if hours_ago < 15 else 0.0),
        }.get(key, 1.0)

    def routes(self) -> list[Route]:
        """The records."""
        return [Route("GET", "records", self._records, "Extremes of a month")]

    async def _records(self, request: Request) -> Response:
        del request
        values = {
            "temperature": {
                "min": -4.25,
                "min_at": f"{self.today}T06:12:00+02:00",
                "max": -1.0,
                "max_at": f"{self.today}T13:40:00+02:00",
            },
            "wind_gust": {"max": 15.2, "max_at": f"{self.today}T03:05:00+02:00"},
        }
        return Response(
            {
                "month": self.today[:7],
                "months": [self.today[:7]],
                "quantities": {
                    "temperature": {"name": "Temperature", "unit": "°C"},
                    "wind_gust": {"name": "Gust", "unit": "m/s"},
                },
                "days": [{"day": self.today, "values": values}],
            }
        )
