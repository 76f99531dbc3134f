"""The simulated node: what it truly draws, its battery and its board's cut-off."""

from __future__ import annotations

from dataclasses import dataclass

from edgepi.energy.settings import Store

__all__ = ["Job", "Load", "Plant"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """A duty's one level beside off: watts at the battery, points per hour."""

    name: str = "iot"
    power_w: float = 3.2 / 0.9
    points_per_h: float = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """The work on offer without end: watts at the battery, points per hour, hours each."""

    power_w: float = 3.4 / 0.9
    points_per_h: float = 1.0
    hours: float = 1.0
    pausable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Plant:
    """A solar edge node: base power whether on or off, battery, the board's cut-off and restart."""

    loads: tuple[Load, ...] = (Load(),)
    job: Job | None = Job()
    base_w: float = 0.12
    standby_w: float = 0.12
    boot_wh: float = 0.06
    battery_wh: float = 154.0
    chemistry: str = "lifepo4"
    charge_efficiency: float = 0.95
    discharge_efficiency: float = 0.95
    loss_per_month: float = 0.03
    cut: float = 0.05
    restart: float = 0.20
    top: float = 0.98
    start: float = 0.50

    @property
    def store(self) -> Store:
        """Its battery with the board's cut-off as floor."""
        return Store(
            capacity_wh=self.battery_wh,
            floor=self.cut,
            top=self.top,
            charge_efficiency=self.charge_efficiency,
            discharge_efficiency=self.discharge_efficiency,
            loss_per_month=self.loss_per_month,
        )
