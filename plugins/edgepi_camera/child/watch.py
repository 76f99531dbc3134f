"""One open source: its packets go into the ring and the clip, its pictures to the detector and the viewers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import av

from edgepi.clock import Clock
from edgepi_camera.child.decoding import Decoding, time_of
from edgepi_camera.child.levels import Level, Levels, Mode
from edgepi_camera.child.meter import Meter
from edgepi_camera.child.pictures import Darkroom, bgr_of, planes_of
from edgepi_camera.child.pusher import Pusher
from edgepi_camera.child.recorder import Recorder
from edgepi_camera.model import Sight
from edgepi_camera.motion.detector import Detector
from edgepi_camera.motion.picture import Picture
from edgepi_camera.record.clip import TICKS
from edgepi_camera.record.ring import Kept
from edgepi_camera.record.timeline import Stamp, Timeline
from edgepi_camera.source.base import TIME_BASE, Format, Source, Unit

__all__ = ["Latest", "Watch"]

DETECT_S = 0.082
STEP_S = 0.04
LOOK_BACK_S = 60.0


class Latest:
    """The picture decoded last: *raw* as it came, *time_s* on the stream's time line."""

    def __init__(self) -> None:
        self.raw: av.VideoFrame | Picture | None = None
        self.time_s = 0.0
        self.at_s = 0.0

    def picture(self, darkroom: Darkroom) -> Picture | None:
        """As it may be shown."""
        raw = self.raw
        if raw is None:
            return None
        return darkroom.develop(raw if isinstance(raw, Picture) else planes_of(raw))


