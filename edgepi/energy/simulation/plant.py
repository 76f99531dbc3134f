"""The simulated node: what it truly draws, its battery and its board's cut-off."""

from __future__ import annotations

from dataclasses import dataclass

from edgepi.energy.battery import CHEMISTRIES
from edgepi.energy.settings import Store
from edgepi.model import Level

__all__ = ["Job", "Load", "Plant"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """A duty at its highest level: watts at the battery, points per hour; *lower* levels lie between.

    A *pick* names a load at a level: ``iot`` at its highest, ``iot:saver`` at a lower one.
    """

    name: str = "iot"
    power_w: float = 3.2 / 0.9
    points_per_h: float = 5.0
    lower: tuple[Level, ...] = ()
    top: str = "full"

    @property
    def levels(self) -> tuple[Level, ...]:
        """All levels, *off* first."""
        return (Level("off", 0.0, 0.0), *self.lower, Level(self.top, self.power_w, self.points_per_h))

    def pick(self, level: str) -> str:
        """The pick of a level."""
        return self.name if level == self.top else f"{self.name}:{level}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """The work on offer without end: watts at the battery, points per hour, hours each."""

    power_w: float = 3.4 / 0.9
    points_per_h: float = 1.0
    hours: float = 1.0
    pausable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Plant:
    """A solar edge node: base power whether on or off, battery, the board's cut-off and restart.

    *cold*: the battery has the temperature of the air, and takes no charge when it is too cold.
    """

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
    cold: bool = False

    @property
    def picks(self) -> dict[str, Level]:
        """What every pick draws and earns."""
        return {load.pick(level.name): level for load in self.loads for level in load.levels[1:]}

    def charge_limit_w(self, temperature_c: float) -> float | None:
        """What the battery takes at a temperature, None as much as there is; *cold* says if it matters."""
        facts = CHEMISTRIES[self.chemistry]
        if not self.cold or temperature_c >= facts.charge_above_c:
            return None
        return 0.0 if temperature_c < facts.never_charge_c else facts.cold_charge_per_h * self.battery_wh

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
