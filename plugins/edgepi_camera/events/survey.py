"""What a cut left behind: rows without an end, files without a row, rows without files. Blocks."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from edgepi_camera.events.event import Event, clip_name, picture_name
from edgepi_camera.events.store import EventStore

__all__ = ["CutOff", "adopted", "lost_files", "survey", "with_files"]

CUT = "cut off"
# Of what is not in the index only what a camera's process has named: the rest belongs to others, and would be
# removed with the oldest.
OURS = re.compile(r"[0-9a-f]{12}-[0-9]{7,}")


@dataclass(frozen=True, slots=True)
class CutOff:
    """An event whose end nobody wrote down; *event* is what was known of it, *written_utc* of its files."""

    event_id: str
    event: Event | None
    written_utc: datetime


def survey(
    folder: Path, store: EventStore, in_progress: Collection[str], now_utc: datetime
) -> Iterator[CutOff]:
    """Find those that were cut off, and those of which only files are known, oldest first."""
    rows = {event.event_id: event for event in store.all()}
    files: dict[str, float] = {}
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.suffix in {".mp4", ".jpg"} and (path.stem in rows or OURS.fullmatch(path.stem)):
            files[path.stem] = max(path.stat().st_mtime, files.get(path.stem, 0.0))
    cut = {event_id for event_id, event in rows.items() if event.ended_utc is None}
    for event_id in sorted(
        {*cut, *(set(files) - set(rows))} - set(in_progress), key=lambda i: files.get(i, 0.0)
    ):
        event = rows.get(event_id)
        written_s = files.get(event_id)
        if written_s is None:
            assert event is not None
            yield CutOff(event_id, event, event.began_utc)
        else:
            yield CutOff(event_id, event, min(now_utc, datetime.fromtimestamp(written_s, UTC)))


def adopted(cut: CutOff, clip_s: float, *, before_s: float, rate: float) -> Event:
    """Return the event as known: it ended when its clip did, of which a second took *rate*."""
    known = cut.event
    if known is None:
        began = cut.written_utc - timedelta(seconds=clip_s * rate)
        return Event(
            event_id=cut.event_id, began_utc=began, ended_utc=cut.written_utc, clip_s=clip_s, reason=CUT
        )
    lasted = timedelta(seconds=max(0.0, clip_s - before_s) * rate)
    return replace(known, ended_utc=known.began_utc + lasted, clip_s=clip_s, reason=known.reason or CUT)


def with_files(event: Event, folder: Path) -> Event:
    """Say which files of an event there are, and how large they are together."""
    clip_bytes, picture_bytes = (_size(name(folder, event.event_id)) for name in (clip_name, picture_name))
    return replace(
        event,
        clip=clip_bytes > 0,
        picture=picture_bytes > 0,
        bytes=clip_bytes + picture_bytes,
        clip_s=event.clip_s if clip_bytes else None,
    )


def lost_files(folder: Path, store: EventStore) -> tuple[list[Event], list[str]]:
    """Find rows that promise files which are gone: those that change, and those of which nothing is left."""
    changed, gone = [], []
    for event in store.all():
        if event.ended_utc is None or not (event.clip or event.picture):
            continue
        now = with_files(event, folder)
        if not now.bytes:
            gone.append(event.event_id)
        elif (now.clip, now.picture) != (event.clip, event.picture):
            changed.append(now)
    return changed, gone


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