class Watch:
    """Takes the units of one source after the other."""

    def __init__(
        self,
        *,
        clock: Clock,
        levels: Levels,
        detector: Detector,
        recorder: Recorder,
        pusher: Pusher,
        darkroom: Darkroom,
        saver_fps: float,
    ) -> None:
        self._clock = clock
        self._levels = levels
        self._detector = detector
        self._recorder = recorder
        self._pusher = pusher
        self._darkroom = darkroom
        self._saver_s = 0.9 / max(saver_fps, 0.01)
        self.latest = Latest()
        self.meter = Meter()
        self.sight = Sight(time_s=0.0)
        self.form = Format("", 0, 0)
        self._timeline = Timeline(live=True)
        self.decoding = Decoding(lambda: None)
        self._parameters = b""
        self._opened_s: float | None = None
        self.settle_s = 0.0
        self._mode = Mode.CLOSED
        self._looked_s = float("-inf")
        self._keyed_s = float("-inf")
        self._back_s = float("-inf")
        self._seen_s = float("-inf")
        self._lag_s = 0.0
        self._now_s = 0.0
        self._time_s = 0.0

    def begin(self, source: Source, *, live: bool) -> None:
        """Take the units of *source* from now on."""
        self.form = source.format
        self._timeline.restart()
        if not live or self.form.fps:
            last = self._timeline
            self._timeline = Timeline(live=live, fps=self.form.fps, last_s=last.last_s)
        self.decoding = Decoding(source.decoder)
        self._parameters = b""
        self._opened_s = None
        self._mode = Mode.CLOSED
        self.meter = Meter()
        self._adopt()

    def _adopt(self) -> None:
        self._recorder.form = self.form
        self._recorder.encodes = self._darkroom.changes or not self.form.copied

    def ago(self, time_s: float) -> float:
        """How many real seconds ago *time_s* of the stream was."""
        return max(0.0, self._time_s - time_s + self._clock.monotonic() - self._now_s)

    def place(self, unit: Unit) -> Stamp:
        """When *unit* is, on the child's time line; to be called once for each."""
        return self._timeline.place(unit.pts_s, unit.dts_s, self._clock.monotonic())

    def take(self, unit: Unit, stamp: Stamp) -> None:
        """Do with *unit* all that is to be done."""
        self._now_s, self._time_s = self._clock.monotonic(), stamp.dts_s
        changed = bool(unit.parameters) and unit.parameters != self._parameters
        if stamp.fresh or (changed and self._parameters):
            self._break("the camera's clock jumped" if stamp.fresh else "the camera changed its picture")
        if changed:
            self._parameters = unit.parameters
        if unit.key:
            self._levels.key(stamp.dts_s)
        packet = unit.packet
        if packet is None:
            return
        packet.pts, packet.dts = round(stamp.time_s * TICKS), round(stamp.dts_s * TICKS)
        packet.time_base = TIME_BASE
        kept = Kept(packet, stamp.time_s, stamp.dts_s, unit.key, packet.size)
        self.meter.add(stamp.dts_s, kept.size)
        if self._levels.held is Level.SNAPSHOT:
            self._glance(kept)
            return
        self._recorder.keep(kept)
        self._decode(kept)

    def _glance(self, kept: Kept) -> None:
        """Decode for a still; a camera just opened needs a moment to find its exposure."""
        frames = self.decoding.decode(kept)
        if self._opened_s is None and frames:
            self._opened_s = kept.time_s
        if frames and self._opened_s is not None and kept.time_s - self._opened_s >= self.settle_s:
            latest = self.latest
            latest.raw, latest.time_s, latest.at_s = frames[-1], kept.time_s, self._now_s

    def _break(self, reason: str) -> None:
        self._recorder.cut(reason)
        self._recorder.ring.clear()
        self.decoding.restart()
        self._mode = Mode.CLOSED

    def _decode(self, kept: Kept) -> None:
        mode = self._levels.mode(kept.dts_s, recording=self._recorder.recording)
        before, self._mode = self._mode, mode
        if mode is Mode.ALL:
            if before is Mode.ALL:
                for frame in self.decoding.decode(kept):
                    self._look(frame)
            else:
                self._look_back(kept)
        elif mode is Mode.KEYS and kept.key and kept.time_s - self._keyed_s >= self._saver_s:
            self._look_at_key(kept)

    def _look_at_key(self, kept: Kept) -> None:
        self._back_s, self._keyed_s = self._keyed_s, kept.time_s
        for frame in self.decoding.decode_key(kept):
            self._look(frame)

    def _look_back(self, kept: Kept) -> None:
        """Decode all since the key before the one that raised suspicion, so that no beginning is lost."""
        since_s = self._back_s if self._back_s > kept.time_s - LOOK_BACK_S else kept.time_s
        self._back_s = float("-inf")
        first = True
        for frame in self.decoding.replay(self._recorder.ring.since(since_s)):
            if first:
                self._lag_s = max(self._lag_s, self._seen_s + STEP_S - time_of(frame))
                self._looked_s, first = float("-inf"), False
            self._look(frame)

    def _look(self, frame: av.VideoFrame) -> None:
        time_s = time_of(frame)
        if (frame.width, frame.height) != (self.form.width, self.form.height):
            if self.form.width:
                self._recorder.cut("the camera changed its picture")
            self.form = replace(self.form, width=frame.width, height=frame.height)
            self._adopt()
        latest = self.latest
        latest.raw, latest.time_s, latest.at_s = frame, time_s, self._now_s
        detecting = time_s - self._looked_s >= DETECT_S and self.decoding.sound(time_s)
        showing = self._pusher.wants("picture", time_s)
        encoding = self._recorder.recording and self._recorder.encodes
        if not (detecting or showing or encoding):
            return
        picture = self._darkroom.develop(planes_of(frame))
        if encoding:
            self._recorder.show(picture, time_s)
        if showing:
            self._pusher.offer(picture, time_s)
        if detecting:
            self._detect(picture, time_s)

    def _detect(self, picture: Picture, time_s: float) -> None:
        self._looked_s = time_s
        self._seen_s = time_s + self._lag_s
        sight = self._detector.see(picture, self._seen_s)
        if self._lag_s:
            began_s = None if sight.began_s is None else sight.began_s - self._lag_s
            sight = replace(sight, time_s=time_s, began_s=began_s)
        self.sight = sight
        if sight.moving or sight.suspect:
            self._levels.stirred(time_s)
        self._recorder.judge(sight, picture)
        if self._pusher.wants("detector", time_s):
            self._pusher.offer(self._detector.drawn(bgr_of(picture)), time_s)

    def replay(self, since_s: float) -> Iterator[tuple[Picture, float]]:
        """The ring decoded anew, for a clip that has to be encoded."""
        decoding = Decoding(self.decoding.make)
        for frame in decoding.replay(self._recorder.ring.since(since_s)):
            yield self._darkroom.develop(planes_of(frame)), time_of(frame)
        for frame in decoding.drain():
            yield self._darkroom.develop(planes_of(frame)), time_of(frame)
