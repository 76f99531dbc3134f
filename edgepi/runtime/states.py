"""The latest that is known of every entity."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from edgepi.clock import Clock
from edgepi.model import Availability, ReadingDescription, State, StateChanged, Value
from edgepi.runtime.bus import EventBus

__all__ = ["EntityInfo", "StateStore"]


@dataclass(frozen=True, slots=True)
class EntityInfo:
    """What an entity measures and which plugin instance it belongs to."""

    description: ReadingDescription
    plugin: str
    instance: str


class StateStore:
    """States by entity id; each write is published as `StateChanged`.

    A state is *known* and has a value, or *unknown* (not yet measured, or nothing to
    say), or *unavailable* (cannot be measured now, with a reason). *mask* takes secrets out
    of reasons and of values that are text.
    """

    def __init__(self, bus: EventBus, clock: Clock, *, mask: Callable[[str], str] = str) -> None:
        self._publish = bus.publish
        self._mask = mask
        self._clock = clock
        self._states: dict[str, State] = {}
        self._entities: dict[str, EntityInfo] = {}

    def describe(self, entity_id: str, info: EntityInfo) -> None:
        """Announce an entity; it is unknown until its first value."""
        self._entities[entity_id] = info
        if entity_id not in self._states:
            self.set(entity_id, None, source=info.instance)

    def set(
        self,
        entity_id: str,
        value: Value | None,
        *,
        availability: Availability = Availability.KNOWN,
        source: str,
        reason: str | None = None,
        time_utc: datetime | None = None,
    ) -> State:
        """Write a state; without *time_utc* it counts from now, a value of None is unknown."""
        if availability is not Availability.KNOWN:
            value = None
        elif value is None:
            availability = Availability.UNKNOWN
        if isinstance(value, str):
            value = self._mask(value)
        if reason:
            reason = self._mask(reason)
        now = time_utc or self._clock.now()
        old = self._states.get(entity_id)
        same = old is not None and old.value == value and old.availability is availability
        changed = old.changed_utc if old is not None and same else now
        new = State(entity_id, value, availability, now, changed, source, reason)
        self._states[entity_id] = new
        self._publish(StateChanged(old, new))
        return new

    def get(self, entity_id: str) -> State | None:
        """Look up a state."""
        return self._states.get(entity_id)

    def all(self) -> dict[str, State]:
        """Copy all states, by entity id."""
        return dict(self._states)

    def info(self, entity_id: str) -> EntityInfo | None:
        """Look up what an entity is."""
        return self._entities.get(entity_id)

    def entities(self) -> dict[str, EntityInfo]:
        """Copy what all described entities are, by entity id."""
        return dict(self._entities)
