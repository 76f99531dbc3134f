"""Events and their clips: begins them, feeds them, ends them, and says so."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from edgepi.files import atomic_write
from edgepi_camera.child.events import Event, Events, identities
from edgepi_camera.child.pictures import bgr_of, jpeg_of
from edgepi_camera.model import ClipSettings, Sight
from edgepi_camera.motion.picture import Picture
from edgepi_camera.record.clip import Clip, ClipError, CopiedClip
from edgepi_camera.record.disk import Disk
from edgepi_camera.record.encode import EncodedClip
from edgepi_camera.record.ring import Kept, Ring
from edgepi_camera.source.base import Format

__all__ = ["Recorder", "Replay"]

log = logging.getLogger(__name__)

SPARE_S = 3.0
SAVE_EVERY_S = 2.0
QUIET_S = 1.0

Replay = Callable[[float], Iterator[tuple[Picture, float]]]


class Recorder:
    """Keeps the ring; on motion writes a clip from it and from all that comes until the event is over.

    *say* sends an event's fields, *ago* tells how long ago a time of the stream was, *replay* decodes the
    ring from a time on, for clips that have to be encoded.
    """

    def __init__(
        self,
        settings: ClipSettings,
        folder: Path,
        disk: Disk,
        *,
        say: Callable[[dict[str, Any]], None],
        ago: Callable[[float], float],
        replay: Replay,
    ) -> None:
        self._settings = settings
        self._folder = folder
        self._disk = disk
        self._say = say
        self._ago = ago
        self._replay = replay
        self.ring = Ring(settings.before_s + SPARE_S, settings.ring_bytes)
        self.events = Events(settings.after_s, identities().__next__)
        self.form = Format("", 0, 0)
        self.encodes = False
        self._clip: Clip | None = None
        self._best: tuple[Picture, float] | None = None
        self._saved_s = 0.0
        self._last_s = 0.0

    @property
    def recording(self) -> bool:
        """Whether an event is in progress."""
        return self.events.current is not None

    def keep(self, kept: Kept) -> None:
        """Take a packet."""
        clip = self._clip
        if isinstance(clip, CopiedClip):
            if kept.key and clip.seconds >= self._settings.longest_s:
                self._split(kept.time_s)
                clip = self._clip
            if isinstance(clip, CopiedClip):
                self._feed(lambda: clip.add(kept))
        self.ring.add(kept)

    def show(self, picture: Picture, time_s: float) -> None:
        """Take a picture that may be shown; only clips that are encoded need it."""
        clip = self._clip
        if not isinstance(clip, EncodedClip) or time_s <= self._last_s:
            return
        if clip.seconds >= self._settings.longest_s:
            self._split(time_s)
            clip = self._clip
        if isinstance(clip, EncodedClip):
            self._last_s = time_s
            self._feed(lambda: clip.add(picture, time_s))

    def judge(self, sight: Sight, picture: Picture | None) -> None:
        """Take what the detector said of *picture* (None: it is not to be kept)."""
        if self.events.see(sight):
            self._begin(sight.time_s)
        if self.events.current is None:
            return
        if self.events.better(sight) and picture is not None:
            self._best = (picture, sight.time_s)
        if self._best is not None and sight.time_s - self._saved_s >= SAVE_EVERY_S:
            self._save_best(sight.time_s)
        if self.events.over(sight.time_s):
            self.cut("")

    def _begin(self, time_s: float) -> None:
        event = self.events.current
        assert event is not None
        self._saved_s = float("-inf")
        self._open(event)
        self._tell(event, "began", event.began_s)
        log.debug("event %s began %.1f s ago", event.id, time_s - event.began_s)

    def _open(self, event: Event) -> None:
        since_s = event.began_s - self._settings.before_s
        path = self._folder / f"{event.id}.mp4"
        try:
            if not self.encodes:
                clip = self._clip = CopiedClip(path, self._disk, self.form)
                for kept in self.ring.since(since_s):
                    clip.add(kept)
            else:
                encoded = self._clip = EncodedClip(
                    path, self._disk, fps=self.form.fps, crf=self._settings.crf
                )
                for picture, shown_s in self._replay(since_s):
                    encoded.add(picture, shown_s)
                    self._last_s = shown_s
            event.clip = path.name
        except ClipError as error:
            self._give_up(event, error)

    def _feed(self, add: Callable[[], None]) -> None:
        try:
            add()
        except ClipError as error:
            if self.events.current is not None:
                self._give_up(self.events.current, error)

    def _give_up(self, event: Event, error: ClipError) -> None:
        event.reason = str(error)
        log.warning("%s", error)
        self._disk.submit(self._finishing(event, self._clip, self._tell_nothing))
        self._clip = None

    def _split(self, time_s: float) -> None:
        event = self.events.current
        if event is None:
            return
        if time_s - event.last_s > QUIET_S:
            self.cut("")
            return
        self.cut("longest")
        following = self.events.begin(time_s)
        following.score = event.score
        following.zones |= event.zones
        self._saved_s = float("-inf")
        path = self._folder / f"{following.id}.mp4"
        try:
            if self.encodes:
                self._clip = EncodedClip(path, self._disk, fps=self.form.fps, crf=self._settings.crf)
            else:
                self._clip = CopiedClip(path, self._disk, self.form)
            following.clip = path.name
        except ClipError as error:
            self._give_up(following, error)
        self._tell(following, "began", time_s)

    def cut(self, reason: str) -> None:
        """End the event in progress now; what is to be written is handed to the disk."""
        event = self.events.end(reason)
        if event is None:
            return
        if self._best is not None:
            self._save_best(event.last_s, event)
        clip, self._clip = self._clip, None
        ago_s = self._ago(event.last_s)
        self._disk.submit(self._finishing(event, clip, lambda fields: self._say(fields | {"ago_s": ago_s})))

    def _finishing(
        self, event: Event, clip: Clip | None, tell: Callable[[dict[str, Any]], None]
    ) -> Callable[[], None]:
        def finish() -> None:
            if clip is not None:
                try:
                    clip.finish()
                except ClipError as error:
                    event.reason = event.reason or str(error)
                if clip.seconds <= 0:
                    event.clip = None
                    with contextlib.suppress(OSError):
                        clip.path.unlink()
            length = {"clip_s": round(clip.seconds, 3), "bytes": clip.size} if clip is not None else {}
            tell({"phase": "ended", "clip_s": 0.0, "bytes": 0} | length | event.fields())

        return finish

    def _tell_nothing(self, fields: dict[str, Any]) -> None:
        """Leave it to the end of the event."""

    def _save_best(self, time_s: float, event: Event | None = None) -> None:
        event = event or self.events.current
        best, self._best = self._best, None
        assert event is not None
        assert best is not None
        self._saved_s = time_s
        path = self._folder / f"{event.id}.jpg"

        def save() -> None:
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                atomic_write(path, jpeg_of(bgr_of(best[0])))
            except OSError as error:
                event.reason = event.reason or f"no picture can be written: {error.strerror or error}"
                return
            event.picture = path.name
            self._tell(event, "best", best[1])

        self._disk.submit(save)

    def _tell(self, event: Event, phase: str, time_s: float) -> None:
        length = {"clip_s": 0.0, "bytes": 0}
        self._say({"phase": phase, "ago_s": self._ago(time_s)} | length | event.fields())
