"""What the energy engine is tuned by: one set of defaults for every site."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["SLOTS", "SLOT_H", "EngineSettings", "Site", "Store"]

SLOTS = 48
SLOT_H = 24.0 / SLOTS


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSettings:
    """Defaults found on two traces and held on others; shares of 1 unless the name says else.

    *class_prior* are shares of days by clearness, dullest first, from 124 stations of a continent;
    *correlation* ties one day's clearness to the next. Clearness is a day's harvest over the envelope's.
    """

    class_prior: tuple[float, ...] = (0.024, 0.046, 0.049, 0.059, 0.066, 0.08, 0.101, 0.143, 0.433)
    correlation: float = 0.36
    prior_days: float = 9.0
    half_life_days: float = 20.0
    centre_days: int = 60
    clearness_max: float = 1.15
    envelope_days: int = 30
    envelope_quantile: float = 0.80
    panel_yield: float = 0.78
    levels: int = 52
    discount_per_day: float = 0.98
    first_sweeps: int = 15
    switch_points: float = 0.01
    off_margin: float = 0.005
    on_margin: float = 0.01
    floor_factor: float = 1.1
    pessimism: float = 0.25
    nowcast_sd: float = 0.08
    nowcast_sd_dawn: float = 0.20
    nowcast_weight: float = 0.75
    recency: float = 0.85
    forecast_sd_floor: float = 0.08
    forecast_sd: tuple[float, ...] = (0.12, 0.15, 0.20, 0.25, 0.30, 0.35)
    forecast_pairs: int = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where a panel stands and looks (degrees; azimuth 180 is south); None lets latitude decide."""

    latitude: float
    longitude: float
    panel_w: float
    tilt_deg: float | None = None
    azimuth_deg: float | None = None

    @property
    def tilt(self) -> float:
        """Tilt in degrees."""
        return 0.8 * abs(self.latitude) if self.tilt_deg is None else self.tilt_deg

    @property
    def azimuth(self) -> float:
        """Azimuth in degrees, towards the equator unless given."""
        if self.azimuth_deg is not None:
            return self.azimuth_deg
        return 180.0 if self.latitude >= 0 else 0.0

    @property
    def midnight_slot(self) -> int:
        """Slot of the UTC day in which the local solar day begins."""
        return round(-self.longitude / 7.5) % SLOTS


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """The battery as arithmetic: Wh, shares of capacity, efficiencies each way.

    Nothing runs by choice below *floor*, which stands above the board's own cut-off.
    """

    capacity_wh: float = 154.0
    floor: float = 0.05
    top: float = 0.98
    charge_efficiency: float = 0.95
    discharge_efficiency: float = 0.95
    loss_per_month: float = 0.03

    @property
    def top_wh(self) -> float:
        """Energy when full."""
        return self.top * self.capacity_wh

    @property
    def floor_wh(self) -> float:
        """Energy at the floor."""
        return self.floor * self.capacity_wh

    @property
    def loss_per_h(self) -> float:
        """Share of the energy lost in an hour without any load."""
        return self.loss_per_month / (30.0 * 24.0)

    def net_wh(self, harvest_w: float, load_w: float, hours: float) -> float:
        """Change of the stored energy, before it is clipped to the battery."""
        net = (harvest_w - load_w) * hours
        return net * self.charge_efficiency if net > 0 else net / self.discharge_efficiency

    def after(self, energy_wh: float, harvest_w: float, load_w: float, hours: float) -> float:
        """Stored energy after *hours* of steady flows, within 0 and the top."""
        left = energy_wh * (1.0 - self.loss_per_h * hours) + self.net_wh(harvest_w, load_w, hours)
        return 0.0 if left <= 0.0 else min(left, self.top_wh)
