"""How a battery really is: what it holds and how much of what it takes comes out again.

Both follow from charge counted between states of charge that the voltage vouches for; the estimator
of the charge learns them on the way (see `belief`). They are said only once they are known well.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import exp, hypot, isfinite, log, sqrt
from typing import Any

from edgepi.energy.battery import Battery
from edgepi.energy.soc import Learned

__all__ = ["BatteryHealth", "HealthWatch", "health"]

_SURE = 0.09
_SIGMAS = 2.0
_LEAST_DAYS = 5.0
_WORTH_SAYING, _ABSURD = 0.12, 2.0
_EFFICIENCY_SAYING = 0.06
_LONGEST_H = 0.25
# No voltage tells that a current meter is some hundredths off, and a table of voltages is no better.
_UNSEEN = 0.04


@dataclass(frozen=True, slots=True, kw_only=True)
class BatteryHealth:
    """What was found out; None where it is not known well enough. Efficiency is that of a round trip."""

    chemistry: str
    capacity_wh: float
    capacity_estimate_wh: float | None = None
    capacity_sd_wh: float | None = None
    efficiency_estimate: float | None = None
    efficiency_sd: float | None = None
    cycles: float = 0.0
    days: float = 0.0
    advice: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """JSON-able."""
        return {
            "chemistry": self.chemistry,
            "capacity_wh": self.capacity_wh,
            "capacity_estimate_wh": self.capacity_estimate_wh,
            "capacity_sd_wh": self.capacity_sd_wh,
            "efficiency_estimate": self.efficiency_estimate,
            "efficiency_sd": self.efficiency_sd,
            "cycles": self.cycles,
            "days": self.days,
            "advice": list(self.advice),
        }


class HealthWatch:
    """Counts what went in and out of the battery, as far as it was metered.

    *best* is the capacity that was last known well, with its relative standard deviation.
    """

    def __init__(self) -> None:
        self.charged_wh = 0.0
        self.discharged_wh = 0.0
        self.metered_h = 0.0
        self.best: tuple[float, float] | None = None
        self._at_s: float | None = None

    def note(self, monotonic_s: float, battery_w: float | None) -> None:
        """Take in the power into the battery, None where it is not measured."""
        before_s, self._at_s = self._at_s, monotonic_s
        if before_s is None or battery_w is None:
            return
        hours = (monotonic_s - before_s) / 3600.0
        if not 0.0 < hours <= _LONGEST_H:
            return
        self.metered_h += hours
        self.charged_wh += max(0.0, battery_w) * hours
        self.discharged_wh += max(0.0, -battery_w) * hours

    def settle(self, capacity_wh: float, spread: float) -> None:
        """Take in an estimate of the capacity; one that is not sure changes nothing."""
        if self.metered_h >= 24.0 * _LEAST_DAYS and spread <= _SURE:
            self.best = capacity_wh, spread

    def memory(self) -> dict[str, Any]:
        """What must outlive a restart."""
        return {
            "best": None if self.best is None else list(self.best),
            "charged_wh": self.charged_wh,
            "discharged_wh": self.discharged_wh,
            "metered_h": self.metered_h,
        }

    def recall(self, memory: Any) -> None:
        """Take over an earlier `memory`; what does not fit is ignored."""
        if not isinstance(memory, Mapping):
            return
        try:
            values = [float(memory[key]) for key in ("charged_wh", "discharged_wh", "metered_h")]
            best = None if memory.get("best") is None else tuple(float(x) for x in memory["best"])
        except (KeyError, TypeError, ValueError):
            return
        if all(isfinite(value) and value >= 0.0 for value in values):
            self.charged_wh, self.discharged_wh, self.metered_h = values
            if best is not None and len(best) == 2 and all(isfinite(x) and x > 0.0 for x in best):
                self.best = best[0], best[1]


def health(
    battery: Battery, learned: Learned, watch: HealthWatch, misfits: tuple[str, ...] = ()
) -> BatteryHealth:
    """Say how the battery is; *misfits* are further sentences of advice."""
    up, down = max(0.05, 1.0 + learned.up), max(0.05, 1.0 + learned.down)
    var_up, var_down = (learned.up_sd / up) ** 2, (learned.down_sd / down) ** 2
    together = learned.together / (up * down)
    capacity = battery.capacity_wh / sqrt(up * down)
    spread = hypot(_UNSEEN, sqrt(max(0.0, var_up + var_down + 2.0 * together)) / 2.0)
    watch.settle(capacity, spread)
    usual = battery.facts.efficiency**2
    efficiency = usual * up / down
    efficiency_sd = efficiency * sqrt(max(0.0, var_up + var_down - 2.0 * together))
    days = watch.metered_h / 24.0
    best = watch.best
    known = days >= _LEAST_DAYS and efficiency_sd <= _SURE and efficiency < 1.0 + efficiency_sd
    found = BatteryHealth(
        chemistry=battery.chemistry,
        capacity_wh=battery.capacity_wh,
        capacity_estimate_wh=best[0] if best else None,
        capacity_sd_wh=best[0] * best[1] if best else None,
        efficiency_estimate=min(1.0, efficiency) if known else None,
        efficiency_sd=efficiency_sd if known else None,
        cycles=watch.charged_wh / capacity,
        days=days,
    )
    said = (_capacity_words(found), _missing_words(battery, learned, watch, found), *misfits)
    return BatteryHealth(
        **{name: getattr(found, name) for name in BatteryHealth.__slots__ if name != "advice"},
        advice=tuple(words for words in said if words),
    )


def _capacity_words(found: BatteryHealth) -> str | None:
    estimate, sd = found.capacity_estimate_wh, found.capacity_sd_wh
    if estimate is None or sd is None:
        return None
    apart = abs(log(estimate / found.capacity_wh))
    if apart < max(_WORTH_SAYING, _SIGMAS * sd / estimate):
        return None
    set_it = f"set energy.battery.capacity_wh: {estimate:.0f}"
    if apart > log(_ABSURD):
        factor = exp(apart)
        way = "more" if estimate > found.capacity_wh else "less"
        return (
            f"the battery holds about {estimate:.0f} Wh, {factor:.1f} times {way} than the"
            f" {found.capacity_wh:.0f} Wh stated; {set_it}, if the meter sees all of its current"
        )
    return f"the battery seems to hold {estimate:.0f} Wh of the {found.capacity_wh:.0f} Wh stated; {set_it}"


def _missing_words(
    battery: Battery, learned: Learned, watch: HealthWatch, found: BatteryHealth
) -> str | None:
    if found.days < _LEAST_DAYS:
        return None
    drain_wh = learned.offset_a * battery.nominal_v * 24.0
    if learned.offset_a > max(0.01, _SIGMAS * learned.offset_sd_a):
        return (
            f"{drain_wh:.1f} Wh a day are missing: something draws {learned.offset_a * 1000:.0f} mA past"
            " the battery's meter, or its zero is off by as much"
        )
    efficiency, sd = found.efficiency_estimate, found.efficiency_sd
    if efficiency is None or sd is None:
        return None
    short = battery.facts.efficiency**2 - efficiency
    if short < max(_EFFICIENCY_SAYING, _SIGMAS * sd):
        return None
    missing_wh = short * watch.charged_wh / found.days
    return (
        f"{missing_wh:.1f} Wh a day are missing: the battery gives back {efficiency:.0%} of what it takes,"
        f" {battery.facts.efficiency**2:.0%} is usual"
    )
