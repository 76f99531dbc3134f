"""What to run now: the best rung by its points and by what the energy left would be worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from edgepi.energy.cold import harvest_taken_w
from edgepi.energy.demand import Rung
from edgepi.energy.nowcast import Nowcast
from edgepi.energy.settings import SLOT_H, SLOTS, EngineSettings
from edgepi.energy.watervalue import DayWorth, price_at

__all__ = ["Choice", "Moment", "choose", "floor_safe"]

_INSTANT_H = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """Where a decision stands: stored energy, hours into the solar day, how long it will hold.

    *last* is the rung that runs now by its picks, None if the node is off; *kept* names what may not
    be stopped, with the hours still to go; *latched* says that the node rests until the battery has
    risen above the higher margin. A cold battery takes no more than *charge_limit_w*, and no better is
    expected of the rest of the day.
    """

    energy_wh: float
    day_h: float
    hours: float = SLOT_H
    last: Mapping[str, str] | None = None
    kept: Mapping[str, float] = field(default_factory=dict)
    latched: bool = False
    charge_limit_w: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The chosen rung with what was weighed: score by rung (None where forbidden), price, harvest."""

    rung: Rung
    scores: tuple[float | None, ...]
    price_points_per_wh: float
    harvest_w: float
    latched: bool


def choose(
    settings: EngineSettings,
    worth: DayWorth,
    rungs: Sequence[Rung],
    moment: Moment,
    now: Nowcast,
) -> Choice:
    """Weigh every rung; what would come too near the floor is forbidden."""
    reader = _Reader(worth, now, dull=moment.charge_limit_w is not None)
    floor = worth.plan.store.floor_wh
    margin = settings.on_margin if moment.latched else settings.off_margin
    latched = moment.energy_wh < floor + margin * worth.plan.store.capacity_wh
    able = [
        i == 0 or (not latched and floor_safe(settings, worth, rung, moment, now))
        for i, rung in enumerate(rungs)
    ]
    scores = _scores(reader, settings, rungs, able, moment)
    allowed = [(score, -i) for i, score in enumerate(scores) if score is not None]
    best = -max(allowed)[1] if allowed else 0
    row = reader.row(moment.day_h + moment.hours)
    price = price_at(row, worth.plan.step_wh, moment.energy_wh)
    return Choice(
        rung=rungs[best],
        scores=tuple(scores),
        price_points_per_wh=price,
        harvest_w=now.harvest_w,
        latched=latched,
    )


class _Reader:
    """Reads the worth of energy at any hour, between slots by their mean."""

    def __init__(self, worth: DayWorth, now: Nowcast, *, dull: bool = False) -> None:
        self.worth = worth
        self.now = now
        # What the battery cannot take is worth no more than a day without sun.
        self._classes = (1.0, *[0.0] * (len(now.classes) - 1)) if dull else now.classes
        self._rows: dict[float, list[float]] = {}
        self._step_wh = worth.plan.step_wh

    def row(self, day_h: float) -> list[float]:
        """Worth by level at an hour of the solar day."""
        found = self._rows.get(day_h)
        if found is None:
            found = self._rows[day_h] = self._read(day_h)
        return found

    def _read(self, day_h: float) -> list[float]:
        place = round(day_h / SLOT_H, 6)
        slot = int(place)
        found = self.worth.row(slot, self._classes)
        if part := place - slot:
            later = self.worth.row(slot + 1, self._classes)
            found = [x + part * (y - x) for x, y in zip(found, later, strict=True)]
        return found

    def at(self, day_h: float, energy_wh: float) -> float:
        """Worth of an energy at an hour."""
        row = self.row(day_h)
        place = min(max(energy_wh / self._step_wh, 0.0), len(row) - 1.0)
        low = min(int(place), len(row) - 2)
        return row[low] + (row[low + 1] - row[low]) * (place - low)


def _harvest_w(worth: DayWorth, now: Nowcast, day_h: float, first_h: float) -> float:
    """Expected harvest: the nowcast for the slot that begins, then the classes' mean."""
    if day_h < first_h + SLOT_H:
        return now.harvest_w
    return now.clearness * worth.plan.clear_w[int(day_h / SLOT_H) % SLOTS]


