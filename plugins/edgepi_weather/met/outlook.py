"""What a barometer alone lets one expect of the next half day, in plain words."""

from __future__ import annotations

import math

__all__ = ["outlook"]

TREND_HPA = 1.6
TROPIC_DEG = 23.5
# As if the barometer stood higher or lower: 6 hPa for wind from the pole, 12 for wind from the equator.
WIND_HPA, WIND_SWING_HPA = -3.0, 9.0
SUMMER = range(4, 10)

# From the best to the worst that a trend can mean, and the line from pressure to the place in the list.
FALLING = (
    "settled and fine",
    "fine",
    "fine, then less settled",
    "mostly fine, showers later",
    "showers, more unsettled later",
    "unsettled, rain later",
    "rain at times, worse later",
    "rain at times, then very unsettled",
    "very unsettled, rain",
)
STEADY = (
    "settled and fine",
    "fine",
    "fine, a shower possible",
    "mostly fine, showers likely",
    "showers with bright spells",
    "changeable, some rain",
    "unsettled, rain at times",
    "frequent rain",
    "very unsettled, rain",
    "stormy, much rain",
)
RISING = (
    "settled and fine",
    "fine",
    "becoming fine",
    "mostly fine, getting better",
    "mostly fine, a shower possible at first",
    "showers at first, then better",
    "changeable, getting better",
    "rather unsettled, clearing later",
    "unsettled, probably better later",
    "unsettled, short fine spells",
    "very unsettled, finer at times",
    "stormy, perhaps better later",
    "stormy, much rain",
)
LINES = ((FALLING, 126.0, 0.12), (STEADY, 134.0, 0.13), (RISING, 165.0, 0.16))


def outlook(
    sea_level_hpa: float,
    change_hpa: float,
    *,
    month: int | None = None,
    latitude_deg: float | None = None,
    wind_direction_deg: float | None = None,
) -> str | None:
    """Say what pressure at sea level, and its change over three hours, let one expect for some 12 hours.

    Source: the Forecaster of Negretti and Zambra (London, 1915), known as Zambretti, by the lines that Kevin
    Scott fitted to its dial. A change of 1.6 hPa makes a trend; April to September count as summer (south of
    the equator the other half), in which a trend means one step more; of the wind, direction only. Made for
    the British Isles and of use in temperate latitudes; None between the tropics, where pressure says nothing
    of the kind. Without a latitude neither season nor wind are counted with.
    """
    if latitude_deg is not None and abs(latitude_deg) < TROPIC_DEG:
        return None
    trend = (change_hpa >= TREND_HPA) - (change_hpa <= -TREND_HPA)
    words, offset, slope = LINES[trend + 1]
    step = offset - slope * (sea_level_hpa + _wind_hpa(latitude_deg, wind_direction_deg))
    step -= trend * _is_summer(latitude_deg, month)
    return words[min(max(round(step), 0), len(words) - 1)]


def _wind_hpa(latitude_deg: float | None, direction_deg: float | None) -> float:
    if latitude_deg is None or direction_deg is None:
        return 0.0
    from_pole = math.cos(math.radians(direction_deg)) * math.copysign(1.0, latitude_deg)
    return WIND_HPA + WIND_SWING_HPA * from_pole


def _is_summer(latitude_deg: float | None, month: int | None) -> bool:
    if latitude_deg is None or month is None:
        return False
    return (month in SUMMER) == (latitude_deg > 0.0)
