"""Events from what the detector said picture by picture."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from edgepi_camera.model import Sight

__all__ = ["Spell", "Spells"]


@dataclass(slots=True, kw_only=True)
class Spell:
    """Motion from *began_s* to *ended_s* of the film; *best_s* is where it was surest."""

    began_s: float
    ended_s: float
    score: float = 0.0
    best_s: float = 0.0
    zones: set[str] = field(default_factory=set)

    def to_json(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "start_s": round(self.began_s, 2),
            "end_s": round(self.ended_s, 2),
            "score": round(self.score, 3),
            "best_s": round(self.best_s, 2),
            "zones": sorted(self.zones),
        }


class Spells:
    """Gathers motion into events; what comes within *gap_s* of the last belongs to it, as in a clip."""

    def __init__(self, gap_s: float) -> None:
        self.all: list[Spell] = []
        self._gap_s = gap_s

    def add(self, sight: Sight) -> bool:
        """Take in the next; True if this picture is the best of its event so far."""
        if not sight.moving:
            return False
        began_s = sight.time_s if sight.began_s is None else sight.began_s
        if not self.all or began_s - self.all[-1].ended_s > self._gap_s:
            self.all.append(Spell(began_s=began_s, ended_s=sight.time_s, score=-1.0))
        spell = self.all[-1]
        spell.ended_s = max(spell.ended_s, sight.time_s)
        spell.zones |= {zone for box in sight.boxes for zone in box.zones}
        if sight.score <= spell.score:
            return False
        spell.score, spell.best_s = sight.score, sight.time_s
        return True
