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
from edgepi_camera.model import UNWANTED, ClipSettings, Sight
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
REST_S = 3.0

Replay = Callable[[float], Iterator[tuple[Picture, float]]]
Shot = Callable[[], Picture | None]
Name = Callable[[Event, Picture, list[dict[str, Any]]], None]


class Recorder:
    """Keeps the ring; on motion writes a clip from it and from all that comes until the event is over.

    *say* sends an event's fields, *ago* tells how long ago a time of the stream was, *replay* decodes the
    ring from a time on, for clips that have to be encoded; *enlarge* makes what finds the picture of a time;
    *name* gives an event the labels of what a picture shows in these boxes, *wants* says whether to keep it.
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
        enlarge: Callable[[float], Shot],
        name: Name = lambda _event, _picture, _boxes: None,
        wants: Callable[[Event], bool] = lambda _: True,
    ) -> None:
        self._settings = settings
        self._folder = folder
        self._disk = disk
        self._say = say
        self._ago = ago
        self._replay = replay
        self._enlarge = enlarge
        self._name = name
        self._wants = wants
        self._writes = True
        self._rest_until_s = float("-inf")
        self.ring = Ring(settings.before_s + SPARE_S, settings.ring_bytes)
        self.events = Events(settings.after_s, identities().__next__)
        self.form = Format("", 0, 0)
        self.encodes = False
        self._clip: Clip | None = None
        self._best: tuple[Shot, float] | None = None
        self._saved_s = 0.0
        self._last_s = 0.0

    @property
    def recording(self) -> bool:
        """Whether an event is in progress."""
        return self.events.current is not None

    def keep(self, kept: Kept) -> None:
        """Take a packet."""
        if isinstance(self._clip, CopiedClip):
            if kept.key and self._clip.seconds >= self._settings.longest_s:
                self._split(kept.time_s)
            self._copy(kept)
        self.ring.add(kept)

    def _copy(self, kept: Kept) -> None:
        if not isinstance(self._clip, CopiedClip):
            return
        try:
            self._clip.add(kept)
        except ClipError as error:
            self._give_up(error, self.events.current)

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
            with self._giving_up(self.events.current):
                clip.add(picture, time_s)

    def judge(self, sight: Sight, picture: Picture | None) -> None:
        """Take what the detector said of *picture*; None if that was too small to be kept."""
        if self.events.current is None and sight.time_s < self._rest_until_s:
            return
        if self.events.see(sight):
            self._begin(sight.time_s)
        if self.events.current is None:
            return
        if self.events.better(sight):
            self._best = (self._shot(picture, sight.time_s), sight.time_s)
        if self._best is not None and sight.time_s - self._saved_s >= SAVE_EVERY_S:
            self._save_best(sight.time_s)
        if self.events.over(sight.time_s):
            self.cut("")

    def _shot(self, picture: Picture | None, time_s: float) -> Shot:
        return self._enlarge(time_s) if picture is None else lambda: picture

    def rest(self, reason: str, time_s: float) -> None:
        """End the event in progress and begin none for a moment: a lower level is about to be asked for."""
        self.cut(reason)
        self._rest_until_s = time_s + REST_S

    def write(self, on: bool) -> None:
        """Say whether clips and pictures may be written."""
        if self._writes and not on:
            self.cut("nothing may be written any more")
        self._writes = on

    def tick(self, time_s: float) -> None:
        """End an event whose time is over though no picture comes."""
        if self.events.over(time_s):
            self.cut("")

    def _begin(self, time_s: float) -> None:
        event = self.events.current
        assert event is not None
        self._saved_s = float("-inf")
        self._open(event)
        self._tell(event, "began", event.began_s)
        log.debug("event %s began %.1f s ago", event.id, time_s - event.began_s)

    def _open(self, event: Event) -> None:
        if not self._writes:
            return
        since_s = event.began_s - self._settings.before_s
        with self._giving_up(event):
            clip = self._clip = self._made(event)
            if isinstance(clip, CopiedClip):
                for kept in self.ring.since(since_s):
                    clip.add(kept)
            else:
                for picture, shown_s in self._replay(since_s):
                    clip.add(picture, shown_s)
                    self._last_s = shown_s

    def _made(self, event: Event) -> CopiedClip | EncodedClip:
        path = self._folder / f"{event.id}.mp4"
        clip: CopiedClip | EncodedClip
        if self.encodes:
            clip = EncodedClip(path, self._disk, fps=self.form.fps, crf=self._settings.crf)
        else:
            clip = CopiedClip(path, self._disk, self.form)
        event.clip = path.name
        return clip

    @contextlib.contextmanager
    def _giving_up(self, event: Event | None) -> Iterator[None]:
        """On a ClipError go on without a clip; what was written of it stays."""
        try:
            yield
        except ClipError as error:
            self._give_up(error, event)

    def _give_up(self, error: ClipError, event: Event | None) -> None:
        if event is not None:
            event.reason = str(error)
        log.warning("%s", error)
        clip, self._clip = self._clip, None
        if event is not None and clip is not None:
            self._disk.submit(lambda: _finish(event, clip))

    def _split(self, time_s: float) -> None:
        event = self.events.current
        if event is None:
            return
        if time_s - event.last_s > QUIET_S:
            self.cut("")
            return
        self.cut("longest")
        following = self.events.begin(time_s)
        following.follows, following.score = True, event.score
        following.zones |= event.zones
        self._saved_s = float("-inf")
        with self._giving_up(following):
            self._clip = self._made(following)
        self._tell(following, "began", time_s)

    def cut(self, reason: str) -> None:
        """End the event in progress now; what is to be written is handed to the disk."""
        event = self.events.end(reason)
        if event is None:
            return
        if self._best is not None:
            self._save_best(event.last_s, event)
        clip, self._clip = self._clip, None
        ended_s, ago_s = self._ago(0.0), self._ago(event.last_s)

        def end() -> None:
            if clip is not None:
                _finish(event, clip)
            if event.blank or not self._wants(event):
                self._leave(event)
            self._say({"phase": "ended", "ago_s": ago_s + self._ago(0.0) - ended_s} | event.fields())

        self._disk.submit(end)

    def _save_best(self, time_s: float, event: Event | None = None) -> None:
        event = event or self.events.current
        best, self._best = self._best, None
        assert event is not None
        assert best is not None
        self._saved_s = time_s
        if not self._writes:
            return
        path, boxes = self._folder / f"{event.id}.jpg", event.boxes

        def save() -> None:
            picture = best[0]()
            if picture is None:
                return
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                atomic_write(path, jpeg_of(bgr_of(picture)))
            except OSError as error:
                event.reason = event.reason or f"no picture can be written: {error.strerror or error}"
                return
            event.picture = path.name
            self._name(event, picture, boxes)
            self._tell(event, "best", best[1])

        self._disk.submit(save)

    def _leave(self, event: Event) -> None:
        """Keep nothing of an event that shows none of what is wanted, or nothing at all."""
        for name in filter(None, (event.clip, event.picture)):
            with contextlib.suppress(OSError):
                (self._folder / name).unlink()
        event.clip = event.picture = None
        event.clip_s, event.size = 0.0, 0
        event.reason = UNWANTED

    def _tell(self, event: Event, phase: str, time_s: float) -> None:
        self._say({"phase": phase, "ago_s": self._ago(time_s)} | event.fields())


def _finish(event: Event, clip: Clip) -> None:
    """Complete a clip, however far it came; one without a picture is taken away."""
    try:
        clip.finish()
    except ClipError as error:
        event.reason = event.reason or str(error)
    event.clip_s, event.size = clip.seconds, clip.size
    if clip.seconds <= 0:
        event.clip = None
        with contextlib.suppress(OSError):
            clip.path.unlink()
