"""Turns telemetry into what decisions rest on: charge, guards, books."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from edgepi.budget.store import Saved
from edgepi.clock import Clock
from edgepi.config.settings import EnergySettings
from edgepi.energy import (
    Battery,
    Board,
    GuardLimits,
    GuardState,
    GuardWatch,
    Ledger,
    Panel,
    SocEstimate,
    Tick,
)
from edgepi.energy.flows import Flows
from edgepi.energy.soc import REMEMBERED, SocEstimator
from edgepi.model import NodeInfo, Supply

__all__ = ["Measured", "Measuring"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What is known now; watts at the battery."""

    supply: Supply | None = None
    soc: SocEstimate | None = None
    guard: GuardState
    harvest_w: float | None = None
    load_w: float
    load_measured: bool = False


class Measuring:
    """Charge estimate, guards and ledger of one node."""

    def __init__(self, settings: EnergySettings, node: NodeInfo, clock: Clock) -> None:
        cells, board = settings.battery, settings.board
        self.battery = Battery.of(cells.chemistry, cells.capacity_wh, cells.series_cells)
        self.panel = Panel(
            peak_w=settings.panel.peak_w,
            tilt_deg=settings.panel.tilt_deg,
            azimuth_deg=settings.panel.azimuth_deg,
        )
        self.board = Board(
            model=board.model, idle_w=board.idle_w, standby_w=board.standby_w, boot_wh=board.boot_wh
        )
        self.limits = GuardLimits.of(self.battery, settings.guards.run_v, settings.guards.commit_v)
        self.ledger = Ledger(time_zone=node.time_zone, converter_efficiency=self.board.converter_efficiency)
        self._clock = clock
        self._guards = GuardWatch(self.limits)
        self._estimator = SocEstimator(self.battery)
        self._before_off: tuple[float, float | None, float] | None = None
        self.now = Measured(guard=self._guards.state, load_w=self.board.idle_w)

    def take(self, supply: Supply | None, stated_w: Mapping[str, float]) -> Measured:
        """Take in the latest fresh record (None: nothing is fresh) and book the time since the last."""
        now_s = self._clock.monotonic()
        voltage = supply.battery_v if supply else None
        guard = self._guards.update(voltage, now_s)
        flows = Flows.of(supply) if supply else None
        soc = self._estimator.update(
            now_s,
            voltage_v=voltage,
            current_a=_battery_a(supply),
            percent=supply.battery_percent if supply else None,
        )
        stored_wh = soc.soc * self.battery.capacity_wh if soc and supply else None
        if soc is not None and soc.source != REMEMBERED:
            self._close_gap(stored_wh)
        self.ledger.book(
            Tick(
                monotonic_s=now_s,
                now_utc=self._clock.now(),
                flows=flows,
                stated_w=dict(stated_w),
                stored_wh=stored_wh,
                trusted=self._clock.trusted,
            )
        )
        self.now = self._summary(supply, soc, guard, flows, sum(stated_w.values()))
        return self.now

    def _summary(
        self,
        supply: Supply | None,
        soc: SocEstimate | None,
        guard: GuardState,
        flows: Flows | None,
        stated_w: float,
    ) -> Measured:
        measured_w = None
        if flows is not None and flows.output_w is not None:
            measured_w = flows.output_w / self.board.converter_efficiency
        elif flows is not None and flows.input_w is not None and flows.battery_w is not None:
            measured_w = max(0.0, flows.input_w - flows.battery_w)
        load_w = stated_w if measured_w is None else measured_w
        harvest_w = flows.input_w if flows else None
        if flows is not None and harvest_w is None and flows.battery_w is not None:
            harvest_w = max(0.0, flows.battery_w + load_w)
        return Measured(
            supply=supply,
            soc=soc,
            guard=guard,
            harvest_w=harvest_w,
            load_w=load_w,
            load_measured=measured_w is not None,
        )

    def memory(self) -> dict[str, Any]:
        """The parts of `Saved` that are kept here."""
        soc = self.now.soc
        return {
            "stored_wh": None if soc is None else soc.soc * self.battery.capacity_wh,
            "soc": self._estimator.memory(),
            "ledger": self.ledger.memory(),
        }

    def recall(self, saved: Saved, *, booted: bool) -> None:
        """Go on from an earlier life; raises ValueError and the like if its books make no sense."""
        if saved.ledger is not None:
            self.ledger.recall(saved.ledger)
        off_s = self._off_s(saved.saved_utc)
        self._estimator.recall(saved.soc, off_h=(off_s if off_s is not None else 86400.0) / 3600.0)
        boot_wh = self.board.boot_wh if booted else 0.0
        self._before_off = (off_s or 0.0, saved.stored_wh, boot_wh)
        if booted:
            now = self._clock.now()
            self.ledger.book_once("boot", boot_wh, now, trusted=self._clock.trusted)

    def _off_s(self, saved_utc: datetime) -> float | None:
        off = self._clock.now() - saved_utc
        known = self._clock.trusted and timedelta(0) <= off < timedelta(days=400)
        return off.total_seconds() if known else None

    def _close_gap(self, stored_wh: float | None) -> None:
        """Once the charge is measured again, book what it changed while the node was off."""
        if self._before_off is None or stored_wh is None:
            return
        (off_s, before_wh, boot_wh), self._before_off = self._before_off, None
        # The boot's energy is booked by itself.
        change = None if before_wh is None else stored_wh - before_wh + boot_wh
        self.ledger.book_gap(off_s, change, self._clock.now(), trusted=self._clock.trusted)


def _battery_a(supply: Supply | None) -> float | None:
    if supply is None or supply.battery_a is not None:
        return supply.battery_a if supply else None
    if supply.battery_w is None or not supply.battery_v:
        return None
    return supply.battery_w / supply.battery_v
