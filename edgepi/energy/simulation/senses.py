"""What the simulated node sees of its battery: the truth, a coarse voltage, or voltage and current."""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt
from random import Random
from typing import Protocol

from edgepi.energy.battery import Battery
from edgepi.energy.simulation.cell import CellVoltage
from edgepi.energy.soc import Current, SocEstimate, SocEstimator

__all__ = ["Sense", "make_sense"]

_STEP_V = 0.0613
_MEMORY = 0.98
_GAIN, _OFFSET_A = 1.03, 0.01
_READ_S, _AWAKE_S = 600.0, 2700.0

Guess = Callable[[], Current]


class Sense(Protocol):
    """Turns true charge and current into an estimate."""

    def see(self, now_s: float, soc: float, battery_w: float, *, likely: Guess | None = None) -> SocEstimate:
        """Estimate from the truth at a time (s): charge (0..1) and power into the battery.

        *likely* says what the node can tell of its battery's current without a meter; asked only if needed.
        """


class _True:
    """The truth, with an error that wanders slowly (standard deviation *sd*)."""

    def __init__(self, sd: float, seed: int) -> None:
        self._sd, self._error = sd, 0.0
        self._random = Random(seed)  # noqa: S311 (a meter's error, no secret)

    def see(
        self,
        now_s: float,  # noqa: ARG002
        soc: float,
        battery_w: float,  # noqa: ARG002
        *,
        likely: Guess | None = None,  # noqa: ARG002
    ) -> SocEstimate:
        """Charge with the wandering error."""
        if self._sd:
            fresh = self._random.gauss(0.0, self._sd) * sqrt(1.0 - _MEMORY**2)
            self._error = _MEMORY * self._error + fresh
        return SocEstimate(min(max(soc + self._error, 0.0), 1.0), self._sd, "board")


class _Measured:
    """Voltage in steps of 61 mV, and current if *metered*, through the node's own estimator.

    The voltage is that of a cell which is harder to read than the estimator's table; the meter is
    3 % and 10 mA off.
    """

    def __init__(self, battery: Battery, *, metered: bool, full: float) -> None:
        self._battery, self._metered, self._full = battery, metered, full
        self._estimator = SocEstimator(battery)
        self._cell = CellVoltage(battery)
        self._last: tuple[float, float] | None = None

    def see(self, now_s: float, soc: float, battery_w: float, *, likely: Guess | None = None) -> SocEstimate:
        """Charge as the estimator makes it of what a board would have read since the last time."""
        since_s, before = self._last or (now_s, soc)
        self._last = now_s, soc
        if now_s - since_s > _AWAKE_S:
            self._sleep((now_s - since_s) / 3600.0)
            since_s, before = now_s, soc
        parts = max(1, round((now_s - since_s) / _READ_S))
        guess = None if self._metered or likely is None else likely()
        found = None
        for part in range(1, parts + 1):
            share = part / parts
            between = before + (soc - before) * share
            hours = (now_s - since_s) / parts / 3600.0
            found = self._read(since_s + (now_s - since_s) * share, between, battery_w, hours, guess)
        assert found is not None
        return found

    def _read(
        self, at_s: float, soc: float, battery_w: float, hours: float, guess: Current | None
    ) -> SocEstimate | None:
        # What the cell stores is less than what flows in, and more flows off than comes out.
        side = self._battery.facts.efficiency
        flow_w = battery_w / side if battery_w > 0.0 else battery_w * side
        current_a = flow_w / max(self._battery.rest_v(soc), 1e-6)
        self._cell.step(current_a, hours)
        volts = self._cell.terminal_v(soc, current_a)
        if soc >= self._full and battery_w >= 0.0:
            volts = self._battery.facts.absorb_v * self._battery.cells
        volts = round(volts / _STEP_V) * _STEP_V
        if self._metered:
            return self._estimator.update(at_s, voltage_v=volts, current_a=_GAIN * current_a + _OFFSET_A)
        return self._estimator.update(at_s, voltage_v=volts, likely=guess)

    def _sleep(self, hours: float) -> None:
        """Let the node have been off: what it knew it reads from its card."""
        memory, self._estimator = self._estimator.memory(), SocEstimator(self._battery)
        self._estimator.recall(memory, off_h=hours)
        self._cell.step(0.0, hours)


def make_sense(kind: str, battery: Battery, *, sd: float = 0.0, seed: int = 1, full: float = 0.98) -> Sense:
    """Make one of ``true``, ``voltage``, ``fused``; *full* is where the charger ends."""
    if kind == "true":
        return _True(sd, seed)
    return _Measured(battery, metered=kind == "fused", full=full - 1e-6)
