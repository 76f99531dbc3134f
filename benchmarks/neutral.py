"""The energy-neutral rule of Kansal et al. (2007): spend in a day what days like it have given."""

from __future__ import annotations

from edgepi.energy.daylog import slot_time
from edgepi.energy.settings import SLOTS, Site
from edgepi.energy.simulation.plant import Plant
from edgepi.energy.simulation.trace import Trace
from edgepi.energy.simulation.year import View, Wish

__all__ = ["EnergyNeutral"]

_WEIGHT = 0.3
_TARGET = 0.5
_RESTORED_PER_DAY = 0.2
_OFF, _ON = 0.075, 0.10


class EnergyNeutral:
    """A moving average of the harvest by slot makes the day's budget; duties are paid first, then jobs.

    A battery above or below half gives or takes a fifth of the difference a day.
    """

    def __init__(self, plant: Plant, site: Site, trace: Trace) -> None:
        self._plant, self._site, self._trace = plant, site, trace
        self._usual_w: list[float | None] = [None] * SLOTS
        self._sums, self._counts = [0.0] * SLOTS, [0] * SLOTS
        self._duty = self._job = 0.0
        self._owed_duty = self._owed_job = 0.0
        self._awake = True

    def decide(self, view: View) -> Wish:
        """Choose for one step."""
        at = slot_time(self._site, self._trace.time(view.index))
        if view.harvest_w is not None:
            past = slot_time(self._site, self._trace.time(view.index - 1)).slot
            self._sums[past] += view.harvest_w
            self._counts[past] += 1
        if view.index == 0 or (at.slot == 0 and self._counts[SLOTS - 1]):
            self._begin(view.energy_wh)
        soc = view.energy_wh / self._plant.battery_wh
        self._awake = soc >= (_OFF if self._awake else _ON)
        self._owed_duty += self._duty
        self._owed_job += self._job
        if view.job_h is not None and self._awake:
            return Wish(tuple(load.name for load in self._plant.loads), job=True)
        if not self._awake or self._owed_duty < 1.0:
            return Wish()
        self._owed_duty = min(self._owed_duty - 1.0, 1.0)
        steps = self._plant.job.hours / self._trace.step_h if self._plant.job else 1.0
        job = self._owed_job >= steps
        self._owed_job -= steps if job else 0.0
        return Wish(tuple(load.name for load in self._plant.loads), job)

    def _begin(self, energy_wh: float) -> None:
        """Learn from the day that is over; shares of the new day for duties and for jobs."""
        for slot, (total, count) in enumerate(zip(self._sums, self._counts, strict=True)):
            if count:
                mean, usual = total / count, self._usual_w[slot]
                self._usual_w[slot] = mean if usual is None else usual + _WEIGHT * (mean - usual)
        self._sums, self._counts = [0.0] * SLOTS, [0] * SLOTS
        plant, day_h = self._plant, 24.0
        expected_wh = sum(usual or 0.0 for usual in self._usual_w) * day_h / SLOTS
        spare_wh = _RESTORED_PER_DAY * (energy_wh - _TARGET * plant.battery_wh)
        budget_wh = plant.charge_efficiency * plant.discharge_efficiency * expected_wh + spare_wh
        budget_wh -= plant.base_w * day_h
        duty_wh = sum(load.power_w for load in plant.loads) * day_h
        self._duty = min(1.0, max(0.0, budget_wh / duty_wh))
        job_wh = plant.job.power_w * day_h if plant.job else 1.0
        self._job = min(1.0, max(0.0, (budget_wh - duty_wh) / job_wh))
        self._owed_job = max(0.0, min(self._owed_job, 2.0))
