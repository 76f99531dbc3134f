"""What waits in memory for the next commit."""

from __future__ import annotations

import json
from collections.abc import Callable

from edgepi.clock import Clock
from edgepi.config.settings import RecorderSettings
from edgepi.model import Decision, DecisionMade, LeaseChanged, LevelChanged, StateChanged
from edgepi.recorder.retention import is_excluded
from edgepi.recorder.samples import FLOAT, INT, Point, Stored, encode, storable, to_decision
from edgepi.recorder.segments import Segments
from edgepi.recorder.writer import Batch, DecisionRow, Row

__all__ = ["Inbox"]

_COMMIT_AT = 20_000
_LATE_MAX_S = 3600.0
_REPEAT_MS = 300_000
_SUBJECTS_MAX = 500


class Inbox:
    """Turns events into rows and holds them, at most *capacity*; then the oldest is dropped and counted.

    *on_much* is called when so many rows wait that the next commit should not.
    """

    def __init__(
        self,
        settings: RecorderSettings,
        clock: Clock,
        segments: Segments,
        *,
        on_much: Callable[[], None],
        capacity: int = 200_000,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._segments = segments
        self._on_much = on_much
        self._capacity = capacity
        self._rows: list[Row] = []
        self._decisions: list[DecisionRow] = []
        self._excluded: dict[str, bool] = {}
        self._last: dict[str, tuple[int, int, Stored]] = {}
        self._said: dict[str, Decision] = {}
        self._places = 0
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._rows) + len(self._decisions)

    def add_state(self, event: StateChanged) -> None:
        """Note a state; what is no measurement and has not changed is noted every five minutes only."""
        state = event.new
        entity_id = state.entity_id
        if self._is_excluded(entity_id):
            return
        kind, value = encode(state)
        segment, t_ms = self._segments.current, self._segments.t_ms()
        seen_ms = segment.monotonic_ms + t_ms
        last = self._last.get(entity_id)
        if last and kind not in (FLOAT, INT) and last[1:] == (kind, value) and seen_ms - last[0] < _REPEAT_MS:
            return
        self._last[entity_id] = (seen_ms, kind, value)
        late_s = (self._clock.now() - state.updated_utc).total_seconds()
        # A wall clock that was set in between makes any age; such a row counts from when it came.
        late_ms = round(late_s * 1000) if 0 < late_s <= _LATE_MAX_S else 0
        self._rows.append((segment.index, t_ms - late_ms, entity_id, kind, value))
        if len(self._rows) >= _COMMIT_AT:
            self._bound()

    def add_decision(self, event: DecisionMade) -> None:
        """Note a decision with its sentence and numbers."""
        decision = event.decision
        self._said.pop(decision.subject, None)
        self._said[decision.subject] = decision
        if len(self._said) > _SUBJECTS_MAX:
            del self._said[next(iter(self._said))]
        self._decide(decision.subject, decision.action, decision.sentence, dict(decision.numbers))

    def add_level(self, event: LevelChanged) -> None:
        """Note that a duty runs at another level, unless the latest decision of it said so."""
        said = self._said.get(event.consumer)
        if said and said.action == "level" and said.cause.partition(":")[0] == event.new:
            return
        sentence = f"{event.consumer} went from {event.old} to {event.new}"
        self._decide(event.consumer, "level_changed", sentence, {})

    def add_lease(self, event: LeaseChanged) -> None:
        """Note that a lease moved on."""
        lease = event.lease
        sentence = lease.sentence or f"{lease.offer.title}: {lease.state.value}"
        numbers = {"used_wh": lease.used_wh, "run_s": lease.run_s}
        self._decide(lease.offer.offer_id, f"lease_{lease.state.value}", sentence, numbers)

    def take(self) -> Batch:
        """Hand out all that waits."""
        rows, self._rows = self._rows, []
        decisions, self._decisions = self._decisions, []
        return Batch(self._segments.all, rows, decisions)

    def put_back(self, batch: Batch) -> None:
        """Take back what could not be written."""
        self._rows[:0] = batch.rows
        self._decisions[:0] = batch.decisions
        self._bound()

    def points(self, entity_id: str) -> list[Point]:
        """Return what waits of an entity, with wall time in ms; what has no date yet is left out."""
        walls = [segment.wall_ms for segment in self._segments.all]
        return [
            (wall_ms + t_ms, kind, value)
            for index, t_ms, entity, kind, value in self._rows
            if entity == entity_id and (wall_ms := walls[index]) is not None
        ]

    def decided(self, start_ms: int, end_ms: int, subject: str | None) -> list[Decision]:
        """Return the decisions that wait, the newest first; what has no date yet is left out."""
        walls = [segment.wall_ms for segment in self._segments.all]
        return [
            to_decision(wall_ms + t_ms, *rest)
            for index, t_ms, _, *rest in reversed(self._decisions)
            if (wall_ms := walls[index]) is not None
            and start_ms <= wall_ms + t_ms <= end_ms
            and subject in (None, rest[0])
        ]

    def _is_excluded(self, entity_id: str) -> bool:
        known = self._excluded.get(entity_id)
        if known is None:
            known = is_excluded(self._settings, entity_id) or not entity_id.isprintable()
            self._excluded[entity_id] = known
        return known

    def _decide(self, subject: str, action: str, sentence: str, numbers: dict[str, float]) -> None:
        self._places += 1
        segment, t_ms = self._segments.current.index, self._segments.t_ms()
        texts = (storable(subject), storable(action), storable(sentence), json.dumps(numbers))
        self._decisions.append((segment, t_ms, self._places, *texts))
        self._bound()

    def _bound(self) -> None:
        for waiting in (self._rows, self._decisions):
            excess = len(waiting) - self._capacity
            if excess > 0:
                excess = min(len(waiting), excess + self._capacity // 20)
                del waiting[:excess]
                self.dropped += excess
        if len(self._rows) >= _COMMIT_AT:
            self._on_much()
