"""Which readings are not to be believed, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from edgepi_weather.met.limits import LIMITS, Limits
from edgepi_weather.met.observation import Observation

__all__ = ["Judged", "Note", "Quality"]

# What nobody saw for so long is compared with nothing.
FORGET_S = 3600.0
# The clock of a gust and that of a mean differ by a reading.
GUST_SLACK_M_S = 0.1


class Note(NamedTuple):
    """One doubt: the quantity, and a sentence for people."""

    key: str
    sentence: str


class Judged(NamedTuple):
    """The observation without its doubtful values, and the doubts."""

    observation: Observation
    notes: tuple[Note, ...]


@dataclass(frozen=True, slots=True)
class _Seen:
    at_s: float
    value: float


class Quality:
    """Judges the readings of one station in turn: range, step, standstill, and whether they agree.

    A value too far from the one before is doubted until the next agrees with it or goes back: a spike takes
    one reading, a lasting change is believed at the second. A doubt ends by itself.
    """

    def __init__(self, limits: Mapping[str, Limits] = LIMITS) -> None:
        self._limits = limits
        self._last: dict[str, _Seen] = {}
        self._good: dict[str, _Seen] = {}
        self._still: dict[str, _Seen] = {}

    def judge(self, observation: Observation, now_s: float) -> Judged:
        """Return what may be derived from and written down; *now_s* is monotonic."""
        doubts: dict[str, str] = {}
        for key, limits in self._limits.items():
            value = getattr(observation, key)
            if value is not None and (why := self._doubt(key, limits, _Seen(now_s, value))):
                doubts[key] = why
        kept = replace(observation, **dict.fromkeys(doubts))
        for key, why in _disagreement(kept).items():
            doubts.setdefault(key, why)
        if "rain_rate" in doubts and observation.rain:
            doubts.setdefault("rain", doubts["rain_rate"])
        notes = tuple(Note(key, why) for key, why in doubts.items())
        return Judged(replace(kept, **dict.fromkeys(doubts)), notes)

    def _doubt(self, key: str, limits: Limits, seen: _Seen) -> str:
        if not limits.low <= seen.value <= limits.high:
            possible = f"{limits.low:g} to {limits.high:g} {limits.unit}"
            return f"{_said(limits, seen.value)} cannot be: it is {possible}"
        stuck = self._standstill(key, limits, seen)
        last, good = self._last.get(key), self._good.get(key)
        self._last[key] = seen
        if last is not None and not any(_near(limits, before, seen) for before in (last, good) if before):
            return _jump(limits, last, seen)
        self._good[key] = seen
        return stuck

    def _standstill(self, key: str, limits: Limits, seen: _Seen) -> str:
        since = self._still.get(key)
        if since is None or since.value != seen.value or seen.at_s < since.at_s:
            since = self._still[key] = seen
        still_s = seen.at_s - since.at_s
        if limits.stuck_s is None or seen.value in limits.at_rest or still_s < limits.stuck_s:
            return ""
        hours = f"{still_s / 3600:.0f} h"
        return f"{_said(limits, seen.value)} without the least change for {hours}: is the sensor stuck?"


def _near(limits: Limits, before: _Seen, seen: _Seen) -> bool:
    if limits.step_per_min is None:
        return True
    passed_s = seen.at_s - before.at_s
    if not 0.0 <= passed_s <= FORGET_S:
        return True
    return abs(seen.value - before.value) <= limits.step_per_min * max(passed_s / 60.0, 1.0)


def _disagreement(seen: Observation) -> dict[str, str]:
    if seen.wind_speed is None or seen.wind_gust is None:
        return {}
    if seen.wind_gust >= seen.wind_speed - GUST_SLACK_M_S:
        return {}
    why = f"the strongest gust, {seen.wind_gust:.1f} m/s, is below the mean wind, {seen.wind_speed:.1f} m/s"
    return {"wind_speed": why, "wind_gust": why}


def _said(limits: Limits, value: float) -> str:
    return f"{limits.name} {value:.1f} {limits.unit}"


def _jump(limits: Limits, before: _Seen, seen: _Seen) -> str:
    before_words = f"{before.value:.1f} {limits.unit} {seen.at_s - before.at_s:.0f} s before"
    most = f"more than {limits.step_per_min:g} {limits.unit} a minute"
    return f"{_said(limits, seen.value)} after {before_words}: {most}"
