"""Whatever FFmpeg opens: RTSP, HTTP, V4L2, a socket, a file."""

from __future__ import annotations

import errno
import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer
from av.stream import Discard
from av.video.codeccontext import VideoCodecContext

from edgepi.clock import Clock, SystemClock
from edgepi_camera.address import other_kind
from edgepi_camera.model import SourceSettings
from edgepi_camera.source.base import ANNEX_B, MOST_PIXELS, Format, SourceEndError, SourceError, Unit
from edgepi_camera.source.device import Patience, copied, let_go, there
from edgepi_camera.source.kinds import describe, rate_of, reordered
from edgepi_camera.source.nal import parameter_sets
from edgepi_camera.source.network import trouble
from edgepi_camera.source.options import attempts
from edgepi_camera.source.press import Press
from edgepi_camera.source.whole import HEAD_BYTES, Whole
from edgepi_camera.source.words import explained, masked

__all__ = ["StreamSource"]

# Their demuxers make up times from a rate that nobody told them.
UNTIMED = {"mpjpeg", "mjpeg", "image2pipe", "jpeg_pipe", "h264", "hevc"}

MOST_DELAYED = 16  # pictures that a decoder may hold back
MOST_WAITING = 300  # FFmpeg asks the kernel for 256 buffers

logging.getLogger("libav").setLevel(logging.CRITICAL)


