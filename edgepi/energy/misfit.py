"""Notices that the configured battery or panel cannot be the one that is there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from math import isfinite
from typing import Any

from edgepi.energy.battery import CHEMISTRIES, Battery, Panel

__all__ = ["Misfits"]

_KEPT_DAYS = 14
_DAYS_HELD, _HELD_V_PER_CELL = 3, 0.025
_LASTING_S = 600.0
_TOO_MUCH, _TOO_LITTLE, _DAYS_LITTLE = 1.3, 0.25, 10
_NAMES = {"lifepo4": "LiFePO4", "li-ion": "Li-ion", "lead-acid": "lead-acid"}


@dataclass(slots=True)
class _Day:
    """Extremes of a day: voltages that lasted, harvest that nothing held back."""

    low_v: float
    high_v: float
    harvest_w: float = 0.0


class Misfits:
    """Keeps the extremes of some days and says what does not fit."""

    def __init__(self, battery: Battery, panel: Panel) -> None:
        self._battery, self._panel = battery, panel
        self._days: dict[date, _Day] = {}
        self._part: tuple[float, float, float] | None = None

    def note(
        self,
        monotonic_s: float,
        day: date,
        *,
        voltage_v: float | None,
        harvest_w: float | None = None,
    ) -> None:
        """Take in a reading; *harvest_w* None where it is not measured or the battery took no more."""
        if voltage_v is None or voltage_v <= 0.0:
            self._part = None
            return
        since_s, low, high = self._part or (monotonic_s, voltage_v, voltage_v)
        self._part = since_s, min(low, voltage_v), max(high, voltage_v)
        known = self._days.get(day)
        if monotonic_s - since_s >= _LASTING_S:
            # What did not last, a dip or a spark, says nothing: the span of ten minutes counts inwards.
            _, low, high = self._part
            known = known or _Day(high, low)
            known.low_v, known.high_v = min(known.low_v, high), max(known.high_v, low)
            self._days[day], self._part = known, None
        if known is not None and harvest_w is not None:
            known.harvest_w = max(known.harvest_w, harvest_w)
        while len(self._days) > _KEPT_DAYS:
            del self._days[min(self._days)]

    def sentences(self) -> tuple[str, ...]:
        """What does not fit, and what to set instead."""
        if not self._days:
            return ()
        said = (self._voltage_words(), self._panel_words())
        return tuple(words for words in said if words)

    def _voltage_words(self) -> str | None:
        battery, days = self._battery, self._days.values()
        low_v, high_v = min(day.low_v for day in days), max(day.high_v for day in days)
        # A charger for lead-acid may equalise, and meters are some hundredths off.
        most_v = (battery.facts.absorb_v * 1.06) * battery.cells
        least_v = 0.9 * battery.facts.rest_curve[0][0] * battery.cells
        stated = f"{battery.cells} cells of {_NAMES[battery.chemistry]}"
        hint = _hint(battery, low_v, high_v)
        if high_v > most_v:
            return f"{high_v:.1f} V is more than {stated} can have; {hint}"
        if high_v < least_v:
            return f"{high_v:.1f} V is less than {stated} have when empty; {hint}"
        if self._held(high_v) and _fitting(battery, low_v, high_v):
            soc = battery.soc_at_rest(high_v)
            return (
                f"the battery was charged to {high_v:.1f} V day by day and no higher, where {stated} are"
                f" {soc:.0%} full; {hint}"
            )
        return None

    def _held(self, high_v: float) -> bool:
        """Whether a charger seems to have ended at a voltage that is far from full."""
        battery = self._battery
        near_v = _HELD_V_PER_CELL * battery.cells
        reached = [day for day in self._days.values() if day.high_v > high_v - near_v]
        rose = [day for day in reached if day.high_v - day.low_v > near_v]
        return len(rose) >= _DAYS_HELD and battery.soc_at_rest(high_v) < 0.5

    def _panel_words(self) -> str | None:
        peak_w, best_w = self._panel.peak_w, max(day.harvest_w for day in self._days.values())
        if best_w > _TOO_MUCH * peak_w:
            return (
                f"the panel gave {best_w:.0f} W, more than the {peak_w:.0f} W stated; set energy.panel.peak_w"
            )
        sunny = sum(day.harvest_w > 0.0 for day in self._days.values())
        if sunny >= _DAYS_LITTLE and best_w < _TOO_LITTLE * peak_w:
            return (
                f"in {sunny} days the panel never gave more than {best_w:.1f} W of {peak_w:.0f} W: it is"
                " shaded, dirty, covered or looks away from the sun, or energy.panel.peak_w is too high"
            )
        return None

    def memory(self) -> dict[str, list[float]]:
        """What must outlive a restart."""
        return {day.isoformat(): [x.low_v, x.high_v, x.harvest_w] for day, x in self._days.items()}

    def recall(self, memory: Any) -> None:
        """Take over an earlier `memory`; what does not fit is ignored."""
        if not isinstance(memory, Mapping):
            return
        for key, values in memory.items():
            try:
                low, high, harvest = (float(value) for value in values)
                day = date.fromisoformat(key)
            except (TypeError, ValueError):
                continue
            if isfinite(low) and isfinite(high) and isfinite(harvest):
                self._days[day] = _Day(low, high, harvest)


def _fitting(stated: Battery, low_v: float, high_v: float) -> list[str]:
    """Which batteries the voltages would fit: between empty and full, and full at the top."""
    return [
        f"{cells} cells of {_NAMES[name]}"
        for name, facts in CHEMISTRIES.items()
        for cells in (facts.cells_for_12_v, 2 * facts.cells_for_12_v, 4 * facts.cells_for_12_v, 1)
        if facts.rest_curve[-2][0] * cells <= high_v <= facts.absorb_v * cells * 1.02
        and low_v >= facts.rest_curve[0][0] * cells * 0.95
        and (name, cells) != (stated.chemistry, stated.cells)
    ]


def _hint(stated: Battery, low_v: float, high_v: float) -> str:
    fits = _fitting(stated, low_v, high_v)
    check = "check energy.battery.chemistry and energy.battery.series_cells"
    return f"{check}: that fits {' or '.join(fits)}" if fits else check
