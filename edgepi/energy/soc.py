"""State of charge from what is measured: voltage, current, a board's own percentage, or nothing.

Charge is counted where a current is known, and pulled towards what the voltage says: hardly where
the rest curve is flat, firmly where it is steep. A voltage may stand off its rest curve for
hours, so readings that follow each other count as one; how far it stands off, the meter's offset
and what a counted watt-hour is worth are estimated along with the charge (see `belief`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edgepi.energy.battery import Battery
from edgepi.energy.belief import DOWN, OFFSET, PARTS, SLOW, SOC, UP, Belief, faded

__all__ = ["REMEMBERED", "Current", "Learned", "SocEstimate", "SocEstimator"]

REMEMBERED = "remembered"

_SD_MIN, _SD_MAX = 0.01, 0.30
_BOARD_SD = 0.05
_CORRELATION_H = 1.0
_LONGEST_STEP_S = 900.0
# A charger ends a little before or at what the cell can hold.
_FULL, _FULL_SD = 0.985, 0.015
_HELD, _HELD_SD = 0.95, 0.05
# 61 mV is the step of the coarsest board in use; its error stays as long as the voltage does.
_NOISE_V, _NOISE_H = 0.02, 0.5
# The battery passes the same places of the table day by day, and finds the same error there.
_TABLE_H = 48.0
_OFFSET_A, _OFFSET_DRIFT_A = 0.01, 0.002
_WORTH_COMMON, _WORTH_OWN, _WORTH_DRIFT = 0.12, 0.05, 0.01
_WORTH_DOUBT, _WORTH_MOST = 0.1, 0.5
# A current that nobody measured: how much (of the capacity in an hour), and how long it lasts.
_BLIND_PER_H, _BLIND_H = 1.0 / 24.0, 3.0
# A voltage this many standard deviations off, for this long, means that the charge was wrong.
_SURPRISE, _SURPRISE_H, _CALM_PER_H, _APART = 3.0, 5.0 / 60.0, 0.1, 0.1


@dataclass(frozen=True, slots=True)
class SocEstimate:
    """State of charge (0..1) with its standard deviation and what it rests on."""

    soc: float
    sd: float
    source: str


@dataclass(frozen=True, slots=True)
class Current:
    """A current that is not measured but can be said something of (A, positive while charging)."""

    mean_a: float
    sd_a: float


@dataclass(frozen=True, slots=True)
class Learned:
    """What was learned of meter and battery: the offset (A), and what a Wh counted in or out moves.

    *up* and *down* are beyond what stated capacity and usual efficiency make expect (0.1: a tenth
    more); *together* is what the errors of both have in common (covariance).
    """

    offset_a: float
    offset_sd_a: float
    up: float
    down: float
    up_sd: float
    down_sd: float
    together: float


class SocEstimator:
    """Keeps the estimate; fed with readings and monotonic time, asks nothing of the world."""

    def __init__(self, battery: Battery) -> None:
        self._battery = battery
        self._slow_sd = math.hypot(battery.facts.hysteresis_v, battery.facts.table_v) * battery.cells
        self._belief = _prior(self._slow_sd)
        self._known = False
        self._at_s: float | None = None
        self._source = ""
        self._recalled = False
        self._beyond_h = 0.0

    def update(
        self,
        monotonic_s: float,
        *,
        voltage_v: float | None = None,
        current_a: float | None = None,
        percent: float | None = None,
        likely: Current | None = None,
    ) -> SocEstimate | None:
        """Take in a reading (current positive while charging); None as long as nothing ever came.

        *likely* is what can be said of a current that is not measured.
        """
        blind = Current(0.0, _BLIND_PER_H * self._battery.capacity_ah)
        flow = likely or blind if current_a is None else Current(current_a, 0.0)
        step_h = self._advance(monotonic_s, voltage_v, flow, blind)
        if percent is not None:
            self._believe(_share(percent), _BOARD_SD, step_h)
        elif voltage_v is not None:
            self._read(voltage_v, flow, step_h, metered=current_a is not None)
        if percent is not None or voltage_v is not None:
            self._source, self._recalled = _source(voltage_v, current_a, percent), False
        elif self._known and current_a is None:
            self._source = REMEMBERED
        return self.estimate

    @property
    def estimate(self) -> SocEstimate | None:
        """The latest estimate."""
        if not self._known:
            return None
        sd = math.sqrt(max(0.0, self._belief.cov[SOC][SOC]))
        return SocEstimate(self._belief.mean[SOC], min(max(_SD_MIN, sd), _SD_MAX), self._source)

    @property
    def learned(self) -> Learned:
        """What was learned of meter and battery."""
        mean, cov = self._belief.mean, self._belief.cov
        sd = [math.sqrt(max(0.0, cov[i][i])) for i in range(PARTS)]
        return Learned(mean[OFFSET], sd[OFFSET], mean[UP], mean[DOWN], sd[UP], sd[DOWN], cov[UP][DOWN])

    # Counting -----------------------------------------------------------------------------

    def _advance(self, now_s: float, voltage_v: float | None, flow: Current, blind: Current) -> float:
        """Let the time since the last reading pass; returns its hours."""
        previous_s, self._at_s = self._at_s, now_s
        if previous_s is None or now_s <= previous_s:
            return 0.0
        step_s = now_s - previous_s
        hours = step_s / 3600.0
        if self._known:
            self._count(flow if step_s <= _LONGEST_STEP_S else blind, voltage_v, hours)
        self._creep(flow, hours)
        worth_most = _WORTH_COMMON**2 + _WORTH_OWN**2
        self._belief.drift(OFFSET, _OFFSET_DRIFT_A**2 * hours / 24.0, self._offset_sd**2)
        for part in (UP, DOWN):
            self._belief.drift(part, _WORTH_DRIFT**2 * hours / 24.0, worth_most)
        return hours

    @property
    def _offset_sd(self) -> float:
        return max(_OFFSET_A, self._battery.capacity_ah * 0.0008)

    def _count(self, flow: Current, voltage_v: float | None, hours: float) -> None:
        battery, mean = self._battery, self._belief.mean
        # A protection that has opened shows no voltage, yet charging may go on.
        volts = max(voltage_v or 0.0, 0.75 * battery.nominal_v)
        per_ah = volts / battery.capacity_wh
        per_a = per_ah * hours
        amps = flow.mean_a - mean[OFFSET] if flow.sd_a == 0.0 else flow.mean_a
        part, side = (UP, battery.facts.efficiency) if amps > 0.0 else (DOWN, 1.0 / battery.facts.efficiency)
        leak = battery.facts.loss_per_month * hours / 720.0
        slopes = [-leak, 0.0, 0.0, 0.0, 0.0]
        if flow.sd_a == 0.0:
            slopes[part] = amps * per_a * side
            slopes[OFFSET] = -per_a * side * (1.0 + mean[part])
        change = amps * per_a * side * (1.0 + mean[part]) - leak * mean[SOC]
        noise = (flow.sd_a * per_ah) ** 2 * 2.0 * _BLIND_H * hours + (0.0005**2) * hours
        self._belief.move(change, slopes, noise)
        self._belief.cov[SOC][SOC] = min(self._belief.cov[SOC][SOC], _SD_MAX**2)

    def _creep(self, flow: Current, hours: float) -> None:
        """Let the voltage creep towards where a lasting current takes it."""
        facts, cells = self._battery.facts, self._battery.cells
        way = max(-1.0, min(1.0, flow.mean_a / (0.02 * self._battery.capacity_ah)))
        drop_v = facts.slow_ratio * self._battery.resistance_ohm * flow.mean_a
        spread_v = facts.slow_ratio * self._battery.resistance_ohm * (abs(flow.mean_a) / 2.0 + flow.sd_a)
        target = way * facts.hysteresis_v * cells + drop_v
        self._belief.fade(SLOW, target, faded(hours, facts.rest_h), math.hypot(self._slow_sd, spread_v))

    # Measuring ----------------------------------------------------------------------------

    def _read(self, voltage_v: float, flow: Current, step_h: float, *, metered: bool) -> None:
        """Take in a voltage: what it says of the charge, and whether the battery is full."""
        battery = self._battery
        noise_v = math.hypot(_NOISE_V, battery.resistance_ohm * (flow.sd_a + 0.5 * abs(flow.mean_a)))
        self._weigh(voltage_v, noise_v, flow, step_h)
        if voltage_v >= battery.facts.full_v * battery.cells:
            little_a = battery.facts.full_per_h * battery.capacity_ah
            if metered and -0.1 * little_a <= flow.mean_a <= little_a:
                self._believe(_FULL, _FULL_SD, step_h, least=_FULL_SD)
            elif self._belief.mean[SOC] < _HELD:
                self._believe(_HELD, _HELD_SD, step_h, least=_HELD_SD)

    def _surprised(self, beyond: bool, flow: Current, step_h: float) -> bool:
        """Whether a voltage that was not to be expected has lasted, without much current to blame."""
        calm = abs(flow.mean_a) <= _CALM_PER_H * self._battery.capacity_ah
        self._beyond_h = self._beyond_h + step_h if beyond and calm else 0.0
        return beyond and calm and (self._recalled or self._beyond_h >= _SURPRISE_H)

    def _weigh(self, voltage_v: float, noise_v: float, flow: Current, step_h: float) -> None:
        battery, belief = self._battery, self._belief
        rest_v = voltage_v - flow.mean_a * battery.resistance_ohm - belief.mean[SLOW]
        doubt_v = math.hypot(noise_v, math.sqrt(max(0.0, belief.cov[SLOW][SLOW])))
        seen = battery.soc_at_rest(rest_v)
        per_v = _steepness(battery, rest_v, doubt_v)
        if not self._known:
            self._begin(seen, per_v, doubt_v)
            return
        weight = self._weight(step_h, _NOISE_H)
        if weight is None:
            return
        expected_v = battery.rest_v(belief.mean[SOC])
        own_v = math.sqrt(max(0.0, belief.cov[SOC][SOC])) / max(
            _steepness(battery, expected_v, doubt_v), 1e-6
        )
        beyond_v = _SURPRISE * math.hypot(own_v, math.hypot(doubt_v, noise_v * math.sqrt(weight)))
        # A charger holds a full cell far above its table: what counts is the charge that a voltage means.
        apart = abs(rest_v - expected_v) > beyond_v and abs(seen - belief.mean[SOC]) > _APART
        if self._surprised(apart, flow, step_h):
            belief.doubt(min(_SD_MAX, abs(seen - belief.mean[SOC])) ** 2)
            self._doubt_worth()
        table = (per_v * battery.facts.table_v * battery.cells) ** 2
        variance = (per_v * noise_v) ** 2 * weight + table * (self._weight(step_h, _TABLE_H) or 1.0)
        belief.see(seen - belief.mean[SOC], [1.0, per_v, 0.0, 0.0, 0.0], variance, table)

    def _doubt_worth(self) -> None:
        """Allow that the battery holds much more or less than stated."""
        more, belief = _WORTH_DOUBT**2, self._belief
        if belief.cov[UP][UP] + more <= _WORTH_MOST**2:
            for one, other in ((UP, UP), (DOWN, DOWN), (UP, DOWN)):
                belief.tie(one, other, belief.cov[one][other] + more)

    def _begin(self, seen: float, per_v: float, doubt_v: float) -> None:
        belief = self._belief
        belief.mean[SOC], self._known = seen, True
        belief.cov[SOC][SOC] = min(_SD_MAX, math.hypot(per_v * doubt_v, 0.02)) ** 2
        slow = belief.cov[SLOW][SLOW]
        belief.tie(SOC, SLOW, -min(per_v, 0.99 * math.sqrt(belief.cov[SOC][SOC] / slow)) * slow)

    def _believe(self, soc: float, sd: float, step_h: float, *, least: float = 0.0) -> None:
        """Take in a charge that somebody else knows."""
        if not self._known:
            self._belief.mean[SOC], self._known = soc, True
            self._belief.cov[SOC][SOC] = sd**2
            return
        weight = self._weight(step_h, _CORRELATION_H)
        if weight is not None:
            slopes = [1.0, 0.0, 0.0, 0.0, 0.0]
            self._belief.see(soc - self._belief.mean[SOC], slopes, sd**2 * weight, least**2)

    def _weight(self, step_h: float, correlation_h: float) -> float | None:
        """How many readings like this one count as one; None if no time has passed."""
        if self._recalled:
            # After a night off the first reading tells all that the next hour will.
            return 1.0
        return max(1.0, correlation_h / step_h) if step_h > 0.0 else None

    # Memory -------------------------------------------------------------------------------

    def memory(self) -> dict[str, Any]:
        """What must outlive a restart."""
        estimate = self.estimate
        if estimate is None:
            return {}
        return {"soc": estimate.soc, "sd": estimate.sd, "belief": self._belief.memory()}

    def recall(self, memory: Mapping[str, Any], *, off_h: float = 0.0) -> None:
        """Take over what was known *off_h* hours ago."""
        try:
            soc, sd = float(memory["soc"]), float(memory["sd"])
        except (KeyError, TypeError, ValueError):
            return
        if not (0.0 <= soc <= 1.0 and 0.0 <= sd <= 1.0):
            return
        try:
            self._belief = Belief.recall(memory["belief"])
        except (KeyError, TypeError, ValueError):
            self._belief = _prior(self._slow_sd)
        off_h = max(0.0, off_h)
        belief = self._belief
        belief.mean[SOC] = soc
        drift = (_BLIND_PER_H**2) * 2.0 * _BLIND_H * off_h
        if off_h > 0.0:
            belief.fade(SLOW, 0.0, faded(off_h, self._battery.facts.rest_h), self._slow_sd)
            belief.doubt(min(_SD_MAX**2, sd**2 + drift))
        belief.cov[SOC][SOC] = min(_SD_MAX**2, sd**2 + drift)
        self._source, self._known, self._recalled = REMEMBERED, True, True


def _prior(slow_sd: float) -> Belief:
    worth = math.hypot(_WORTH_COMMON, _WORTH_OWN)
    belief = Belief([0.5, 0.0, 0.0, 0.0, 0.0], [_SD_MAX, slow_sd, _OFFSET_A, worth, worth])
    belief.tie(UP, DOWN, _WORTH_COMMON**2)
    return belief


def _steepness(battery: Battery, voltage_v: float, spread_v: float) -> float:
    """How much charge a volt more stands for, over the spread of what a voltage may mean."""
    curve = battery.facts.rest_curve
    half = max(spread_v, 0.005 * battery.cells)
    low, high = curve[0][0] * battery.cells, curve[-1][0] * battery.cells
    middle = min(max(voltage_v, low + half), high - half)
    return (battery.soc_at_rest(middle + half) - battery.soc_at_rest(middle - half)) / (2.0 * half)


def _share(percent: float) -> float:
    return max(0.0, min(1.0, percent / 100.0))


def _source(voltage_v: float | None, current_a: float | None, percent: float | None) -> str:
    if percent is not None:
        return "board"
    if voltage_v is not None and current_a is not None:
        return "voltage and current"
    return "voltage"
