"""Turns telemetry into what decisions rest on: charge, guards, books."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
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
from edgepi.energy.cold import charge_limit_w
from edgepi.energy.flows import Flows
from edgepi.energy.health import BatteryHealth, HealthWatch, health
from edgepi.energy.heldback import held_back
from edgepi.energy.likely import ClearSky, likely_current
from edgepi.energy.misfit import Misfits
from edgepi.energy.soc import REMEMBERED, SocEstimator
from edgepi.model import NodeInfo, Supply

__all__ = ["Measured", "Measuring"]

_NEARLY = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What is known now; watts at the battery.

    *harvest_curtailed*: the battery takes less than the panel could give; None where that is not known.
    """

    supply: Supply | None = None
    soc: SocEstimate | None = None
    guard: GuardState
    harvest_w: float | None = None
    load_w: float
    load_measured: bool = False
    harvest_curtailed: bool | None = None
    battery_temperature_c: float | None = None


class Measuring:
    """Charge estimate, guards, ledger and the battery's health of one node.

    *thermometer* tells how warm the battery is (C), None if that is not known.
    """

    def __init__(
        self,
        settings: EnergySettings,
        node: NodeInfo,
        clock: Clock,
        thermometer: Callable[[], float | None] = lambda: None,
    ) -> None:
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
        self.ledger = Ledger(
            time_zone=node.time_zone,
            converter_efficiency=self.board.converter_efficiency,
            battery_efficiency=self.battery.facts.efficiency,
        )
        self._clock = clock
        self._thermometer = thermometer
        self._sky = ClearSky(node, self.panel)
        self._health = HealthWatch()
        self._misfits = Misfits(self.battery, self.panel)
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
        summary = self._summary(supply, guard, flows, sum(stated_w.values()))
        soc = self._estimate(now_s, summary, flows)
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
                dark=self._dark(),
            )
        )
        summary = replace(summary, soc=soc)
        self.now = replace(summary, harvest_curtailed=self._curtailed(summary))
        self._watch(now_s, self.now)
        return self.now

    def _dark(self) -> bool:
        """True where the sun is surely down."""
        return self._clock.trusted and self._sky.power_w(self._clock.now()) <= 0.0

    @property
    def health(self) -> BatteryHealth:
        """How the battery really is, and what does not fit the configuration."""
        return health(self.battery, self._estimator.learned, self._health, self._misfits.sentences())

    def _estimate(self, now_s: float, known: Measured, flows: Flows | None) -> SocEstimate | None:
        supply, likely = known.supply, None
        if flows is not None:
            clear_w = self._sky.power_w(self._clock.now()) if self._clock.trusted else self._sky.unknown_w
            likely = likely_current(self.battery, flows, known.load_w, clear_w, measured=known.load_measured)
        return self._estimator.update(
            now_s,
            voltage_v=supply.battery_v if supply else None,
            current_a=_battery_a(supply),
            percent=supply.battery_percent if supply else None,
            likely=likely,
        )

    def _watch(self, now_s: float, known: Measured) -> None:
        """Let what looks at days have the moment."""
        supply, amps = known.supply, _battery_a(known.supply)
        volts = supply.battery_v if supply else None
        self._health.note(now_s, None if amps is None or volts is None else amps * volts)
        if self._clock.trusted:
            measured = supply is not None and Flows.of(supply).input_w is not None
            harvest_w = known.harvest_w if measured and not known.harvest_curtailed else None
            self._misfits.note(now_s, self._clock.now().date(), voltage_v=volts, harvest_w=harvest_w)

    def _curtailed(self, known: Measured) -> bool | None:
        """Whether the battery is full or too cold for what the panel could give."""
        limit_w = charge_limit_w(self.battery, known.battery_temperature_c)
        if limit_w is not None and known.harvest_w is not None:
            return known.harvest_w >= _NEARLY * (known.load_w + limit_w)
        return held_back(known.supply, self.battery, known.soc)

    def _summary(
        self, supply: Supply | None, guard: GuardState, flows: Flows | None, stated_w: float
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
        warmth = supply.battery_temperature_c if supply else None
        warmth = self._thermometer() if warmth is None else warmth
        return Measured(
            supply=supply,
            guard=guard,
            harvest_w=harvest_w,
            load_w=load_w,
            load_measured=measured_w is not None,
            battery_temperature_c=warmth,
        )

    def memory(self) -> dict[str, Any]:
        """The parts of `Saved` that are kept here."""
        soc = self.now.soc
        return {
            "stored_wh": None if soc is None else soc.soc * self.battery.capacity_wh,
            "soc": self._estimator.memory()
            | {"health": self._health.memory(), "days": self._misfits.memory()},
            "ledger": self.ledger.memory(),
        }

    def recall(self, saved: Saved, *, booted: bool) -> None:
        """Go on from an earlier life; raises ValueError and the like if its books make no sense."""
        if saved.ledger is not None:
            self.ledger.recall(saved.ledger)
        off_s = self._off_s(saved.saved_utc)
        self._estimator.recall(saved.soc, off_h=(off_s if off_s is not None else 86400.0) / 3600.0)
        self._health.recall(saved.soc.get("health"))
        self._misfits.recall(saved.soc.get("days"))
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
