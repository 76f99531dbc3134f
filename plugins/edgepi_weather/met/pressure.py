"""Air pressure, reduced to sea level."""

from __future__ import annotations

import math

from edgepi_weather.met.humidity import vapour_pressure_hpa

__all__ = ["altimeter_hpa", "sea_level_hpa"]

LOWEST_HPA, HIGHEST_HPA = 300.0, 1100.0
LOWEST_M, HIGHEST_M = -500.0, 5000.0
KELVIN = 273.15


def sea_level_hpa(
    pressure_hpa: float, elevation_m: float, temperature_c: float, humidity_percent: float | None = None
) -> float | None:
    """Return the pressure that a barometer at sea level would show below the station.

    Source: WMO-No. 8, chapter 3, reduction for low stations: hypsometric, from station temperature and vapour
    pressure, 6.5 degrees per kilometre below ground. Without humidity the air counts as dry, which adds at
    most 1.5 hPa at 750 m. Up to 750 m the WMO stands for it; higher there is no common method, and it is
    given all the same, to compare days with each other. None below -500 m, above 5000 m and outside
    300 to 1100 hPa.
    """
    if not _can_be(pressure_hpa, elevation_m):
        return None
    vapour_hpa = 0.0 if humidity_percent is None else vapour_pressure_hpa(temperature_c, humidity_percent)
    column_k = temperature_c + KELVIN + 0.0065 * elevation_m / 2.0 + 0.12 * vapour_hpa
    return float(pressure_hpa * math.pow(10.0, 0.0148275 * elevation_m / column_k))


def altimeter_hpa(pressure_hpa: float, elevation_m: float) -> float | None:
    """Return the altimeter setting (QNH): sea level by the standard atmosphere, whatever the temperature.

    Source: Smithsonian Meteorological Tables, as the United States' ASOS stations compute it (in inches and
    feet: A = (P^0.1903 + 1.313e-5 H)^5.255); CWOP and Weather Underground expect this one.
    None below -500 m, above 5000 m and outside 300 to 1100 hPa.
    """
    if not _can_be(pressure_hpa, elevation_m):
        return None
    inches, feet = pressure_hpa / 33.8638866667, elevation_m / 0.3048
    return float((inches**0.190263 + 1.313e-5 * feet) ** (1.0 / 0.190263) * 33.8638866667)


def _can_be(pressure_hpa: float, elevation_m: float) -> bool:
    return LOWEST_HPA <= pressure_hpa <= HIGHEST_HPA and LOWEST_M <= elevation_m <= HIGHEST_M
