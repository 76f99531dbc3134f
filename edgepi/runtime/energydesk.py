"""The budget as whoever runs plugins sees it."""

from __future__ import annotations

from typing import Protocol

from edgepi.plugin import Budget, Duty, PowerController, SunForecaster, SupplyMeter

__all__ = ["EnergyDesk"]


class EnergyDesk(Budget, Protocol):
    """The budget as the host sees it: it starts, levels, reads and stops what it is given."""

    def add_duty(self, duty: Duty, *, consumer: str, importance: float | None = None) -> None:
        """Take over a duty; *importance* (points per hour at full) overrides its own."""

    def add_meter(self, meter: SupplyMeter, *, name: str) -> None:
        """Take over a meter."""

    def add_controller(self, controller: PowerController, *, name: str) -> None:
        """Take over a board."""

    def add_forecaster(self, forecaster: SunForecaster, *, name: str) -> None:
        """Take over what foretells the sun."""
