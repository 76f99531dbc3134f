"""An event: from motion that is confirmed until there was none for a while."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from edgepi_camera.model import Sight

__all__ = ["Event", "Events", "identities"]

BETTER = 1.15


@dataclass(slots=True)
class Event:
    """What is known of it so far; *rating* is that of the best picture, score times size.

    *looked*: whether a model was asked for its labels. *follows*: it goes on with one that was too long.
    """

    id: str
    began_s: float
    last_s: float
    score: float = 0.0
    rating: float = 0.0
    motion_s: float = 0.0
    zones: set[str] = field(default_factory=set)
    labels: set[str] = field(default_factory=set)
    looked: bool = False
    follows: bool = False
    boxes: list[dict[str, Any]] = field(default_factory=list)
    clip: str | None = None
    picture: str | None = None
    reason: str = ""
    clip_s: float = 0.0
    size: int = 0

    @property
    def blank(self) -> bool:
        """Whether it was begun for motion that turned out to be over."""
        return self.follows and self.motion_s <= 0 and not self.boxes

    def fields(self) -> dict[str, Any]:
        """For a message."""
        return {
            "id": self.id,
            "score": round(self.score, 3),
            "zones": sorted(self.zones),
            "labels": sorted(self.labels),
            "boxes": self.boxes,
            "clip": self.clip,
            "picture": self.picture,
            "motion_s": round(self.motion_s, 3),
            "reason": self.reason,
            "clip_s": round(self.clip_s, 3),
            "bytes": self.size,
        }


def identities() -> Iterator[str]:
    """Names of twenty characters that no two processes share; those of one process sort by age."""
    own = secrets.token_hex(6)
    for number in itertools.count():
        yield f"{own}-{number:07d}"


class Events:
    """Follows what the detector says; an event is over *after_s* seconds after its last motion."""

    def __init__(self, after_s: float, identify: Callable[[], str]) -> None:
        self._after_s = after_s
        self._identify = identify
        self._seen_s = 0.0
        self._ended_s = float("-inf")
        self.current: Event | None = None

    def see(self, sight: Sight) -> bool:
        """Take what was seen; whether an event began with it."""
        if not sight.moving:
            self._seen_s = sight.time_s
            return False
        began = self.current is None
        if self.current is None:
            since_s = sight.began_s if sight.began_s is not None else sight.time_s
            self._seen_s = self.begin(min(max(since_s, self._ended_s), sight.time_s)).began_s
        event = self.current
        assert event is not None
        event.motion_s += max(0.0, sight.time_s - max(self._seen_s, event.last_s))
        event.last_s = self._seen_s = sight.time_s
        event.score = max(event.score, sight.score)
        event.zones.update(zone for box in sight.boxes for zone in box.zones)
        return began

    def begin(self, time_s: float) -> Event:
        """Begin an event at *time_s*, whatever was before."""
        self.current = Event(self._identify(), time_s, time_s)
        return self.current

    def better(self, sight: Sight) -> bool:
        """Whether this is the best picture of the event so far; then its boxes are kept."""
        event = self.current
        if event is None or not sight.boxes:
            return False
        rating = max(max(box.score, 0.01) * box.width * box.height for box in sight.boxes)
        if rating <= event.rating * BETTER:
            return False
        event.rating = rating
        event.boxes = [asdict(box) for box in sight.boxes]
        return True

    def over(self, time_s: float) -> bool:
        """Whether the event in progress has had its seconds of quiet."""
        return self.current is not None and time_s - self.current.last_s >= self._after_s

    def end(self, reason: str) -> Event | None:
        """Take the event in progress away."""
        event, self.current = self.current, None
        self._ended_s = self._seen_s
        if event is not None and not event.reason:
            event.reason = reason
        return event
