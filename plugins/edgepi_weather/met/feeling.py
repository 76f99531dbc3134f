"""How warm it feels."""

from __future__ import annotations

import math

from edgepi_weather.met.humidity import vapour_pressure_hpa

__all__ = ["apparent_temperature_c", "heat_index_c", "wind_chill_c"]

WIND_CHILL_HOTTEST_C, LEAST_WIND_KM_H = 10.0, 5.0
HEAT_HOTTEST_C, HEAT_FROM_F, SIMPLE_FROM_F = 50.0, 80.0, 40.0


def wind_chill_c(temperature_c: float, wind_m_s: float) -> float | None:
    """Return the wind chill for wind as measured 10 m above ground.

    Source: the index of 2001 of Environment Canada and the National Weather Service. Below 5 km/h Environment
    Canada's second formula, which meets the first there and the air temperature in a calm. None above
    10 degrees: the services do not define it there.
    """
    if temperature_c > WIND_CHILL_HOTTEST_C or wind_m_s < 0.0:
        return None
    wind_km_h = 3.6 * wind_m_s
    if wind_km_h < LEAST_WIND_KM_H:
        return temperature_c + (0.1345 * temperature_c - 1.59) / 5.0 * wind_km_h
    root = math.pow(wind_km_h, 0.16)
    return 13.12 + 0.6215 * temperature_c - 11.37 * root + 0.3965 * temperature_c * root


def heat_index_c(temperature_c: float, humidity_percent: float) -> float | None:
    """Return the heat index, in the shade.

    Source: National Weather Service (Weather Prediction Center): Steadman's simple formula, averaged with the
    air temperature, below 80 F; Rothfusz's regression (SR 90-23, 1990) with both its adjustments from there,
    within 1.3 F of Steadman's table. The air temperature up to 40 F, as the service's own calculator does.
    None above 50 degrees, where the table ends, and outside 0 to 100 %.
    """
    if temperature_c > HEAT_HOTTEST_C or not 0.0 <= humidity_percent <= 100.0:
        return None
    warm_f = 1.8 * temperature_c + 32.0
    if warm_f <= SIMPLE_FROM_F:
        return temperature_c
    felt_f = 0.5 * (warm_f + 61.0 + 1.2 * (warm_f - 68.0) + 0.094 * humidity_percent)
    felt_f = 0.5 * (felt_f + warm_f)
    if felt_f >= HEAT_FROM_F:
        felt_f = _rothfusz_f(warm_f, humidity_percent) + _adjustment_f(warm_f, humidity_percent)
    return (felt_f - 32.0) / 1.8


def apparent_temperature_c(temperature_c: float, humidity_percent: float, wind_m_s: float) -> float | None:
    """Return the apparent temperature in the shade, for wind as measured 10 m above ground.

    Source: Steadman, Norms of apparent temperature in Australia (1994), as the Bureau of Meteorology uses it
    in any weather. None outside 0 to 100 % and for a negative wind.
    """
    if not 0.0 <= humidity_percent <= 100.0 or wind_m_s < 0.0:
        return None
    vapour_hpa = vapour_pressure_hpa(temperature_c, humidity_percent)
    return temperature_c + 0.33 * vapour_hpa - 0.70 * wind_m_s - 4.00


def _rothfusz_f(t: float, r: float) -> float:
    """Evaluate the regression in degrees Fahrenheit and percent."""
    first = -42.379 + 2.04901523 * t + 10.14333127 * r - 0.22475541 * t * r
    second = -6.83783e-3 * t * t - 5.481717e-2 * r * r
    return first + second + 1.22874e-3 * t * t * r + 8.5282e-4 * t * r * r - 1.99e-6 * t * t * r * r


def _adjustment_f(t: float, r: float) -> float:
    if r < 13.0 and 80.0 <= t <= 112.0:
        return -(13.0 - r) / 4.0 * math.sqrt((17.0 - abs(t - 95.0)) / 17.0)
    if r > 85.0 and 80.0 <= t <= 87.0:
        return (r - 85.0) / 10.0 * (87.0 - t) / 5.0
    return 0.0
