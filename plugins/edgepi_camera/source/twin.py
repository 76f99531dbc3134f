"""A camera's two streams: the large one to keep, the small one to look at."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from dataclasses import replace

import av
from av.video.codeccontext import VideoCodecContext

from edgepi.clock import Clock
from edgepi_camera.child.pictures import planes_of
from edgepi_camera.source.base import Format, Source, SourceError, Unit

__all__ = ["TwinSource"]

WAITING = 256
SLICE_S = 0.5
GROUP_BYTES = 4 * 1024 * 1024


class TwinSource:
    """Units of *main* as they are, between them planes of *small*; each is read in a thread of its own."""

    def __init__(self, main: Source, small: Source, clock: Clock, timeout_s: float) -> None:
        self._main, self._small = main, small
        self._clock = clock
        self._timeout_s = timeout_s
        self._units: queue.Queue[Unit | SourceError] = queue.Queue(WAITING)
        self._threads: list[threading.Thread] = []
        self._closing = threading.Event()
        self._fps: float | None = None
        self._heard_s = 0.0

    @property
    def format(self) -> Format:
        """That of the large stream."""
        return self._main.format

    def open(self) -> None:
        """Connect to both; raises SourceError."""
        self.close()
        self._closing.clear()
        self._main.open()
        try:
            self._small.open()
        except SourceError:
            self._main.close()
            raise
        self._units = queue.Queue(WAITING)
        self._heard_s = self._clock.monotonic()
        for name, work in (("main stream", self._read_main), ("small stream", self._read_small)):
            thread = threading.Thread(target=self._guarded, args=(work,), name=name, daemon=True)
            self._threads.append(thread)
            thread.start()

    def read(self) -> Unit | None:
        """The next of either; raises SourceError when one of them ends."""
        try:
            unit = self._units.get(timeout=SLICE_S)
        except queue.Empty:
            if self._clock.monotonic() - self._heard_s > self._timeout_s:
                raise SourceError("the camera: no answer in time") from None
            return None
        self._heard_s = self._clock.monotonic()
        if isinstance(unit, SourceError):
            raise unit
        return unit

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except SourceError as error:
            self._put(error)

    def _put(self, unit: Unit | SourceError) -> None:
        while not self._closing.is_set():
            try:
                self._units.put(unit, timeout=SLICE_S)
            except queue.Full:
                continue
            return

    def _read_main(self) -> None:
        while not self._closing.is_set():
            unit = self._main.read()
            if unit is not None:
                self._put(unit if unit.picture is None else replace(unit, picture=None))

    def _read_small(self) -> None:
        eye = _Eye(self._small)
        while not self._closing.is_set():
            unit = self._small.read()
            if unit is None or unit.packet is None:
                continue
            now_s = self._clock.monotonic()
            for frame, came_s in eye.see(unit, now_s, self._fps):
                self._put(Unit(None, None, None, key=False, picture=planes_of(frame), age_s=now_s - came_s))

    def decoder(self) -> VideoCodecContext | None:
        """Make a decoder for the large stream."""
        return self._main.decoder()

    def lower(self, fps: float | None) -> None:
        """Look at keys only, no more than *fps* of them a second; None: at everything."""
        self._fps = fps

    def close(self) -> None:
        """Let go of both."""
        self._closing.set()
        threads, self._threads = self._threads, []
        for thread in threads:
            thread.join(self._timeout_s + SLICE_S)
        self._main.close()
        self._small.close()


class _Eye:
    """Decodes all of a stream or its keys; going from these to all begins at the last key but one."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._context: VideoCodecContext | None = None
        self._group: list[tuple[Unit, float]] = []
        self._size = 0
        self._whole = False
        self._looked_s = float("-inf")

    def see(self, unit: Unit, now_s: float, fps: float | None) -> list[tuple[av.VideoFrame, float]]:
        if fps is None:
            waiting, self._group, self._size = [*self._group, (unit, now_s)], [], 0
            frames = [pair for kept, came_s in waiting for pair in self._decode(kept, came_s)]
            self._whole = True
            return frames
        if self._whole:
            self._whole, self._context = False, None
        frames = []
        if unit.key and now_s - self._looked_s >= 0.9 / fps:
            self._looked_s = now_s
            self._context = None
            frames = self._decode(unit, now_s)
            if not frames and self._context is not None:
                frames = [(frame, now_s) for frame in self._drained(self._context)]
            self._context = None
        self._hold(unit, now_s)
        return frames

    def _hold(self, unit: Unit, now_s: float) -> None:
        keys = [index for index, (kept, _) in enumerate(self._group) if kept.key]
        if unit.key and len(keys) > 1:
            self._group = self._group[keys[-1] :]
        if not self._group and not unit.key:
            return
        self._group.append((unit, now_s))
        self._size = sum(kept.packet.size for kept, _ in self._group if kept.packet is not None)
        if self._size > GROUP_BYTES:
            self._group = []

    def _decode(self, unit: Unit, came_s: float) -> list[tuple[av.VideoFrame, float]]:
        if self._context is None:
            if not unit.key:
                return []
            self._context = self._source.decoder()
        if self._context is None:
            return []
        try:
            return [(frame, came_s) for frame in self._context.decode(unit.packet) if not frame.is_corrupt]
        except av.error.FFmpegError:
            return []

    @staticmethod
    def _drained(context: VideoCodecContext) -> list[av.VideoFrame]:
        try:
            return context.decode(None)
        except av.error.FFmpegError:
            return []
