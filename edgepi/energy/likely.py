"""What can be said of the battery's current where nothing measures it."""

from __future__ import annotations

from datetime import date, datetime

from edgepi.energy.battery import Battery, Panel
from edgepi.energy.clearsky import clear_sky_day
from edgepi.energy.daylog import slot_time
from edgepi.energy.flows import Flows
from edgepi.energy.settings import EngineSettings, Site
from edgepi.energy.soc import Current
from edgepi.model import NodeInfo

__all__ = ["ClearSky", "likely_current"]

# Powers that are stated are a fifth off, measured ones a twentieth.
_STATED, _MEASURED = 0.2, 0.05
_CLEARNESS, _CLEARNESS_SD = 0.45, 0.35
_PANEL_YIELD = EngineSettings().panel_yield


def likely_current(
    battery: Battery, flows: Flows, load_w: float, clear_w: float, *, measured: bool = False
) -> Current:
    """Say it from the load (W at the battery; stated, or *measured*) and what a clear sky would give now (W).

    A measured input counts instead of the sky. In the dark only the load is left.
    """
    volts = battery.nominal_v
    sun_w = _CLEARNESS * clear_w if flows.input_w is None else flows.input_w
    sun_sd_w = _CLEARNESS_SD * clear_w if flows.input_w is None else _MEASURED * flows.input_w
    load_sd_w = (_MEASURED if measured else _STATED) * load_w
    return Current(
        (sun_w - load_w) / volts, max(0.02 * battery.capacity_ah / 24.0, (sun_sd_w + load_sd_w) / volts)
    )


class ClearSky:
    """What a panel would give under a clear sky (W)."""

    def __init__(self, node: NodeInfo, panel: Panel) -> None:
        tilt = panel.tilt_deg if panel.tilt_deg is not None else node.panel_tilt_deg
        azimuth = panel.azimuth_deg if panel.azimuth_deg is not None else node.panel_azimuth_deg
        self._site = Site(
            latitude=node.latitude,
            longitude=node.longitude,
            panel_w=panel.peak_w,
            tilt_deg=tilt,
            azimuth_deg=azimuth,
        )
        self._day: date | None = None
        self._slots: tuple[float, ...] = ()

    @property
    def unknown_w(self) -> float:
        """Something between night and noon, for who does not know the time."""
        return 0.3 * self._site.panel_w

    def power_w(self, now_utc: datetime) -> float:
        """Say it for a moment."""
        at = slot_time(self._site, now_utc)
        if at.day != self._day:
            self._day, self._slots = at.day, clear_sky_day(self._site, at.day)
        return self._slots[at.slot] / 1000.0 * self._site.panel_w * _PANEL_YIELD
