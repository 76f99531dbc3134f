"""Clips of pictures whose packets cannot be copied: masked, turned, or in a format no browser plays."""

from __future__ import annotations

import contextlib
import math
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.video.stream import VideoStream

from edgepi_camera.child.pictures import i420_of, shrunk
from edgepi_camera.motion.picture import Picture
from edgepi_camera.record.clip import TICKS, Clip, ClipError
from edgepi_camera.record.disk import Disk
from edgepi_camera.source.base import TIME_BASE

__all__ = ["EncodedClip"]

KEY_EVERY_S = 2.0
# Of larger pictures x264 holds a quarter of a gigabyte, and no small board compresses them in time.
MOST_PIXELS = 1920 * 1080
ENCODER = {"preset": "superfast", "tune": "zerolatency"}


class EncodedClip(Clip):
    """Encodes what it is given with x264, in one thread; what is larger than `MOST_PIXELS` is made smaller.

    A change of size ends it with a ClipError.
    """

    def __init__(self, path: Path, disk: Disk, *, fps: float, crf: int) -> None:
        super().__init__(path, disk)
        self._fps = fps if fps > 0 else 25.0
        self._crf = crf
        self._stream: VideoStream | None = None
        self._shape = (0, 0)
        self._last_ticks = -1

    def add(self, picture: Picture, time_s: float) -> None:
        """Take the next picture; raises ClipError."""
        picture = _fitting(picture)
        try:
            if self._stream is None:
                self._begin(picture)
            if picture.luma.shape != self._shape:
                raise ClipError("the picture changed its size")
            frame = av.VideoFrame.from_ndarray(i420_of(picture), format="yuv420p")
            ticks = self._last_ticks = max(round(time_s * TICKS), self._last_ticks + 1)
            frame.pts, frame.time_base = ticks, TIME_BASE
            assert self._stream is not None
            for packet in self._stream.encode(frame):
                self._take(packet)
        except av.error.FFmpegError as error:
            raise ClipError(f"the clip was cut short: {error.strerror or error}") from error

    def _begin(self, picture: Picture) -> None:
        self._shape = height, width = picture.luma.shape
        rate = Fraction(self._fps).limit_denominator(1000)
        stream = self._container.add_stream("libx264", rate, options=ENCODER | {"crf": str(self._crf)})
        stream.width, stream.height, stream.pix_fmt = width // 2 * 2, height // 2 * 2, "yuv420p"
        stream.codec_context.time_base = TIME_BASE
        stream.codec_context.thread_count = 1
        stream.codec_context.gop_size = max(1, round(self._fps * KEY_EVERY_S))
        self._stream = stream

    def _take(self, packet: av.Packet[Any]) -> None:
        assert self._stream is not None
        assert packet.pts is not None
        assert packet.dts is not None
        self._mux(packet, self._stream, packet.pts, packet.dts)

    def _complete(self) -> None:
        if self._stream is not None:
            with contextlib.suppress(av.error.FFmpegError):
                for packet in self._stream.encode(None):
                    self._take(packet)


def _fitting(picture: Picture) -> Picture:
    height, width = picture.luma.shape
    if width * height <= MOST_PIXELS:
        return picture
    return shrunk(picture, int(width * math.sqrt(MOST_PIXELS / (width * height))) // 2 * 2)
