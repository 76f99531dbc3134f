"""What a station has measured at one moment, and what follows from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from edgepi_weather.met.feeling import apparent_temperature_c, heat_index_c, wind_chill_c
from edgepi_weather.met.humidity import dew_point_c
from edgepi_weather.met.pressure import altimeter_hpa, sea_level_hpa

__all__ = ["Derived", "Observation", "derive"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One moment of a station; None is what is not measured, or not to be believed.

    Names are those of the entities: degrees Celsius, percent, hPa at the station, m/s, degrees from north,
    mm/h and mm. *rain* fell since the observation before; None if nobody counted for a part of that time.
    """

    temperature: float | None = None
    humidity: float | None = None
    pressure: float | None = None
    wind_speed: float | None = None
    wind_gust: float | None = None
    wind_direction: float | None = None
    rain_rate: float | None = None
    rain: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Derived:
    """What follows from an observation; None where something it needs is missing or beyond a formula."""

    dew_point: float | None = None
    pressure_sea_level: float | None = None
    altimeter: float | None = None
    wind_chill: float | None = None
    heat_index: float | None = None
    apparent_temperature: float | None = None


def derive(observation: Observation, elevation_m: float | None) -> Derived:
    """Compute all that can be; without an elevation nothing at sea level."""
    seen = observation
    return Derived(
        dew_point=_of(dew_point_c, seen.temperature, seen.humidity),
        pressure_sea_level=_sea_level(seen, elevation_m),
        altimeter=_of(altimeter_hpa, seen.pressure, elevation_m),
        wind_chill=_of(wind_chill_c, seen.temperature, seen.wind_speed),
        heat_index=_of(heat_index_c, seen.temperature, seen.humidity),
        apparent_temperature=_of(apparent_temperature_c, seen.temperature, seen.humidity, seen.wind_speed),
    )


def _of(formula: Callable[..., float | None], *values: float | None) -> float | None:
    return None if None in values else formula(*values)


def _sea_level(seen: Observation, elevation_m: float | None) -> float | None:
    if seen.pressure is None or elevation_m is None or seen.temperature is None:
        return None
    return sea_level_hpa(seen.pressure, elevation_m, seen.temperature, seen.humidity)
