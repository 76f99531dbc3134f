"""Water in the air."""

from __future__ import annotations

import math

__all__ = ["dew_point_c", "saturation_hpa", "vapour_pressure_hpa"]

A, B_C = 17.27, 237.7
COLDEST_C, HOTTEST_C, DRIEST_PERCENT = -45.0, 60.0, 1.0


def saturation_hpa(temperature_c: float) -> float:
    """Return the vapour pressure over water at saturation.

    Source: Magnus' formula with Tetens' and Barenbrug's constants (6.105, 17.27, 237.7), as the Bureau of
    Meteorology uses it. Within 0.3 % of WMO-No. 8 from 0 to 40 degrees. Over water also in frost, as
    weather services report humidity.
    """
    return 6.105 * math.exp(A * temperature_c / (B_C + temperature_c))


def vapour_pressure_hpa(temperature_c: float, humidity_percent: float) -> float:
    """Return the pressure of the water vapour in the air."""
    return humidity_percent / 100.0 * saturation_hpa(temperature_c)


def dew_point_c(temperature_c: float, humidity_percent: float) -> float | None:
    """Return the temperature at which dew falls.

    Source: Magnus' formula with 17.27 and 237.7, inverted (Barenbrug, Psychrometry and Psychrometric Charts,
    1974: within 0.4 degrees from 0 to 60). Below zero it is the dew point over water, not the frost point.
    None below -45 and above 60 degrees, below 1 % and above 100 %: nobody states its error there.
    """
    if not COLDEST_C <= temperature_c <= HOTTEST_C or not DRIEST_PERCENT <= humidity_percent <= 100.0:
        return None
    gamma = math.log(humidity_percent / 100.0) + A * temperature_c / (B_C + temperature_c)
    return min(B_C * gamma / (A - gamma), temperature_c)
