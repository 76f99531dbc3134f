"""From Open-Meteo's answer to a forecast; believes nothing that it has not looked at."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, NoReturn

from edgepi.errors import ForecastError
from edgepi.model import SunForecast
from edgepi_openmeteo.question import Question

__all__ = ["SOURCE", "read_answer", "reason"]

SOURCE = "Open-Meteo.com (CC BY 4.0)"
HOUR_S = 3600
MAX_HOURS = 17 * 24
MAX_W_M2 = 1600.0  # outside the air the sun gives 1361 W/m2; snow and clouds add little to an hour's mean
UNITS = ("W/m²", "W/m2")


def read_answer(body: bytes, asked: Question, now: datetime) -> SunForecast:
    """Check the body of an answer and make a forecast of it.

    Raises:
        ForecastError: it is no such answer, says nothing, or speaks of another time.
    """
    data = _parsed(body)
    if data.get("error"):
        raise ForecastError(f"Open-Meteo refuses: {reason(body)}", hint="look at the plugin's configuration")
    units, hourly = _table(data, "hourly_units"), _table(data, "hourly")
    if units.get("time") != "unixtime" or data.get("utc_offset_seconds") != 0:
        _nonsense("its times are not in seconds UTC")
    if units.get(asked.variable) not in UNITS:
        _nonsense(f"{asked.variable} is not in W/m²")
    times = _times(hourly.get("time"))
    values = _values(hourly.get(asked.variable), len(times))
    now_s = now.timestamp()
    if not times[0] - HOUR_S <= now_s < times[-1]:
        _nonsense(f"it speaks of another time than {now:%Y-%m-%d %H:%M} UTC: is the clock right?")
    return SunForecast(
        issued_utc=now,
        # Each value is the mean of the hour that ends at its time.
        start_utc=datetime.fromtimestamp(times[0] - HOUR_S, UTC),
        irradiance_w_m2=values,
        step_h=1.0,
        tilted=asked.tilted,
        source=SOURCE,
    )


def reason(body: bytes) -> str:
    """What an answer with an error says of it, in a few plain words; empty if nothing."""
    try:
        said = _parsed(body).get("reason")
    except ForecastError:
        return ""
    words = "".join(c if c.isprintable() else " " for c in said) if isinstance(said, str) else ""
    return " ".join(words.split())[:160]


def _nonsense(why: str) -> NoReturn:
    raise ForecastError(f"Open-Meteo's answer cannot be used: {why}")


def _no_number(_: str) -> NoReturn:
    raise ValueError("NaN and Infinity are no JSON")


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        data = json.loads(body, parse_constant=_no_number)
    except (ValueError, RecursionError):
        _nonsense("it is no JSON")
    if not isinstance(data, dict):
        _nonsense("it is no JSON object")
    return data


def _table(data: dict[str, Any], key: str) -> dict[str, Any]:
    table = data.get(key)
    if not isinstance(table, dict):
        _nonsense(f"`{key}` is missing")
    return table


def _times(found: object) -> list[int]:
    if not isinstance(found, list) or not 24 <= len(found) <= MAX_HOURS:
        _nonsense("it has no hours, or too many")
    if not all(type(time) is int for time in found):
        _nonsense("a time is no whole number")
    if any(late - early != HOUR_S for early, late in pairwise(found)):
        _nonsense("its times are not an hour apart")
    return found


def _values(found: object, count: int) -> tuple[float, ...]:
    if not isinstance(found, list) or len(found) != count:
        _nonsense("it has not one value for each hour")
    values = tuple(_value(each) for each in found)
    if all(math.isnan(value) for value in values):
        _nonsense("it has no values")
    return values


def _value(found: object) -> float:
    if found is None:
        return math.nan
    if isinstance(found, bool) or not isinstance(found, int | float) or not found <= MAX_W_M2:
        _nonsense(f"{str(found)[:20]!r} is no irradiance")
    # Planes that look away from a low sun are now and then said to get less than nothing.
    return float(max(0.0, found))
