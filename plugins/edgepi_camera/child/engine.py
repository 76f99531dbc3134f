"""The camera's thread: opens the source when the level wants it, reads it, tries again when it is lost."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from edgepi.clock import Clock
from edgepi.errors import RequestError
from edgepi.plugin import Message
from edgepi_camera.child.calls import Calls
from edgepi_camera.child.events import Event
from edgepi_camera.child.gulp import CALM_NAP_S, NAP_S, gulp, most
from edgepi_camera.child.levels import Level, Levels
from edgepi_camera.child.meter import resident_mb
from edgepi_camera.child.pictures import Darkroom, bgr_of
from edgepi_camera.child.pusher import Pusher
from edgepi_camera.child.recorder import Recorder
from edgepi_camera.child.watch import Watch
from edgepi_camera.labels.looking import Looking, counts
from edgepi_camera.model import Box, CameraSettings, Link
from edgepi_camera.motion.detector import Detector
from edgepi_camera.motion.picture import Bytes, Picture
from edgepi_camera.record.disk import Disk
from edgepi_camera.source.base import Source, SourceEndError, SourceError, Unit
from edgepi_camera.source.open import make_source

__all__ = ["Engine"]

log = logging.getLogger(__name__)
T = TypeVar("T")

FIRST_RETRY_S, LAST_RETRY_S = 1.0, 60.0
STEADY_S = 20.0
STATUS_EVERY_S = 30.0
LINGER_S = 4.0
SETTLE_S = 1.0
CHECK_S = 0.2
# The node takes a process for hung that says nothing for 8 s; a camera may hang longer than that.
ANSWER_S = 5.0
FIRST_PICTURE_S = 3.0


class Engine:
    """One camera; everything but the constructor's caller runs in its thread."""

    def __init__(
        self,
        settings: CameraSettings,
        clock: Clock,
        send: Callable[[Message], None],
        *,
        make: Callable[..., Source] = make_source,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._send = send
        self._make = make
        self._changed = threading.Condition()
        self._calls = Calls(self._changed)
        self._stopping = False
        self._link, self._reason = Link.CLOSED, ""
        self._told: dict[str, Any] = {}
        self._told_s = float("-inf")
        self._checked_s = float("-inf")
        self._over = ""
        self._idle = 0
        self._packet_s: float | None = None
        self._stills_until_s = float("-inf")
        self.levels = Levels()
        self.pusher = Pusher(send)
        self.darkroom = Darkroom(settings.privacy, settings.source.rotate)
        self.disk = Disk(log)
        self.detector = Detector(settings.motion)
        self.looking = Looking(settings.labels_model, settings.labels_names, clock)
        self.recorder = Recorder(
            settings.clip,
            Path(settings.folder),
            self.disk,
            say=lambda fields: send(Message("push.event", fields)),
            ago=lambda time_s: self.watch.ago(time_s),  # noqa: PLW0108 (made of the recorder, below)
            replay=lambda since_s: self.watch.replay(since_s),  # noqa: PLW0108 (likewise)
            enlarge=lambda time_s: self.watch.enlarge(time_s),  # noqa: PLW0108 (likewise)
            name=self._name,
            wants=self._wants,
        )
        self.watch = Watch(
            clock=clock,
            levels=self.levels,
            detector=self.detector,
            recorder=self.recorder,
            pusher=self.pusher,
            darkroom=self.darkroom,
            saver_fps=settings.saver_fps,
        )
        if settings.labels_model is not None:
            threading.Thread(target=self.looking.open, name="labels", daemon=True).start()
        self._thread = threading.Thread(target=self._run, name="camera", daemon=True)
        self._thread.start()

    def _name(self, event: Event, picture: Picture, boxes: list[dict[str, Any]]) -> None:
        """Give *event* the labels of what moves in a picture; in the disk's thread, where no camera waits."""
        found = self.looking.look(event.id, [Box(**box) for box in boxes], lambda: bgr_of(picture))
        if found is not None:
            event.looked = True
            event.labels.update(found)

    def _wants(self, event: Event) -> bool:
        return not event.looked or counts(event.labels, self._settings.labels_wanted)

    def call(self, what: Callable[[], T], timeout_s: float) -> T:
        """Do *what* in the camera's thread between two packets; raises RequestError, TimeoutError."""
        return self._calls.ask(what, timeout_s)

    def wait(self, until: Callable[[], bool], timeout_s: float) -> bool:
        """Wait in the caller's thread until something holds."""
        with self._changed:
            return self._changed.wait_for(until, timeout_s)

    def close(self, timeout_s: float = 5.0) -> None:
        """End the event in progress, close the source, and wait for the disk."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        self._thread.join(timeout_s)
        self.disk.drain(timeout_s)

    def wish(self, level: Level) -> None:
        """Ask for a level; `Levels.held` tells when it holds."""
        with self._changed:
            self.levels.wish(level, self._clock.monotonic())
            self._changed.notify_all()

    def holds(self, level: Level) -> bool:
        """Whether a level is taken, and its source closed if that is what it means."""
        return self.levels.held is level and (level is not Level.OFF or self._link is Link.CLOSED)

    def still(self) -> tuple[Picture, float]:
        """A picture as it may be shown, and its age in seconds; raises RequestError, TimeoutError."""
        asked_s, wait_s = self._clock.monotonic(), FIRST_PICTURE_S
        if self.levels.held is Level.OFF:
            raise RequestError("the camera is off")
        with self._changed:
            fresh_s = float("-inf")
            if self.levels.held is Level.SNAPSHOT:
                wait_s = self._settings.source.timeout_s + LINGER_S
                fresh_s, self._stills_until_s = asked_s, asked_s + wait_s
            self._changed.notify_all()
            if not self._changed.wait_for(lambda: self.watch.latest.at_s > fresh_s, wait_s):
                raise TimeoutError(self._reason or "the camera sends no picture")
        latest = self.watch.latest
        picture = latest.picture(self.darkroom)
        if picture is None:
            raise RequestError("the camera has sent no picture yet")
        if picture.luma.shape[1] < self.watch.form.width and self.levels.held is not Level.SNAPSHOT:
            with contextlib.suppress(TimeoutError):
                picture = self.call(lambda: self.watch.enlarge(latest.time_s), ANSWER_S)() or picture
        return picture, self._clock.monotonic() - latest.at_s

    def drawn(self, width: int | None) -> Bytes:
        """What the detector sees, over its picture; raises RequestError, TimeoutError."""

        def draw() -> Bytes:
            picture = self.watch.latest.picture(self.darkroom)
            if picture is None or self.levels.held not in {Level.SAVER, Level.FULL}:
                raise RequestError("the detector sees nothing at this level")
            return self.detector.drawn(bgr_of(picture, width))

        return self.call(draw, ANSWER_S)

    def status(self) -> dict[str, Any]:
        """How things stand."""
        now_s, watch = self._clock.monotonic(), self.watch
        return self._summary() | {
            "fps": round(watch.meter.fps, 2),
            "bitrate": round(watch.meter.bitrate),
            "ring_s": round(self.recorder.ring.seconds, 2),
            "ring_bytes": self.recorder.ring.size,
            "packet_ago_s": None if self._packet_s is None else round(now_s - self._packet_s, 2),
            "picture_ago_s": None if watch.latest.raw is None else round(now_s - watch.latest.at_s, 2),
            "torn": watch.decoding.torn,
            "pictures": watch.units + self._idle,  # that none came in time is a sign of life as well
            "rss_mb": round(resident_mb(), 1),
        }

    def _summary(self) -> dict[str, Any]:
        form = self.watch.form
        return {
            "link": self._link.value,
            "reason": self._reason,
            "codec": form.codec,
            "width": form.width,
            "height": form.height,
            "level": self.levels.held.value,
            "moving": self.recorder.recording,
            "note": self.watch.trouble or self.watch.sight.note or self.looking.trouble,
        }

    def _tell(self, link: Link | None = None, reason: str = "") -> None:
        if link is not None:
            with self._changed:
                self._link, self._reason = link, reason
                self._changed.notify_all()
        summary, now_s = self._summary(), self._clock.monotonic()
        if summary != self._told or now_s - self._told_s >= STATUS_EVERY_S:
            self._told, self._told_s = summary, now_s
            self._send(Message("push.status", self.status()))

    def _run(self) -> None:
        failures = 0
        while not self._stopping:
            self._between(self._clock.monotonic())
            if not self._wanted():
                self._tell(Link.CLOSED, self._over)
                self._pause(STATUS_EVERY_S)
                continue
            opened_s = self._clock.monotonic()
            reason = self._visit()
            self.recorder.cut("" if reason is None else "the camera was lost")
            if reason is None:
                failures = 0
                if self._wanted() and self._clock.monotonic() - opened_s < CHECK_S:
                    self._pause(FIRST_RETRY_S, retry=True)  # a film that ends at once, again and again
                continue
            failures = 1 if self._clock.monotonic() - opened_s > STEADY_S else failures + 1
            self._tell(Link.LOST, reason)
            self._pause(min(LAST_RETRY_S, FIRST_RETRY_S * 2.0 ** (failures - 1)), retry=True)
        self.recorder.cut("the camera was closed")

    def _wanted(self) -> bool:
        if self.levels.held is Level.SNAPSHOT:
            return self._clock.monotonic() < self._stills_until_s
        return self.levels.held is not Level.OFF and not self._over

    def _visit(self) -> str | None:
        """Open the source and read it until it is not wanted any more (None) or lost (why)."""
        settings = self._settings.source
        self._tell(Link.OPENING)
        source = self._make(settings, self._clock)
        try:
            source.open()
            self.watch.begin(source, live=settings.live)
            self.levels.opened(self._clock.monotonic())
            self._tell(Link.RUNNING)
            self.watch.settle_s = SETTLE_S if settings.is_device else 0.0
            self._read(source)
        except SourceEndError as end:
            if not settings.loop:
                self._over = str(end)
        except SourceError as error:
            return str(error)
        except Exception as error:
            log.exception("what came from the camera was not understood")
            return f"what came from the camera was not understood: {type(error).__name__}"
        finally:
            source.close()
        return None

    def _read(self, source: Source) -> None:
        watch, lowered = self.watch, False
        live, waits = self._settings.source.live, self._settings.source.waits
        while not self._stopping and self._wanted():
            naps = live and not self.pusher.shows
            nap_s = self._nap_s(lowered=lowered)
            found = gulp(source, self._clock, most(nap_s, watch.meter.fps) if naps and waits else 1)
            for unit, now_s in found.units:
                self._between(now_s)
                self._take(unit, now_s, live=live)
            if found.error is not None:
                raise found.error
            if lowered is not watch.calm:
                lowered = watch.calm
                source.lower(self._settings.saver_fps if lowered else None)
            if naps and found.caught_up:
                self._pause(self._nap_s(lowered=lowered), retry=True)

    def _nap_s(self, *, lowered: bool) -> float:
        """Long where there is nothing to be found out soon; in an event no packet may be lost meanwhile."""
        patient = lowered or (self.recorder.recording and self._settings.source.waits)
        return CALM_NAP_S if patient else NAP_S

    def _take(self, unit: Unit | None, now_s: float, *, live: bool) -> None:
        if unit is None:
            self._idle += 1
            if self.recorder.recording:
                self.recorder.tick(self.watch.now())
            return
        self._packet_s = now_s
        stamp = self.watch.place(unit, now_s)
        if not live:
            if stamp.dts_s > now_s:
                self._pause(stamp.dts_s - now_s, retry=True)
            now_s = self._clock.monotonic()
        self.watch.take(unit, stamp, now_s)
        if self.levels.held is Level.SNAPSHOT and self.watch.latest.at_s >= now_s:
            self._pictured()

    def _pictured(self) -> None:
        """Hand out the still, and leave the source open for a moment in case another is wanted."""
        with self._changed:
            self._stills_until_s = min(self._stills_until_s, self._clock.monotonic() + LINGER_S)
            self._changed.notify_all()

    def _between(self, now_s: float) -> None:
        """What is to be done between two packets."""
        self._calls.do()
        if self.levels.wished is not self.levels.held:
            if self.levels.overdue(now_s):
                self.recorder.cut("the level was lowered")
            if self.levels.settle(now_s, recording=self.recorder.recording):
                self._over = "" if self.levels.held is Level.OFF else self._over
                with self._changed:
                    self._changed.notify_all()
        if now_s - self._checked_s >= CHECK_S:
            self._checked_s = now_s
            self._tell()

    def _pause(self, seconds: float, *, retry: bool = False) -> None:
        """Wait; calls are done meanwhile, and whatever is wished ends it unless it is to *retry* later."""
        until_s = self._clock.monotonic() + seconds
        held = self.levels.held
        while not self._stopping and (left_s := until_s - self._clock.monotonic()) > 0:
            with self._changed:
                if not self._calls and self.levels.wished is self.levels.held and not self._woken(retry):
                    self._changed.wait(left_s / self._clock.rate)
            if self._calls or self.levels.wished is not self.levels.held:
                self._between(self._clock.monotonic())
            if self.levels.held is not held or self._woken(retry):
                return

    def _woken(self, retry: bool) -> bool:
        return not retry and self._wanted()
