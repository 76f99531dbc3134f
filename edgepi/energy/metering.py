"""Holds what the supply shows against what runs, while it runs steadily."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edgepi.energy.flows import Flows
from edgepi.energy.governor import LearnedLoad, Situation
from edgepi.energy.loads import LoadMeter
from edgepi.energy.wants import parts

__all__ = ["Metering"]

_LONG_H = 0.2
_LONGEST_H = 1.0
_SETTLING_S = 60.0


class Metering:
    """Learns powers; *scales* and *loads* are replaced, never changed."""

    def __init__(self) -> None:
        self.scales: Mapping[str, float] = {}
        self.loads: tuple[LearnedLoad, ...] = ()
        self._meter = LoadMeter()
        self._before: tuple[float, Mapping[str, float]] | None = None
        self._steady_s = 0.0

    def take(self, situation: Situation) -> None:
        """Learn from the time since the last look; a short one only where nothing changed of late."""
        now_s, ran = situation.monotonic_s, parts(situation)
        before, self._before = self._before, (now_s, ran)
        if before is None or before[1] != ran:
            self._steady_s = now_s
        hours = 0.0 if before is None else (now_s - before[0]) / 3600.0
        drawn_w = _drawn_w(situation)
        steady = now_s - self._steady_s >= _SETTLING_S or hours >= _LONG_H
        if drawn_w is None or not steady or not 0.0 < hours <= _LONGEST_H:
            return
        self._meter.learn(ran, drawn_w, hours)
        self._show()

    def _show(self) -> None:
        self.scales, self.loads = self._meter.scales(), self._meter.loads()

    def memory(self) -> dict[str, Any]:
        """What must outlive a restart."""
        return self._meter.memory()

    def recall(self, memory: Any) -> None:
        """Take over an earlier `memory`."""
        if isinstance(memory, Mapping):
            self._meter.recall(memory)
            self._show()


def _drawn_w(situation: Situation) -> float | None:
    """What the node draws from the battery, measured behind the converter or as input less battery."""
    if situation.supply is None:
        return None
    flows = Flows.of(situation.supply)
    if flows.output_w is not None:
        return flows.output_w / situation.board.converter_efficiency
    if flows.input_w is not None and flows.battery_w is not None:
        return max(0.0, flows.input_w - flows.battery_w)
    return None
