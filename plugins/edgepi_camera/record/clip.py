"""Clips: packets copied into an MP4 that can be played whenever the power goes.

It is written in fragments, each complete in itself; when it is closed, FFmpeg turns it into a plain MP4
with a duration (``hybrid_fragmented``, FFmpeg 7.1).
"""

from __future__ import annotations

import contextlib
import io
from pathlib import Path
from typing import Any

import av

from edgepi.errors import CameraError
from edgepi.files import sync_directory
from edgepi_camera.record.disk import Disk
from edgepi_camera.record.file import ClipFile
from edgepi_camera.record.ring import Kept
from edgepi_camera.source.base import TIME_BASE, Format

__all__ = ["Clip", "ClipError", "CopiedClip"]

FRAGMENT_S = 0.7
SYNC_S = 5.0
TICKS = TIME_BASE.denominator
OPTIONS = {
    "movflags": "hybrid_fragmented",
    "frag_duration": str(int(FRAGMENT_S * 1e6)),
    "flush_packets": "1",
}


class ClipError(CameraError):
    """A clip cannot be written; the message says why."""


class Clip:
    """An MP4 being written; the subclasses know what goes into it."""

    def __init__(self, path: Path, disk: Disk) -> None:
        self.path = path
        self._disk = disk
        self._origin: int | None = None
        self._last_dts = -1
        self._first_pts = self._last_pts = 0
        self._step = 0
        self._held: av.Packet[Any] | None = None
        self._synced = 0
        try:
            self._file = ClipFile(path)
            self._container = av.open(self._file, "w", format="mp4", options=dict(OPTIONS))
        except OSError as error:
            raise ClipError(f"no clip can be written: {error.strerror or error}") from error

    @property
    def seconds(self) -> float:
        """How long it is so far."""
        return max(0, self._last_pts - self._first_pts) / TICKS

    @property
    def size(self) -> int:
        """Bytes so far."""
        return self._file.size

    def _mux(self, packet: av.Packet[Any], stream: av.stream.Stream, pts: int, dts: int) -> None:
        if self._origin is None:
            self._origin = dts
            self._first_pts = max(0, pts - dts)
        packet.time_base = TIME_BASE
        packet.dts = max(dts - self._origin, self._last_dts + 1)
        packet.pts = max(pts - self._origin, packet.dts)
        packet.stream = stream
        self._step = packet.dts - max(0, self._last_dts)
        self._last_dts, self._last_pts = packet.dts, max(self._last_pts, packet.pts)
        # One is held back, as the last has to say that the clip lasts until its last picture has been shown.
        held, self._held = self._held, packet
        try:
            if held is not None:
                self._container.mux_one(held)
        except (OSError, av.error.FFmpegError) as error:
            self._held = None  # FFmpeg crashes on a packet that follows a head that it could not write
            raise ClipError(f"the clip was cut short: {error.strerror or error}") from error
        if packet.dts - self._synced > SYNC_S * TICKS:
            self._synced = packet.dts
            self._disk.submit(self._sync)

    def _sync(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._file.sync()

    def finish(self) -> None:
        """Complete it and wait for the disk (blocks: call it there); raises ClipError, it then plays too."""
        try:
            try:
                self._complete()
                try:
                    self._put_last()
                finally:
                    self._container.close()
                self._file.sync()
            finally:
                self._file.close()
            sync_directory(self.path.parent)
        except (OSError, av.error.FFmpegError) as error:
            raise ClipError(f"the clip was cut short: {error.strerror or error}") from error

    def _complete(self) -> None:
        """Put in what is still to be encoded."""

    def _put_last(self) -> None:
        held, self._held = self._held, None
        if held is not None:
            assert held.pts is not None
            assert held.dts is not None
            # FFmpeg tells the lesser of how long the pictures are decoded and how long they are shown.
            until = self._last_pts + self._step
            held.duration = until - min(held.dts + self._first_pts, held.pts)
            self._container.mux_one(held)


class CopiedClip(Clip):
    """Packets as the camera sent them (H.264, H.265), from a key on."""

    def __init__(self, path: Path, disk: Disk, form: Format) -> None:
        super().__init__(path, disk)
        self._form = form
        self._stream: av.stream.Stream | None = None
        self._first_s = 0.0

    def add(self, kept: Kept) -> None:
        """Take the next packet; raises ClipError."""
        if self._stream is None:
            if not kept.key:
                return
            self._stream = self._streamed(kept)
            self._first_s = kept.time_s
        elif kept.time_s < self._first_s:
            return  # shown before the key that it follows: it needs pictures that the clip lacks
        packet = av.Packet(bytes(kept.packet))
        packet.is_keyframe = kept.key
        self._mux(packet, self._stream, round(kept.time_s * TICKS), round(kept.dts_s * TICKS))

    def _streamed(self, first: Kept) -> av.stream.Stream:
        form = self._form
        if form.codec != "hevc":
            return self._container.add_mux_stream(
                form.codec, width=form.width, height=form.height, time_base=TIME_BASE
            )
        # Only a stream made after another takes a tag, and without this one Apple's players refuse H.265.
        with av.open(io.BytesIO(bytes(first.packet)), "r", format="hevc") as sample:
            stream = self._container.add_stream_from_template(sample.streams.video[0], opaque=True)
        stream.codec_context.codec_tag = "hvc1"
        stream.time_base = TIME_BASE
        return stream