def _bound_h(rung: Rung, moment: Moment) -> float:
    """Hours that a rung binds: what it newly starts cannot be stopped before."""
    if not rung.held:
        return moment.hours
    last = moment.last or {}
    return max([moment.hours, *[h for name, h in rung.held.items() if name not in last]])


def _scores(
    reader: _Reader, settings: EngineSettings, rungs: Sequence[Rung], able: Sequence[bool], moment: Moment
) -> list[float | None]:
    """Scores of all rungs, None where forbidden or not *able* to run.

    What cannot run now is no reason to wait, either: else many jobs that do not fit together would keep
    each other from running for ever.
    """
    bounds_h = [_bound_h(rung, moment) for rung in rungs]
    horizon_h = max(bounds_h)
    thens = [rung for rung, fine in zip(rungs, able, strict=True) if fine]
    return [
        _score(settings, reader, thens, rung, moment, bound_h=bound_h, horizon_h=horizon_h) if fine else None
        for rung, fine, bound_h in zip(rungs, able, bounds_h, strict=True)
    ]


def _score(
    settings: EngineSettings,
    reader: _Reader,
    rungs: Sequence[Rung],
    rung: Rung,
    moment: Moment,
    *,
    bound_h: float,
    horizon_h: float,
) -> float | None:
    """Points of a rung and then the best of what follows of *rungs*, up to the same hour for all.

    The worth of energy takes the day's class for known. Read at different hours it would favour
    whatever waits for that knowledge, so that nothing that binds would ever start.
    """
    if moment.kept and any(name not in rung.picks for name in moment.kept):
        return None
    energy = _after(reader, moment, moment.energy_wh, rung, from_h=0.0, to_h=bound_h)
    changed = moment.last != (rung.picks if rung.awake else None)
    gained = rung.points_per_h * bound_h - (settings.switch_points if changed else 0.0)
    rest_h = horizon_h - bound_h
    if rest_h < _INSTANT_H:
        return gained + reader.at(moment.day_h + bound_h, energy)
    floor, end_h = reader.worth.plan.store.floor_wh, moment.day_h + horizon_h
    best = []
    for place, then in enumerate(rungs):
        left = _after(reader, moment, energy, then, from_h=bound_h, to_h=horizon_h)
        if place == 0 or left >= floor:
            best.append(then.points_per_h * rest_h + reader.at(end_h, left))
    return gained + max(best)


def _after(
    reader: _Reader, moment: Moment, energy_wh: float, rung: Rung, *, from_h: float, to_h: float
) -> float:
    """Energy expected after a rung from one hour to another, counted from the moment."""
    passed_h, store = from_h, reader.worth.plan.store
    while passed_h < to_h - _INSTANT_H:
        step_h = min(moment.hours, to_h - passed_h)
        harvest = _harvest_w(reader.worth, reader.now, moment.day_h + passed_h, moment.day_h)
        harvest = harvest_taken_w(harvest, rung.power_w, moment.charge_limit_w)
        energy_wh = store.after(energy_wh, harvest, rung.power_w, step_h)
        passed_h += step_h
    return energy_wh


def floor_safe(settings: EngineSettings, worth: DayWorth, rung: Rung, moment: Moment, now: Nowcast) -> bool:
    """Whether a rung stays well above the floor as long as it binds, even with little sun."""
    store = worth.plan.store
    least = settings.floor_factor * store.floor_wh
    energy, passed_h, bound_h = moment.energy_wh, 0.0, _bound_h(rung, moment)
    while passed_h < bound_h - _INSTANT_H:
        step_h = min(moment.hours, bound_h - passed_h)
        harvest = settings.pessimism * _harvest_w(worth, now, moment.day_h + passed_h, moment.day_h)
        harvest = harvest_taken_w(harvest, rung.power_w, moment.charge_limit_w)
        energy = store.after(energy, harvest, rung.power_w, step_h)
        if energy < least:
            return False
        passed_h += step_h
    return True
