"""Switches that close with wind and rain, fed as counts because the world may run faster than contacts."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from edgepi.sim.weather import Weather

__all__ = ["PulseInputs", "anemometer_hz", "rain_gauge_hz"]

WIND_PER_HZ_M_S = 2.4 / 3.6  # a cup anemometer that closes once a second at 2.4 km/h
MM_PER_TIP = 0.2794

Source = Callable[[Weather, float], float]


def anemometer_hz(weather: Weather, rain_mm_h: float) -> float:
    """Return closures per second of a cup anemometer."""
    del rain_mm_h
    return max(0.0, weather.wind_speed_m_s) / WIND_PER_HZ_M_S


def rain_gauge_hz(weather: Weather, rain_mm_h: float) -> float:
    """Return tips per second of a tipping bucket."""
    del weather
    return rain_mm_h / MM_PER_TIP / 3600.0


class PulseInputs:
    """Whole closures per pin; fractions are kept until they are whole."""

    def __init__(self, sources: Mapping[int, Source], totals: Mapping[int, float] | None = None) -> None:
        self._sources = dict(sources)
        self._totals = {pin: float((totals or {}).get(pin, 0.0)) for pin in sources}

    def step(self, weather: Weather, rain_mm_h: float, dt_s: float) -> None:
        """Let the switches close for so long."""
        for pin, source in self._sources.items():
            self._totals[pin] += source(weather, rain_mm_h) * dt_s

    @property
    def totals(self) -> dict[int, int]:
        """Closures per pin since the world began."""
        return {pin: int(total) for pin, total in self._totals.items()}

    def to_dict(self) -> dict[str, float]:
        """Everything, for a file."""
        return {str(pin): total for pin, total in self._totals.items()}
