"""How warm the battery is, as a reading of somebody's shows it."""

from __future__ import annotations

from datetime import timedelta

from edgepi.clock import Clock
from edgepi.runtime.states import StateStore

__all__ = ["BatteryThermometer"]

_FRESH = timedelta(hours=1)


class BatteryThermometer:
    """Reads the state of an entity; called, it gives C, or None while that is not known or old."""

    def __init__(self, states: StateStore, clock: Clock, entity_id: str | None) -> None:
        self._states, self._clock, self._entity_id = states, clock, entity_id

    def __call__(self) -> float | None:
        """Look."""
        state = self._states.get(self._entity_id) if self._entity_id else None
        if state is None or isinstance(state.value, bool) or not isinstance(state.value, (int, float)):
            return None
        return float(state.value) if self._clock.now() - state.updated_utc <= _FRESH else None
