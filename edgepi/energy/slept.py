"""What the panel gave while nobody measured it: it follows from the charge before and after."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from edgepi.energy.daylog import SlotTime, slot_time
from edgepi.energy.governor import Situation
from edgepi.energy.settings import SLOT_H, SLOTS, Site
from edgepi.energy.soc import REMEMBERED

__all__ = ["Charge", "Gap", "gap_harvest", "spread"]

_LONGEST = timedelta(days=10)
_FULL = 0.97
_TOP_RATIO = 1.2
_SHARP = 0.15
_LOSS_PER_H = 0.03 / 720.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """The battery as it was last seen (Wh, with its standard deviation), and what was drawn since (Wh)."""

    at_utc: datetime
    stored_wh: float
    sd_wh: float
    drawn_wh: float = 0.0

    @classmethod
    def of(cls, situation: Situation) -> Charge | None:
        """The battery as it is seen now; None if it is only remembered."""
        soc, stored = situation.soc, situation.stored_wh
        if soc is None or stored is None or soc.source == REMEMBERED:
            return None
        sd_wh = soc.sd * situation.battery.capacity_wh
        return cls(at_utc=situation.now_utc, stored_wh=stored, sd_wh=sd_wh)

    def drew(self, energy_wh: float) -> Charge:
        """The same, after so much more was drawn."""
        return replace(self, drawn_wh=self.drawn_wh + energy_wh)

    def memory(self) -> list[Any]:
        """What must outlive a restart."""
        numbers = (self.stored_wh, self.sd_wh, self.drawn_wh)
        return [self.at_utc.isoformat(), *(round(number, 4) for number in numbers)]

    @classmethod
    def recalled(cls, memory: Any) -> Charge | None:
        """Take over an earlier `memory`; None if it makes no sense."""
        try:
            at, stored, sd, drawn = memory
            numbers = [float(number) for number in (stored, sd, drawn)]
            when = datetime.fromisoformat(at)
        except (TypeError, ValueError, OverflowError):
            return None
        if when.tzinfo is None or not all(math.isfinite(n) and n >= 0.0 for n in numbers):
            return None
        return cls(at_utc=when.astimezone(UTC), stored_wh=numbers[0], sd_wh=numbers[1], drawn_wh=numbers[2])


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Time without a measured harvest: its slots (day, slot, hours) and a clear sky's watts in them."""

    parts: tuple[tuple[date, int, float], ...]
    clear_w: tuple[float, ...]

    @property
    def clear_wh(self) -> float:
        """Energy of a clear sky in the gap."""
        return sum(h * w for (_, _, h), w in zip(self.parts, self.clear_w, strict=True))

    @classmethod
    def between(
        cls, site: Site, start: datetime, end: datetime, clear: Callable[[date], Sequence[float]]
    ) -> Gap:
        """Cut the time between two moments at the slots."""
        at = slot_time(site, start)
        hour, left_h = at.hour, min(end - start, _LONGEST) / timedelta(hours=1)
        day, parts, powers = at.day, [], []
        while left_h > 1e-9:
            slot = SlotTime(day, hour).slot
            hours = min(left_h, (slot + 1) * SLOT_H - hour)
            if hours > 1e-9:
                parts.append((day, slot, hours))
                powers.append(clear(day)[slot])
            left_h, hour = left_h - hours, (slot + 1) * SLOT_H
            if slot == SLOTS - 1:
                day, hour = day + timedelta(days=1), 0.0
        return cls(parts=tuple(parts), clear_w=tuple(powers))


def gap_harvest(before: Charge, after: Charge, gap: Gap, situation: Situation) -> float | None:
    """Harvest (Wh) that explains a change of charge; None if that says too little.

    A battery that is full now may have refused what the panel could have given.
    """
    capacity_wh, side = situation.battery.capacity_wh, situation.battery.facts.efficiency
    if after.stored_wh >= _FULL * capacity_wh or gap.clear_wh <= 0.0:
        return None
    hours = (after.at_utc - before.at_utc) / timedelta(hours=1)
    gained = after.stored_wh - before.stored_wh + before.stored_wh * _LOSS_PER_H * hours
    # What was drawn while the sun shone came straight from the panel, the rest through the battery.
    lit = sum(h for (_, _, h), w in zip(gap.parts, gap.clear_w, strict=True) if w > 0.0)
    direct = before.drawn_wh * min(1.0, lit / max(hours, 1e-9))
    balance = gained + (before.drawn_wh - direct) / side
    harvest = max(0.0, direct + (balance / side if balance > 0.0 else balance))
    doubt = math.hypot(before.sd_wh, after.sd_wh) / side
    sharp = doubt <= _SHARP * gap.clear_wh
    return harvest if sharp or harvest > 2.0 * doubt else None


def spread(gap: Gap, harvest_wh: float) -> Mapping[date, list[tuple[int, float, float]]]:
    """Slots (slot, hours, watts) of each day that a harvest is spread over, in proportion to a clear sky."""
    ratio = min(harvest_wh / gap.clear_wh, _TOP_RATIO)
    found: dict[date, list[tuple[int, float, float]]] = {}
    for (day, slot, hours), power in zip(gap.parts, gap.clear_w, strict=True):
        found.setdefault(day, []).append((slot, hours, ratio * power))
    return found
