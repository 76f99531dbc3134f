"""Which level a duty gets at a state of charge: the least important is shed first, saver before off."""

from __future__ import annotations

from dataclasses import dataclass

from edgepi.energy.governor import DutyNow, Situation
from edgepi.energy.sentences import percent
from edgepi.model import Decision, Importance

__all__ = ["Thresholds", "choose_level", "needed_soc", "until"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """States of charge (0..1) and times of the thresholds governor.

    Duties are shed one importance after the other between *node_on* and *node_off*; each comes back
    *duty_band* higher. A rest ends at *node_on*, or from *sun_on* on while the panel gives *sun_share*
    times what the node needs with everything on: sleeping on would save nothing. *dwell_s* is the least
    time between two changes of a duty, *awake_s* the least time between a start and a planned sleep, so
    that somebody can reach the node, *retry_s* how long a rest by day lasts. From an uncertainty of
    *unsure_sd* on no work starts.
    """

    node_off: float = 0.2
    node_on: float = 0.4
    sun_on: float = 0.26
    sun_share: float = 1.25
    compute_off: float = 0.5
    compute_on: float = 0.8
    duty_band: float = 0.06
    dwell_s: float = 120.0
    awake_s: float = 300.0
    retry_s: float = 7200.0
    unsure_sd: float = 0.2


_RISING = (Importance.LOW, Importance.NORMAL, Importance.HIGH, Importance.VITAL)


def needed_soc(duty: DutyNow, index: int, limits: Thresholds) -> float:
    """State of charge below which a level of a duty is given up."""
    rank = max(1, sum(duty.points_per_h >= word.points_per_h for word in _RISING))
    step = (limits.node_on - limits.node_off) / len(_RISING)
    off_at = limits.node_off + (len(_RISING) - rank) * step
    return off_at + step * (index - 1) / max(1, len(duty.levels) - 1)


def choose_level(
    duty: DutyNow, situation: Situation, limits: Thresholds, *, resting: bool
) -> tuple[str, Decision | None]:
    """Choose a level and say why; None while only the dwell time keeps it where it is."""
    if situation.soc is None:
        return _decision(duty, len(duty.levels) - 1, situation, "nothing measures a battery", "unmeasured")
    soc, index = situation.soc.soc, duty.index(duty.level)
    wanted = 0
    if not resting:
        ceiling = _allowed(duty, soc, limits)
        floor = _allowed(duty, soc - limits.duty_band, limits)
        wanted = min(max(index, floor), ceiling)
    if wanted != index and situation.monotonic_s - duty.since_s < limits.dwell_s:
        return duty.level, None
    why = _why(duty, wanted, soc, limits, resting=resting)
    return _decision(duty, wanted, situation, why, "resting" if resting else "charge")


def until(limits: Thresholds) -> str:
    """Say when a rest ends."""
    return f"until {percent(limits.node_on)}, in good sun until {percent(limits.sun_on)}"


def _allowed(duty: DutyNow, soc: float, limits: Thresholds) -> int:
    falling = range(len(duty.levels) - 1, 0, -1)
    return next((index for index in falling if soc >= needed_soc(duty, index, limits)), 0)


def _why(duty: DutyNow, index: int, soc: float, limits: Thresholds, *, resting: bool) -> str:
    if resting:
        return f"battery {percent(soc)}, the node rests {until(limits)}"
    if index == len(duty.levels) - 1:
        return f"battery {percent(soc)}"
    back = needed_soc(duty, index + 1, limits) + limits.duty_band
    return f"battery {percent(soc)}, {duty.levels[index + 1].name} again from {percent(back)}"


def _decision(duty: DutyNow, index: int, situation: Situation, why: str, cause: str) -> tuple[str, Decision]:
    level = duty.levels[index].name
    falls = 0 < index < duty.index(duty.level)
    numbers = {"power_w": duty.power_w(level)}
    if situation.soc is not None:
        numbers["battery_percent"] = situation.soc.soc * 100
    return level, Decision(
        time_utc=situation.now_utc,
        subject=duty.consumer,
        action="level",
        cause=f"{level}:{cause}",
        sentence=f"{'down to ' if falls else ''}{level}: {why}",
        numbers=numbers,
    )
