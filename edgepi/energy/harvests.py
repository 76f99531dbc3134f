"""Books what the panel gives into the slots of the solar day, measured or explained by the charge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from edgepi.energy.curtail import true_harvest_w
from edgepi.energy.daylog import DayLog, SlotTime, slot_time
from edgepi.energy.engine import Engine
from edgepi.energy.governor import Situation
from edgepi.energy.settings import Site
from edgepi.energy.slept import Charge, Gap, gap_harvest, spread

__all__ = ["Harvests"]

_STEP_H = 1.0
_JUMP_H = 0.05
_HOUR, _OPEN = timedelta(hours=1), timedelta(days=1)
_OLDEST = timedelta(days=10)

_Fills = Mapping[date, list[tuple[int, float, float]]]


@dataclass(frozen=True, slots=True)
class _Last:
    """When the panel was last looked at."""

    utc: datetime
    monotonic_s: float
    at: SlotTime


class Harvests:
    """Follows one solar day after the other; closes gaps as soon as the charge is seen again."""

    def __init__(self) -> None:
        self._log = DayLog()
        self._day: date | None = None
        self._last: _Last | None = None
        self._charge: Charge | None = None
        self._gap = False

    def begins(self, site: Site, when: datetime) -> bool:
        """Whether a moment lies in another solar day than the one that is followed."""
        return self._last is None or slot_time(site, when).day != self._day

    def means(self, slot: int) -> list[float | None]:
        """Mean watts of the slots of today that have ended before *slot*."""
        return self._log.means(slot)

    def take(self, situation: Situation, site: Site, engine: Engine) -> SlotTime:
        """Book the time since the last look; the engine is told of days that are over."""
        at = slot_time(site, situation.now_utc)
        if self._last is None:
            self._resume(engine, situation)
        passed_h = self._passed_h(situation)
        if passed_h is None:
            self._charge, self._gap = None, False
            if at.day != self._day:
                engine.drop_day()
                self._log, self._day = DayLog(), at.day
        else:
            harvest_w = self._book(situation, at, engine, passed_h)
            fills = self._close(situation, site, engine)
            turned = self._turn(at, engine, fills)
            if turned and harvest_w is not None:
                self._log.add(at, min(passed_h, at.hour), harvest_w)
        self._last = _Last(situation.now_utc, situation.monotonic_s, at)
        return at

    def _resume(self, engine: Engine, situation: Situation) -> None:
        """Go on from what was remembered: the time since then is a gap."""
        self._day, seen = engine.seen
        self._log = DayLog()
        self._log.restore(seen)
        charge = self._charge
        if charge is not None:
            off = situation.now_utc - charge.at_utc
            self._gap = timedelta(0) < off <= _OLDEST
            off_h = off / timedelta(hours=1)
            drawn_wh = situation.board.standby_w * max(0.0, off_h) + situation.board.boot_wh
            self._charge = charge.drew(drawn_wh) if self._gap else None

    def _passed_h(self, situation: Situation) -> float | None:
        """Hours since the last look, 0 at first; None if wall clock and time disagree."""
        if self._last is None:
            return 0.0
        passed_h = (situation.monotonic_s - self._last.monotonic_s) / 3600.0
        wall_h = (situation.now_utc - self._last.utc) / _HOUR
        jumped = passed_h < 0.0 or abs(wall_h - passed_h) > _JUMP_H + 0.01 * passed_h
        return None if jumped else passed_h

    def _book(self, situation: Situation, at: SlotTime, engine: Engine, passed_h: float) -> float | None:
        """Book the time since the last look on the day that was followed; returns what the panel gave."""
        if passed_h <= 0.0:
            return None
        if situation.harvest_w is None or passed_h > _STEP_H:
            self._gap = True
            if self._charge is not None:
                self._charge = self._charge.drew(situation.load_w * passed_h)
            return None
        harvest_w = true_harvest_w(situation, engine.clear_w(at.day)[at.slot])
        if harvest_w is None:
            return None
        if at.day != self._day and self._day is not None:
            before_h = min(passed_h, max(0.0, passed_h - at.hour))
            self._log.add(SlotTime(self._day, 24.0), before_h, harvest_w)
        else:
            self._log.add(at, passed_h, harvest_w)
        return harvest_w

    def _close(self, situation: Situation, site: Site, engine: Engine) -> _Fills:
        """Explain a gap by the charge, once that is seen; without a gap, remember the charge."""
        after = Charge.of(situation)
        if after is None:
            return {}
        before = self._charge
        if before is None or not self._gap:
            self._charge, self._gap = after, False
            return {}
        over = situation.harvest_w is not None
        long_h = (after.at_utc - before.at_utc) / timedelta(hours=1)
        if not over and long_h < _STEP_H:
            return {}
        gap = Gap.between(site, before.at_utc, after.at_utc, engine.clear_w)
        harvest_wh = gap_harvest(before, after, gap, situation)
        if harvest_wh is None and not over and after.at_utc - before.at_utc < _OPEN:
            return {}
        self._charge, self._gap = after, False
        return {} if harvest_wh is None else spread(gap, harvest_wh)

    def _turn(self, at: SlotTime, engine: Engine, fills: _Fills) -> bool:
        """Fill in what was explained, and turn over to a new day; says whether it did."""
        self._fill(fills.get(self._day, []) if self._day else [])
        if at.day == self._day:
            return False
        if self._day is not None:
            engine.observe(self._log.means())
            for day in sorted(day for day in fills if self._day < day < at.day):
                self._log = DayLog()
                self._fill(fills[day])
                engine.pass_day(day, self._log.means())
        self._log, self._day = DayLog(), at.day
        self._fill(fills.get(at.day, []))
        return True

    def _fill(self, parts: list[tuple[int, float, float]]) -> None:
        for slot, hours, power in parts:
            self._log.fill(slot, hours, power)

    def memory(self) -> list[Any] | None:
        """What must outlive a restart."""
        return None if self._charge is None else self._charge.memory()

    def recall(self, memory: Any) -> None:
        """Take over an earlier `memory`; what makes no sense is left out."""
        self._charge = Charge.recalled(memory)