class StreamSource:
    """One video stream through FFmpeg's demuxers."""

    def __init__(self, settings: SourceSettings, clock: Clock | None = None) -> None:
        self._settings = settings
        self._clock = clock or SystemClock()
        self._what = masked(settings.url)
        self._container: InputContainer | None = None
        self._packets: Iterator[Any] = iter(())
        self._format = Format("", 0, 0)
        self._bsf: av.BitStreamFilterContext | None = None
        self._waiting: list[av.Packet[Any]] = []
        self._next = self._part
        self._press: Press | None = None
        self._patience: Patience | None = None

    @property
    def format(self) -> Format:
        """What it delivers; known once it is open."""
        return self._format

    def open(self) -> None:
        """Connect; raises SourceError within its time-out."""
        self.close()
        if not self._settings.live and (kind := other_kind(Path(self._settings.url))) is not None:
            raise SourceError(f"{self._what}: it is {kind}, neither a film nor a folder of pictures")
        try:
            self._container = self._connect()
            self._begin(self._container)
        except (av.error.FFmpegError, OSError, ValueError) as error:
            self.close()
            if isinstance(error, SourceError):
                raise
            if getattr(error, "errno", None) == errno.ENODEV and there(self._settings.url):
                hint = "it is no camera; a camera has several devices, and its pictures come from one of them"
                raise SourceError(f"{self._what}: {hint}") from None
            if (why := self._no_film(error) or trouble(error, self._settings.url)) is not None:
                raise SourceError(f"{self._what}: {why}") from None
            raise SourceError(explained(error, self._what)) from None

    def _no_film(self, error: Exception) -> str | None:
        if self._settings.live or not isinstance(error, av.error.InvalidDataError | av.error.EOFError):
            return None
        film = Path(self._settings.url)
        if film.is_file() and not film.stat().st_size:
            return "it is empty"
        return "it is no film, or its beginning or end is missing"

    def _connect(self) -> InputContainer:
        wait_s = self._settings.timeout_s
        last: Exception | None = None
        for form, options in attempts(self._settings):
            # A decoder that is told the size of a device's pictures believes it, whatever size they have.
            both, device = ({}, options) if form == "v4l2" else (options, {})
            try:
                return av.open(
                    self._settings.url,
                    "r",
                    format=form,
                    options=both,
                    container_options=device,
                    timeout=(wait_s + 5.0, wait_s),
                )
            except (av.error.FFmpegError, OSError, ValueError) as error:
                last = error
                if form == "v4l2":
                    let_go(self._settings.url)
                if not isinstance(error, av.error.ArgumentError | av.error.InvalidDataError):
                    break
        assert last is not None
        raise last

    def _begin(self, container: InputContainer) -> None:
        if not container.streams.video:
            no = "it sends no pictures" if self._settings.live else "there are no pictures in it"
            raise SourceError(f"{self._what}: {no}")
        stream = container.streams.video[0]
        for other in container.streams:
            if other is not stream:
                other.discard = Discard.all
        context = stream.codec_context
        self._format = Format(
            context.name,
            context.width,
            context.height,
            rate_of(container, stream),
            pixels=context.pix_fmt or "",
            reordered=not self._settings.live and reordered(container, stream),
        )
        if context.width * context.height > MOST_PIXELS:
            size = f"{context.width} x {context.height}"
            raise SourceError(
                f"{self._what}: its pictures of {size} are too large", hint="set it to smaller ones"
            )
        self._seconds = float(stream.time_base) if stream.time_base else 0.0
        self._timed = self._seconds > 0 and not (
            self._settings.live and set(container.format.name.split(",")) & UNTIMED
        )
        self._intra = bool(context.codec.intra_only) if hasattr(context.codec, "intra_only") else False
        self._stream = stream
        self._extra = bytes(context.extradata or b"")
        self._parameters = b""
        self._bsf = None
        self._annex_b = self._format.codec in ANNEX_B
        self._first: int | None = None
        self._undated = MOST_DELAYED if context.has_b_frames and not self._settings.live else 0
        if self._annex_b:
            if self._extra[:1] == b"\1":
                kind = "h264_mp4toannexb" if self._format.codec == "h264" else "hevc_mp4toannexb"
                self._bsf = av.BitStreamFilterContext(kind, stream)
            else:
                self._parameters = parameter_sets(self._extra, self._format.codec)
        self._press = None
        if context.name == "rawvideo":
            self._begin_pressing(context)
        self._patience = None
        if "v4l2" in container.format.name or self._settings.format == "v4l2":
            self._patience = Patience(self._settings.url, self._settings.timeout_s, self._clock)
        self._packets = container.demux(stream)
        self._next = self._part
        if self._settings.live and self._annex_b and self._patience is None:
            self._next = Whole(self._part, self._format.codec).read

    def _begin_pressing(self, context: VideoCodecContext) -> None:
        if context.pix_fmt is None:
            raise SourceError(f"{self._what}: its pictures are in a form that cannot be decoded (rawvideo)")
        self._press = Press(self.decoder())
        # A JPEG is made of planes whose colours have half its size.
        width, height = context.width // 2 * 2, context.height // 2 * 2
        self._format = replace(self._format, codec="mjpeg", width=width, height=height)

    def read(self) -> Unit | None:
        """Wait for the next unit; None if a device has none for now. Raises SourceError, SourceEndError."""
        try:
            if self._patience is not None and not self._patience.ready():
                return None
        except OSError as error:
            raise SourceError(explained(error, self._what)) from None
        unit = self._latest()
        return unit if self._press is None else self._press.press(unit)

    def _latest(self) -> Unit:
        """The next unit; of a device that is faster than whoever reads it, the last that waits."""
        unit = self._read()
        if self._patience is not None and self._intra:
            for _ in range(MOST_WAITING):
                if not self._patience.behind():
                    break
                unit = self._read()
        return unit

    def _read(self) -> Unit:
        try:
            packet = self._next()
        except StopIteration:
            packet = None
        except (av.error.FFmpegError, OSError, ValueError) as error:
            raise SourceError(explained(error, self._what)) from None
        if packet is None:
            if self._settings.live:
                raise SourceError(f"{self._what}: it ended the stream")
            raise SourceEndError(f"{self._what}: read to its end")
        if self._format.reordered:
            packet.pts = None
        pts, dts = packet.pts, self._dts(packet)
        timed = self._timed
        unit = Unit(
            packet,
            pts * self._seconds if timed and pts is not None else None,
            dts * self._seconds if timed and dts is not None else None,
            packet.is_keyframe or self._intra,
        )
        if unit.key and self._annex_b:
            self._complete(unit)
        return unit

    def _dts(self, packet: av.Packet[Any]) -> int | None:
        """When it is decoded; of the first packets of some films only the demuxer's later ones tell it."""
        pts, dts = packet.pts, packet.dts
        if dts is not None or pts is None or not self._undated:
            self._undated = 0
            return dts
        self._undated -= 1
        self._first = pts if self._first is None else min(pts, self._first)
        return self._first

    def _part(self) -> av.Packet[Any]:
        if self._waiting:
            return self._waiting.pop(0)
        while True:
            packet = next(self._packets)
            if not packet.size:
                continue
            if self._patience is not None:
                packet = copied(packet)
            if self._bsf is None:
                return packet  # type: ignore[no-any-return]
            filtered = self._bsf.filter(packet)
            if filtered:
                self._waiting = filtered[1:]
                return filtered[0]

    def _complete(self, unit: Unit) -> None:
        """See to it that a key unit carries its parameter sets; many cameras tell them in the SDP only."""
        packet = unit.packet
        assert packet is not None
        found = parameter_sets(bytes(memoryview(packet)[:HEAD_BYTES]), self._format.codec)
        if not found and self._parameters:
            whole = av.Packet(self._parameters + bytes(packet))
            whole.pts, whole.dts, whole.time_base = packet.pts, packet.dts, packet.time_base
            whole.is_keyframe = True
            unit.packet, found = whole, self._parameters
        unit.parameters = found

    def decoder(self) -> VideoCodecContext:
        """Make a decoder for its packets."""
        origin = self._stream.codec_context
        context = VideoCodecContext.create("mjpeg" if self._press is not None else origin.name, "r")
        assert isinstance(context, VideoCodecContext)
        context.thread_count = 1
        context.options = {"max_pixels": str(MOST_PIXELS)}
        if self._extra and self._bsf is None and self._press is None:
            context.extradata = self._extra
        if self._press is None:
            describe(context, origin)
        return context

    def lower(self, fps: float | None) -> None:
        """Leave pictures uncompressed that nobody wants; what comes compressed is left so anyway."""
        if self._press is not None:
            self._press.fps = fps

    def close(self) -> None:
        """Let go of it."""
        container, self._container = self._container, None
        self._packets, self._waiting, self._bsf = iter(()), [], None
        if container is not None:
            container.close()
