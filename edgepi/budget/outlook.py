"""A forecast of the sun: whether it can be meant, and how it is kept in a file."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from edgepi.errors import ContractError
from edgepi.model import SunForecast

__all__ = ["check_forecast", "ends_utc", "forecast_from_dict", "forecast_to_dict"]

_MOST_STEPS = 2000
_MOST_W_M2 = 2000.0


def ends_utc(forecast: SunForecast) -> datetime:
    """End of the span that a forecast speaks of."""
    return forecast.start_utc + timedelta(hours=forecast.step_h * len(forecast.irradiance_w_m2))


def check_forecast(forecast: object, now_utc: datetime) -> SunForecast:
    """Return a forecast that can be meant.

    Raises:
        ContractError: it is none, says nothing of the future, or holds impossible numbers.
    """
    if not isinstance(forecast, SunForecast):
        raise ContractError(f"fetch() gave {type(forecast).__name__}, not a SunForecast")
    if forecast.issued_utc.tzinfo is None or forecast.start_utc.tzinfo is None:
        raise ContractError("the times of a forecast must be aware")
    steps = forecast.irradiance_w_m2
    if not 0.0 < forecast.step_h <= 24.0 or not 0 < len(steps) <= _MOST_STEPS:
        raise ContractError(f"{len(steps)} steps of {forecast.step_h} h cannot be meant")
    wrong = [value for value in steps if not math.isnan(value) and not 0.0 <= value <= _MOST_W_M2]
    if wrong:
        raise ContractError(f"{wrong[0]!r} W/m2 cannot be meant")
    if all(math.isnan(value) for value in steps) or ends_utc(forecast) <= now_utc:
        raise ContractError("the forecast says nothing of the time to come")
    return forecast


def forecast_to_dict(forecast: SunForecast) -> dict[str, Any]:
    """Turn a forecast into JSON-able values."""
    steps = [None if math.isnan(value) else round(value, 1) for value in forecast.irradiance_w_m2]
    return {
        "issued_utc": forecast.issued_utc.isoformat(),
        "start_utc": forecast.start_utc.isoformat(),
        "irradiance_w_m2": steps,
        "step_h": forecast.step_h,
        "tilted": forecast.tilted,
        "source": forecast.source,
    }


def forecast_from_dict(data: Mapping[str, Any]) -> SunForecast:
    """Read what `forecast_to_dict` wrote.

    Raises:
        KeyError, TypeError, ValueError: it is none.
    """
    steps = data["irradiance_w_m2"]
    forecast = SunForecast(
        issued_utc=datetime.fromisoformat(data["issued_utc"]),
        start_utc=datetime.fromisoformat(data["start_utc"]),
        irradiance_w_m2=tuple(math.nan if value is None else float(value) for value in steps),
        step_h=float(data["step_h"]),
        tilted=data["tilted"] is True,
        source=str(data["source"]),
    )
    try:
        return check_forecast(forecast, datetime.min.replace(tzinfo=forecast.start_utc.tzinfo))
    except ContractError as error:
        raise ValueError(error.message) from error
