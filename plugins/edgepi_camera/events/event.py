"""One event as it is kept and shown."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

__all__ = ["EVENT_ID", "Event", "clip_name", "is_event_id", "picture_name"]

EVENT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """*number* counts up as events are kept, whatever the clock says; None before.

    *ended_utc* None is in progress, or cut off. *dated* is whether the clock could be believed.
    """

    event_id: str
    began_utc: datetime
    ended_utc: datetime | None = None
    clip_s: float | None = None
    score: float = 0.0
    zones: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    clip: bool = False
    picture: bool = False
    bytes: int = 0
    kept: bool = False
    reason: str = ""
    dated: bool = True
    number: int | None = None

    def shown(self) -> dict[str, Any]:
        """As the page is told."""
        return {
            "id": self.event_id,
            "began_utc": self.began_utc.isoformat(),
            "ended_utc": None if self.ended_utc is None else self.ended_utc.isoformat(),
            "clip_s": self.clip_s,
            "score": round(self.score, 3),
            "zones": list(self.zones),
            "labels": list(self.labels),
            "clip": f"events/{self.event_id}/clip.mp4" if self.clip else None,
            "picture": f"events/{self.event_id}/picture.jpg" if self.picture else None,
            "bytes": self.bytes,
            "kept": self.kept,
            "reason": self.reason,
            "dated": self.dated,
        }


def is_event_id(text: object) -> bool:
    """Whether it can be the name of an event, and of a file without leading elsewhere."""
    return isinstance(text, str) and EVENT_ID.fullmatch(text) is not None


def clip_name(folder: Path, event_id: str) -> Path:
    """Where its clip lies."""
    return folder / f"{event_id}.mp4"


def picture_name(folder: Path, event_id: str) -> Path:
    """Where its best picture lies."""
    return folder / f"{event_id}.jpg"
