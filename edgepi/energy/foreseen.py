"""Forecasts that were told: kept until the morning that they are for."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

from edgepi.energy.foretell import foretold
from edgepi.energy.settings import Site
from edgepi.model import SunForecast

__all__ = ["Foreseen"]


class Foreseen:
    """The latest forecast of the sun, and of clearness by solar day; a day takes one in, once."""

    def __init__(self, leads: int) -> None:
        self._leads = leads
        self._clearness: dict[date, tuple[float | None, ...]] = {}
        self._forecast: SunForecast | None = None
        self._issued: tuple[date, tuple[float | None, ...]] | None = None
        self._source = ""
        self._tried: tuple[date, SunForecast] | None = None

    def tell(self, forecast: SunForecast) -> None:
        """Take in a forecast of the sun."""
        self._forecast = forecast

    def tell_clearness(self, day: date, clearness: Sequence[float | None]) -> None:
        """Take in clearness of *day* and those after."""
        self._clearness = {**self._clearness, day: tuple(clearness)}

    @property
    def source(self) -> str:
        """Who foretold what is in use, and when; empty without a forecast."""
        return self._source

    @property
    def told(self) -> bool:
        """Whether today goes by a forecast."""
        return self._issued is not None and any(said is not None for said in self._issued[1])

    def news(self, day: date) -> bool:
        """Whether a day that began without a forecast has one now."""
        if self._issued is not None and self._issued[0] == day and self.told:
            return False
        if self._forecast is None:
            return False
        return self._tried is None or self._tried[0] != day or self._tried[1] is not self._forecast

    def of(self, day: date, site: Site, *, begins: bool) -> tuple[float | None, ...] | None:
        """Clearness of *day* and those after for the engine; None if nothing is to be changed."""
        issued = self._issued
        if issued is not None and issued[0] == day and self.told:
            return issued[1] if begins else None
        found, source = self._found(day, site)
        self._clearness = {of: said for of, said in self._clearness.items() if of > day}
        if not begins and not any(said is not None for said in found):
            return None
        self._issued = (day, found)
        self._source = source if self.told else ""
        return found

    def _found(self, day: date, site: Site) -> tuple[tuple[float | None, ...], str]:
        """What is foretold, and by whom."""
        if day in self._clearness:
            return self._clearness[day], "clearness"
        forecast = self._forecast
        if forecast is None:
            return (), ""
        self._tried = day, forecast
        source = f"{forecast.source or 'forecast'}, {forecast.issued_utc:%Y-%m-%d %H:%M} UTC"
        return foretold(forecast, site, day, self._leads), source

    def memory(self) -> dict[str, Any]:
        """What must outlive a restart: what today goes by, and the latest forecast."""
        kept: dict[str, Any] = {"source": self._source}
        if self._issued is not None:
            day, said = self._issued
            kept["issued"] = [day.isoformat(), [None if k is None else round(k, 4) for k in said]]
        forecast = self._forecast
        if forecast is not None:
            kept["forecast"] = {
                "issued_utc": forecast.issued_utc.isoformat(),
                "start_utc": forecast.start_utc.isoformat(),
                "step_h": forecast.step_h,
                "tilted": forecast.tilted,
                "source": forecast.source,
                "w_m2": [round(w) if math.isfinite(w) else None for w in forecast.irradiance_w_m2[:400]],
            }
        return kept

    def recall(self, memory: Any) -> None:
        """Take over an earlier `memory`; what does not fit is left out."""
        try:
            source = memory["source"]
            self._source = source if isinstance(source, str) else ""
            if "issued" in memory:
                day, said = memory["issued"]
                self._issued = date.fromisoformat(day), tuple(_number(k) for k in said[: self._leads])
            if "forecast" in memory:
                self._forecast = _forecast(memory["forecast"])
        except (KeyError, TypeError, ValueError, OverflowError, AttributeError):
            return


def _forecast(memory: Any) -> SunForecast:
    powers = tuple(math.nan if (w := _number(x)) is None else w for x in memory["w_m2"])
    step_h = _number(memory["step_h"])
    if step_h is None or not 0.0 < step_h <= 24.0:
        raise ValueError(step_h)
    return SunForecast(
        issued_utc=_time(memory["issued_utc"]),
        start_utc=_time(memory["start_utc"]),
        irradiance_w_m2=powers,
        step_h=step_h,
        tilted=memory["tilted"] is True,
        source=str(memory["source"]),
    )


def _time(text: str) -> datetime:
    when = datetime.fromisoformat(text)
    if when.tzinfo is None:
        raise ValueError(text)
    return when.astimezone(UTC)


def _number(value: Any) -> float | None:
    if value is None:
        return None
    if isinstance(value, str) or not math.isfinite(number := float(value)):
        raise ValueError(value)
    return number
