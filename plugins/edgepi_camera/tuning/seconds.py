"""What the detector saw, second by second."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from edgepi_camera.model import Sight

__all__ = ["Second", "Seconds"]


@dataclass(slots=True)
class Second:
    """One second: the largest share that changed, the most boxes, pictures with motion of all, notes."""

    at_s: int
    pictures: int = 0
    moving: int = 0
    changed: float = 0.0
    boxes: int = 0
    score: float = 0.0
    notes: set[str] = field(default_factory=set)

    def to_json(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "at_s": self.at_s,
            "pictures": self.pictures,
            "moving": self.moving,
            "changed_percent": round(100 * self.changed, 2),
            "boxes": self.boxes,
            "score": round(self.score, 3),
            "notes": sorted(self.notes),
        }


class Seconds:
    """Gathers sights into seconds."""

    def __init__(self) -> None:
        self.all: list[Second] = []

    def add(self, sight: Sight) -> None:
        """Take in the next."""
        at_s = int(sight.time_s)
        if not self.all or self.all[-1].at_s != at_s:
            self.all.append(Second(at_s))
        second = self.all[-1]
        second.pictures += 1
        second.moving += sight.moving
        second.changed = max(second.changed, sight.changed)
        second.boxes = max(second.boxes, len(sight.boxes))
        second.score = max(second.score, sight.score)
        if sight.note:
            second.notes.add(sight.note)
