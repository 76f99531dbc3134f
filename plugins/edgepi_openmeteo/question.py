"""What Open-Meteo is asked. Parameters: https://open-meteo.com/en/docs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from edgepi.model import NodeInfo

__all__ = ["OpenMeteoConfig", "Question", "question"]

FREE_URL = "https://api.open-meteo.com/v1/forecast"
CUSTOMER_URL = "https://customer-api.open-meteo.com/v1/forecast"
# A hundredth of a degree is a kilometre: finer than any weather model, and no street address.
PLACES = 2
FORECAST_DAYS = 7
PAST_DAYS = 1  # where the local day began before midnight UTC, its morning belongs to it


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenMeteoConfig:
    """Section ``openmeteo``; *interval* in seconds, *url* None means the one that fits the key."""

    interval: float = 3 * 3600.0
    api_key: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One request; *params* hold no secret, *variable* is what is asked for."""

    url: str
    params: Mapping[str, str]
    variable: str
    tilted: bool

    @property
    def key(self) -> str:
        """Tells the answer to this question from that to another."""
        return "&".join(f"{name}={value}" for name, value in sorted(self.params.items()))


def question(config: OpenMeteoConfig, node: NodeInfo) -> Question:
    """Ask for the plane of the panel where it is known, else for level ground."""
    tilted = node.panel_tilt_deg is not None
    variable = "global_tilted_irradiance" if tilted else "shortwave_radiation"
    params = {
        "latitude": f"{node.latitude:.{PLACES}f}",
        "longitude": f"{node.longitude:.{PLACES}f}",
        "hourly": variable,
        "forecast_days": str(FORECAST_DAYS),
        "past_days": str(PAST_DAYS),
        "timezone": "GMT",
        "timeformat": "unixtime",
    }
    if node.panel_tilt_deg is not None:
        params |= {"tilt": f"{node.panel_tilt_deg:.0f}", "azimuth": f"{_azimuth(node):.0f}"}
    url = config.url or (CUSTOMER_URL if config.api_key else FREE_URL)
    return Question(url=url, params=params, variable=variable, tilted=tilted)


def _azimuth(node: NodeInfo) -> float:
    """Count from south, west positive, as Open-Meteo does; towards the equator unless stated."""
    if node.panel_azimuth_deg is None:
        return 0.0 if node.latitude >= 0 else 180.0
    return node.panel_azimuth_deg - 180.0
