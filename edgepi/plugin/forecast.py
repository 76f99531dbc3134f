"""The base class of what foretells the sun."""

from __future__ import annotations

from abc import ABC, abstractmethod

from edgepi.model import SunForecast

__all__ = ["SunForecaster"]


class SunForecaster(ABC):
    """Foretells the sun; asked every *interval_s*, and again sooner after a failure.

    *interval_s* may change: it counts from the latest answer and is read after each.
    """

    name: str = "forecast"
    interval_s: float = 3 * 3600.0
    timeout_s: float = 60.0

    async def start(self) -> None:  # noqa: B027 (optional to override)
        """Get ready."""

    @abstractmethod
    async def fetch(self) -> SunForecast:
        """Get the latest forecast; raise `EdgePiError` if there is none."""

    async def stop(self) -> None:  # noqa: B027 (optional to override)
        """Let go of what was opened; must not fail if `start` did."""
