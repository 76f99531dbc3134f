"""One open source: its packets go to ring and clip, its pictures to the detector and the viewers."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

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

# The detector looks five times a second, and eight times or more while it has a suspicion to confirm.
CALM_S, SUSPECT_S = 0.185, 0.082
STEP_S = 0.04
LOOK_BACK_S = 60.0
TORN_S = 10.0


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
        self._small = False
        self.settle_s = 0.0
        self.units = 0
        self._mode = Mode.CLOSED
        self._looked_s = float("-inf")
        self._keyed_s = float("-inf")
        self._back_s = float("-inf")
        self._seen_s = float("-inf")
        self._lag_s = 0.0
        self._step_s = CALM_S
        self._now_s = 0.0
        self._time_s = 0.0

    def begin(self, source: Source, *, live: bool) -> None:
        """Take the units of *source* from now on."""
        self.form = source.format
        self._timeline = Timeline(live=live, fps=self.form.fps, last_s=self._timeline.last_s)
        self.decoding = Decoding(source.decoder)
        self._parameters = b""
        self._opened_s = None
        self._small = False
        self._mode = Mode.CLOSED
        self.meter = Meter()
        self._darkroom.turned(self.form.turned)
        self._adopt()

    def _adopt(self) -> None:
        self._recorder.form = self.form
        self._recorder.encodes = self._darkroom.changes or not self.form.copied

    def ago(self, time_s: float) -> float:
        """How many real seconds ago *time_s* of the stream was."""
        return max(0.0, self.now() - time_s)

    def now(self) -> float:
        """What time it is in the stream: that of the last unit, and what has passed since."""
        return self._time_s + self._clock.monotonic() - self._now_s

    @property
    def calm(self) -> bool:
        """Whether key pictures are enough now."""
        return self._levels.mode(self._time_s, recording=self._recorder.recording) is Mode.KEYS

    @property
    def trouble(self) -> str:
        """What is wrong with what comes, in words; empty if nothing is."""
        return "what the camera sends is torn" if self.decoding.torn_after(self._time_s - TORN_S) else ""

    def place(self, unit: Unit, now_s: float) -> Stamp:
        """When *unit*, which came at *now_s*, is on the child's time line; to be called once for each."""
        if unit.packet is None and unit.pts_s is None:
            return Stamp(now_s - unit.age_s, now_s - unit.age_s, fresh=False)
        return self._timeline.place(unit.pts_s, unit.dts_s, now_s)

    def take(self, unit: Unit, stamp: Stamp, now_s: float) -> None:
        """Do with *unit*, which was there at *now_s*, all that is to be done."""
        self._now_s, self._time_s = now_s, stamp.dts_s
        changed = bool(unit.parameters) and unit.parameters != self._parameters
        if stamp.fresh or (changed and self._parameters):
            self._break("the camera's clock jumped" if stamp.fresh else "the camera changed its picture")
        if changed:
            self._parameters = unit.parameters
        if unit.key:
            self._levels.key(stamp.dts_s)
        self.units += 1
        if unit.packet is not None:
            self._keep(unit.packet, unit, stamp)
        if unit.picture is not None:
            self._take_picture(unit.picture, stamp.time_s)
        if self._recorder.recording:
            self._recorder.tick(stamp.dts_s)

    def _keep(self, packet: av.Packet[Any], unit: Unit, stamp: Stamp) -> None:
        packet.pts = None if self.form.reordered else round(stamp.time_s * TICKS)
        packet.dts = round(stamp.dts_s * TICKS)
        packet.time_base = TIME_BASE
        kept = Kept(packet, stamp.time_s, stamp.dts_s, unit.key, packet.size)
        self.meter.add(stamp.dts_s, kept.size)
        still = self._levels.held is Level.SNAPSHOT
        if not still:
            self._recorder.keep(kept)
        if unit.picture is not None and not self._smaller(unit.picture):
            return
        if still:
            self._glance(kept)
        elif not self._small:
            self._decode(kept)
        elif self._recorder.recording and self._recorder.encodes:
            for frame in self.decoding.decode(kept):
                self._recorder.show(self._darkroom.develop(planes_of(frame)), time_of(frame))

    def _take_picture(self, picture: Picture, time_s: float) -> None:
        """Take planes that the source itself had; what they are the small copy of is not decoded."""
        self._small = self._smaller(picture)
        if self._levels.held is Level.SNAPSHOT:
            if not self._small:
                self._settle(picture, time_s)
            return
        mode = self._mode = self._levels.mode(time_s, recording=self._recorder.recording)
        if mode is Mode.ALL or (mode is Mode.KEYS and time_s - self._keyed_s >= self._saver_s):
            self._keyed_s = time_s
            self._note(picture, time_s)
            self._use(lambda: picture, time_s)

    def _smaller(self, picture: Picture) -> bool:
        return bool(picture.luma.shape[1] < self.form.width)

    def _glance(self, kept: Kept) -> None:
        """Decode for a still; a camera just opened needs a moment to find its exposure."""
        for frame in self.decoding.decode(kept)[-1:]:
            self._settle(frame, kept.time_s)

    def _settle(self, raw: av.VideoFrame | Picture, time_s: float) -> None:
        if self._opened_s is None:
            self._opened_s = time_s
        if time_s - self._opened_s >= self.settle_s:
            self._note(raw, time_s)

    def _note(self, raw: av.VideoFrame | Picture, time_s: float) -> None:
        latest = self.latest
        latest.raw, latest.time_s, latest.at_s = raw, time_s, self._now_s

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
        for frame in self.decoding.replay(self._recorder.ring.since(since_s)):
            self._look(frame)

    def _look(self, frame: av.VideoFrame) -> None:
        time_s = time_of(frame)
        if (frame.width, frame.height) != (self.form.width, self.form.height):
            if self.form.width:
                self._recorder.cut("the camera changed its picture")
            self.form = replace(self.form, width=frame.width, height=frame.height)
            self._adopt()
        self._note(frame, time_s)
        self._use(lambda: planes_of(frame), time_s)

    def _use(self, planes: Callable[[], Picture], time_s: float) -> None:
        if time_s < self._looked_s:  # looking back; the detector's own time only goes forward
            self._lag_s = max(self._lag_s, self._seen_s + STEP_S - time_s)
            self._looked_s = float("-inf")
        detecting = time_s - self._looked_s >= self._step_s and self.decoding.sound(time_s)
        showing = self._pusher.wants("picture", time_s)
        encoding = self._recorder.recording and self._recorder.encodes and not self._small
        if not (detecting or showing or encoding or self._detector.gathers):
            return
        picture = self._darkroom.develop(planes())
        if encoding:
            self._recorder.show(picture, time_s)
        if showing:
            self._pusher.offer("picture", picture, time_s)
        if detecting:
            self._detect(picture, time_s)
        elif self._detector.gathers and self.decoding.sound(time_s):
            self._detector.gather(picture, time_s + self._lag_s)

    def _detect(self, picture: Picture, time_s: float) -> None:
        self._looked_s = time_s
        self._seen_s = time_s + self._lag_s
        sight = self._detector.see(picture, self._seen_s)
        if self._lag_s:
            began_s = None if sight.began_s is None else sight.began_s - self._lag_s
            sight = replace(sight, time_s=time_s, began_s=began_s)
        self.sight = sight
        self._step_s = SUSPECT_S if sight.suspect and not sight.moving else CALM_S
        if sight.moving or sight.suspect:
            self._levels.stirred(time_s)
        self._recorder.judge(sight, None if self._small else picture)
        if self._pusher.wants("detector", time_s):
            self._pusher.offer("detector", self._detector.drawn(bgr_of(picture)), time_s)

    def replay(self, since_s: float) -> Iterator[tuple[Picture, float]]:
        """The ring decoded anew, for a clip that has to be encoded."""
        if self._small:  # nothing else uses the decoder then, and after this it goes on from here
            for frame in self.decoding.replay(self._recorder.ring.since(since_s)):
                yield self._darkroom.develop(planes_of(frame)), time_of(frame)
            return
        decoding = Decoding(self.decoding.make)
        for frame in itertools.chain(decoding.replay(self._recorder.ring.since(since_s)), decoding.drain()):
            if (frame.width, frame.height) == (self.form.width, self.form.height):  # one clip has one size
                yield self._darkroom.develop(planes_of(frame)), time_of(frame)

    def enlarge(self, time_s: float) -> Callable[[], Picture | None]:
        """What finds the large picture of a time, in any thread, where the detector sees a small one."""
        packets = [kept for kept in self._recorder.ring.since(time_s) if kept.dts_s <= time_s]
        decoding = Decoding(self.decoding.make)

        def find() -> Picture | None:
            frame = None
            for frame in decoding.replay(packets):
                if time_of(frame) >= time_s:
                    break
            return None if frame is None else self._darkroom.develop(planes_of(frame))

        return find
