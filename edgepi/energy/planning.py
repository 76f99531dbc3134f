"""The expected course of the next days: what will be chosen if the sun comes as expected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from edgepi.energy.cold import harvest_taken_w
from edgepi.energy.demand import Rung
from edgepi.energy.engine import View
from edgepi.energy.settings import SLOT_H, SLOTS
from edgepi.energy.watervalue import price_at
from edgepi.model import Plan, PlanStep

__all__ = ["PLANNED_H", "Start", "make_plan"]

PLANNED_H = 48.0
_SOON_H = 1.0 / 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Where a plan begins: what runs from now on, by kinds of jobs, and the hours each is bound for.

    For the rest of the day the battery takes no more than *charge_limit_w*.
    *ids* holds offers that are open, as (offer id, hours of work left) by kind of job.
    """

    now_utc: datetime
    day_h: float
    energy_wh: float
    rung: Rung
    price_points_per_wh: float
    latched: bool = False
    charge_limit_w: float | None = None
    bound_h: Mapping[str, float] = field(default_factory=dict)
    ids: Mapping[str, tuple[str, float]] = field(default_factory=dict)


def make_plan(view: View, rungs: Sequence[Rung], start: Start) -> Plan:
    """Roll forward from *start* by the beliefs of *view*, choosing among *rungs* at each slot."""
    steps = _Walk(view, rungs, start).steps()
    sleeps = next((step.start_utc for step in steps if not step.awake), None)
    wakes = next(
        (s.start_utc for s in steps if s.awake and sleeps is not None and s.start_utc > sleeps), None
    )
    return Plan(made_utc=start.now_utc, steps=steps, sleep_utc=sleeps, wake_utc=wakes)


class _Walk:
    """One walk through the slots to come."""

    def __init__(self, view: View, rungs: Sequence[Rung], start: Start) -> None:
        self._view, self._rungs, self._start = view, rungs, start
        self._sun = _expected(view)
        self._rows: dict[int, list[float]] = {}
        self._bound = dict(start.bound_h)
        self._left = {kind: hours for kind, (_, hours) in start.ids.items()}
        self._latched = start.latched

    def steps(self) -> tuple[PlanStep, ...]:
        """All steps from now on; the first lasts until its slot ends."""
        start, rung = self._start, self._start.rung
        first_h = (int(start.day_h / SLOT_H + 1e-9) + 1) * SLOT_H - start.day_h
        hours = first_h if first_h > _SOON_H else first_h + SLOT_H
        passed_h, energy = 0.0, start.energy_wh
        found: list[PlanStep] = []
        while passed_h < PLANNED_H:
            day_h = start.day_h + passed_h
            sun_w = self._harvest_w(day_h, first=not found)
            price = start.price_points_per_wh
            if found:
                rung, price = self._choose(day_h, energy, sun_w, rung)
            runs = self._run(rung, hours)
            found.append(
                PlanStep(
                    start_utc=start.now_utc + timedelta(hours=passed_h),
                    awake=rung.awake,
                    price_points_per_wh=price,
                    harvest_w=sun_w,
                    load_w=rung.power_w,
                    stored_wh=energy,
                    runs=runs,
                )
            )
            taken_w = harvest_taken_w(sun_w, rung.power_w, self._limit_w(day_h))
            energy = self._view.worth.plan.store.after(energy, taken_w, rung.power_w, hours)
            passed_h += hours
            hours = SLOT_H
        return tuple(found)

    def _run(self, rung: Rung, hours: float) -> dict[str, str]:
        """Who runs how in a step of so many hours; what cannot be stopped stays bound."""
        runs = {}
        for name, pick in rung.picks.items():
            runs[self._said(name, hours)] = pick
            self._bind(name, rung, hours)
        for name in [name for name in self._bound if name not in rung.picks]:
            del self._bound[name]
        return runs

    def _said(self, kind: str, hours: float) -> str:
        """A kind of job goes by the id of the open offer as long as that one lasts."""
        if self._left.get(kind, 0.0) <= _SOON_H:
            return kind
        self._left[kind] -= hours
        return self._start.ids[kind][0]

    def _bind(self, name: str, rung: Rung, hours: float) -> None:
        left = self._bound.get(name, rung.held.get(name, 0.0)) - hours
        self._bound[name] = left
        if left <= _SOON_H:
            del self._bound[name]

    def _choose(self, day_h: float, energy: float, sun_w: float, last: Rung) -> tuple[Rung, float]:
        settings, store = self._view.settings, self._view.worth.plan.store
        row = self._row(day_h + SLOT_H)
        step_wh = self._view.worth.plan.step_wh
        margin = settings.on_margin if self._latched else settings.off_margin
        self._latched = energy < store.floor_wh + margin * store.capacity_wh
        best, most = self._rungs[0], -1e18
        for i, rung in enumerate(self._rungs):
            if any(name not in rung.picks for name in self._bound):
                continue
            if i and not self._safe(rung, energy, sun_w, self._new_h(rung, last)):
                continue
            taken_w = harvest_taken_w(sun_w, rung.power_w, self._limit_w(day_h))
            after = store.after(energy, taken_w, rung.power_w, SLOT_H)
            score = rung.points_per_h * SLOT_H + _at(row, after / step_wh)
            score -= 0.0 if rung.picks == last.picks and rung.awake == last.awake else settings.switch_points
            if score > most:
                best, most = rung, score
        return best, price_at(row, step_wh, energy)

    @staticmethod
    def _new_h(rung: Rung, last: Rung) -> float:
        """Hours that a rung binds: what it newly starts cannot be stopped before."""
        return max([SLOT_H, *(hours for name, hours in rung.held.items() if name not in last.picks)])

    def _safe(self, rung: Rung, energy: float, sun_w: float, hours: float) -> bool:
        """Whether it stays well above the floor as long as it binds, like any choice; by this slot's sun."""
        settings, store = self._view.settings, self._view.worth.plan.store
        after = store.after(energy, settings.pessimism * sun_w, rung.power_w, hours)
        return not self._latched and after >= settings.floor_factor * store.floor_wh

    def _limit_w(self, day_h: float) -> float | None:
        return self._start.charge_limit_w if day_h < 24.0 else None

    def _row(self, day_h: float) -> list[float]:
        """Worth of energy at the end of a slot; the third day is taken for a second one."""
        slot = round(day_h / SLOT_H)
        while slot > 2 * SLOTS:
            slot -= SLOTS
        if slot not in self._rows:
            self._rows[slot] = self._view.worth.row(slot, self._view.now.classes)
        return self._rows[slot]

    def _harvest_w(self, day_h: float, *, first: bool) -> float:
        if first:
            return self._view.now.harvest_w
        today, later = self._sun
        mean = today if day_h < 24.0 - 1e-9 else later
        return mean * self._view.clear_w[int(day_h / SLOT_H + 1e-9) % SLOTS]


def _expected(view: View) -> tuple[float, float]:
    """Clearness that is expected of today, and of the days after."""
    plan, classes = view.worth.plan, view.now.classes
    columns = zip(*view.worth.overnight, strict=True)
    then = [sum(p * c for p, c in zip(column, classes, strict=True)) for column in columns]
    today, later = (
        sum(p * centre for p, centre in zip(beliefs, plan.centres, strict=True))
        for beliefs in (classes, then)
    )
    return today, later


def _at(row: Sequence[float], place: float) -> float:
    place = min(max(place, 0.0), len(row) - 1.0)
    low = min(int(place), len(row) - 2)
    return row[low] + (row[low + 1] - row[low]) * (place - low)
