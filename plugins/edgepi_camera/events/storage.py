"""The room that a camera takes: what is there, and what goes. Everything here blocks."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from edgepi_camera.events.event import clip_name, picture_name
from edgepi_camera.events.retention import Drop, Item, Rules, to_drop
from edgepi_camera.events.stills import Stills
from edgepi_camera.events.store import EventStore
from edgepi_camera.events.timelapse import Timelapse

__all__ = ["Round", "Storage", "megabytes"]

EVENT, STILL, FILM = "event", "still", "film"


@dataclass(frozen=True, slots=True)
class Round:
    """What one look at the storage came to."""

    dropped: tuple[Drop, ...]
    stored_bytes: int
    free_bytes: int

    def sentence(self, rules: Rules) -> str | None:
        """What went and why, or None if nothing did."""
        if not self.dropped:
            return None
        counted = Counter(drop.item.kind for drop in self.dropped)
        what = ", ".join(f"{n} {kind}{'' if n == 1 else 's'}" for kind, n in counted.items())
        size = megabytes(sum(drop.item.bytes for drop in self.dropped))
        words = {
            "age": f"older than {rules.days:g} days",
            "size": f"more than {megabytes(rules.size)} together",
            "free": f"less than {megabytes(rules.free)} left free on the disk",
        }
        whys = dict.fromkeys(words[drop.why] for drop in self.dropped)
        return f"removed {what} ({size}): {', '.join(whys)}"


class Storage:
    """Events, stills and films of one camera, on one disk."""

    def __init__(
        self, folder: Path, store: EventStore, stills: Stills, films: Timelapse, rules: Rules
    ) -> None:
        self._folder = folder
        self._store = store
        self._stills = stills
        self._films = films
        self._rules = rules

    def free_bytes(self) -> int:
        """What is free of the disk; raises OSError."""
        self._folder.mkdir(parents=True, exist_ok=True)
        return shutil.disk_usage(self._folder).free

    def tidy(self, now_utc: datetime | None, in_progress: Collection[str]) -> Round:
        """Remove what has to go; raises OSError, RecorderError."""
        items = [item for item in self._items() if item.kind != EVENT or item.name not in in_progress]
        drops = to_drop(items, self._rules, now_utc=now_utc, free_bytes=self.free_bytes())
        self._remove(drops)
        total = sum(item.bytes for item in items) - sum(drop.item.bytes for drop in drops)
        return Round(tuple(drops), total, self.free_bytes())

    def remove_event(self, event_id: str) -> None:
        """Remove one event with its files; the row last, so that nothing is left behind unseen."""
        for name in (clip_name, picture_name):
            name(self._folder, event_id).unlink(missing_ok=True)
        self._store.forget([event_id])

    def _items(self) -> list[Item]:
        events = [
            Item(
                kind=EVENT,
                name=event.event_id,
                bytes=event.bytes,
                at_utc=event.began_utc if event.dated else None,
                number=event.number or 0,
                kept=event.kept,
            )
            for event in self._store.all()
        ]
        stills = [
            Item(kind=STILL, name=still.name, bytes=still.bytes, at_utc=still.at_utc)
            for still in self._stills.all()
        ]
        films = [
            Item(
                kind=FILM,
                name=film.day,
                bytes=film.bytes,
                at_utc=datetime.fromisoformat(f"{film.day}T12:00:00+00:00"),
            )
            for film in self._films.all()
        ]
        return [*events, *stills, *films]

    def _remove(self, drops: Sequence[Drop]) -> None:
        gone = [drop.item.name for drop in drops if drop.item.kind == EVENT]
        for event_id in gone:
            for name in (clip_name, picture_name):
                name(self._folder, event_id).unlink(missing_ok=True)
        for drop in drops:
            if drop.item.kind == STILL and (path := self._stills.named(drop.item.name)) is not None:
                self._stills.drop(path)
            elif drop.item.kind == FILM:
                (self._films.folder / f"{drop.item.name}.mp4").unlink(missing_ok=True)
        if gone:
            self._store.forget(gone)


def megabytes(size: int) -> str:
    """A size for people."""
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"
