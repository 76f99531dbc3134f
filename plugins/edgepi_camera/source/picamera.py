"""The Raspberry Pi's own camera through picamera2: H.264 to keep, small planes to look at."""

from __future__ import annotations

import threading
from collections import deque
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from typing import Any

import av
from av.video.codeccontext import VideoCodecContext

from edgepi_camera.model import SourceSettings
from edgepi_camera.motion.picture import Bytes, Picture
from edgepi_camera.source.base import Format, SourceError, Unit
from edgepi_camera.source.nal import parameter_sets
from edgepi_camera.source.picamera_options import (
    control_values,
    duration_limits,
    lores_size,
    parse_options,
)
from edgepi_camera.source.picamera_ready import Library, load, refusal

__all__ = ["PicameraSource", "planes"]

MICROSECOND = Fraction(1, 1_000_000)
SIZE, FPS = (1280, 720), 25.0
KEY_EACH_US = 2_000_000
MOST_WAITING = 150
HEAD_BYTES = 512


class PicameraSource:
    """Sensor, hardware and encoder of one camera; ``picamera:1`` is the second one."""

    def __init__(self, settings: SourceSettings) -> None:
        self._settings = settings
        number = settings.url.partition(":")[2] or "0"
        if not number.isdigit():
            raise SourceError(
                f"picamera: {settings.url!r} names no camera", hint="picamera, or picamera:1 for a second"
            )
        self._number = int(number)
        self._options = parse_options(settings.options)
        self._fps = self._rate = settings.fps or FPS
        self._format = Format("", 0, 0)
        self._camera: Any = None
        self._encoders: Any = None
        self._output: Any = None
        self._queue = Queue()

    @property
    def format(self) -> Format:
        """What it delivers; known once it is open."""
        return self._format

    def open(self) -> None:
        """Start the camera; raises SourceError with what to do."""
        self.close()
        library = load()
        try:
            tuning = {} if self._options.tuning is None else {"tuning": self._options.tuning}
            self._camera = library.picamera2.Picamera2(self._number, **tuning)
            self._start(library)
        except (RuntimeError, OSError, IndexError, ValueError, AttributeError) as error:
            self.close()
            if isinstance(error, SourceError):
                raise
            raise refusal(error, self._number) from error

    def _start(self, library: Library) -> None:
        camera, options, turned = self._camera, self._options, self._settings.rotate % 360 == 180
        size = (self._settings.width or SIZE[0], self._settings.height or SIZE[1])
        wished = control_values(options.controls, camera.camera_controls, library.libcamera.controls)
        limits = duration_limits(self._fps, camera.camera_controls)
        camera.configure(
            camera.create_video_configuration(
                main={"size": size, "format": "YUV420"},
                lores={"size": lores_size(*size), "format": "YUV420"},
                transform=library.libcamera.Transform(
                    hflip=options.hflip != turned, vflip=options.vflip != turned
                ),
                controls={"FrameDurationLimits": limits, **wished},
            )
        )
        main, lores = (camera.stream_configuration(name) for name in ("main", "lores"))
        width, height = main["size"]
        self._format = Format("h264", width, height, 1e6 / limits[0], 180 if turned else 0)
        self._queue = Queue(lores)
        camera.post_callback = self._queue.seen
        self._output = _output(library, self._queue.compressed)
        self._encoders = library.encoders
        self._rate = self._fps
        self._encode(self._rate)
        camera.start()

    def _encode(self, fps: float) -> None:
        encoder = self._encoders.H264Encoder(
            bitrate=self._options.bitrate, repeat=True, iperiod=max(1, round(fps * KEY_EACH_US / 1e6))
        )
        self._queue.follow(encoder, forces=self._forces)
        self._camera.start_encoder(encoder, self._output, name="main")

    @property
    def _forces(self) -> bool:
        """Whether the encoder can be asked for a keyframe; the software one of a Pi 5 breaks with PyAV 18."""
        coder = self._encoders.H264Encoder
        software = coder is getattr(self._encoders, "LibavH264Encoder", None)
        return not software and hasattr(coder, "force_key_frame")

    def read(self) -> Unit:
        """Wait for the next picture; raises SourceError."""
        unit = self._queue.take(self._settings.timeout_s)
        if unit is None:
            raise SourceError(
                "picamera: the camera sends no pictures any more", hint="see to its ribbon cable and power"
            )
        return unit

    def decoder(self) -> VideoCodecContext:
        """Make a decoder for its packets."""
        context = VideoCodecContext.create("h264", "r")
        assert isinstance(context, VideoCodecContext)
        context.thread_count = 1
        return context

    def lower(self, fps: float | None) -> None:
        """Let the sensor itself take fewer pictures: everything after it then has less to do."""
        if self._camera is not None:
            rate, before = min(fps or self._fps, self._fps), self._rate
            self._rate = rate
            limits = duration_limits(rate, self._camera.camera_controls)
            self._camera.set_controls({"FrameDurationLimits": limits})
            if rate != before and not self._forces:  # the interval of its keyframes is fixed, in pictures
                self._camera.stop_encoder()
                self._encode(rate)

    def close(self) -> None:
        """Let go of the camera."""
        camera, self._camera = self._camera, None
        if camera is not None:
            for end in (camera.stop, camera.stop_encoder, camera.close):
                with suppress(Exception):  # a camera that was pulled out cannot be stopped in good order
                    end()


class Queue:
    """Brings packets and planes of the same moment together, from the camera's threads to the reader."""

    def __init__(self, lores: Any = None) -> None:
        self._encoder: Any = None
        self._forces = False
        self._lores = lores
        self._pictures: deque[tuple[int, Picture]] = deque(maxlen=16)
        self._units: deque[Unit] = deque()
        self._change = threading.Condition()
        self._keyless = False
        self._key_us = 0

    def follow(self, encoder: Any, *, forces: bool) -> None:
        """Take packets from this encoder; *forces*: ask it for keyframes by time, whatever the rate."""
        self._encoder, self._forces = encoder, forces

    def seen(self, request: Any) -> None:
        """Keep the planes of a picture that is about to be compressed; called in picamera2's thread."""
        # The same rounding as picamera2's encoders have.
        taken_us = int(request.get_metadata()["SensorTimestamp"] / 1000)
        self._pictures.append((taken_us, planes(request.make_buffer("lores"), self._lores)))
        if self._forces and taken_us - self._key_us > KEY_EACH_US:
            self._key_us = taken_us
            self._encoder.force_key_frame()

    def compressed(self, frame: Any, keyframe: bool, timestamp: int | None) -> None:
        """Keep what the encoder made; called in its thread, *frame* is gone afterwards."""
        taken_us = (self._encoder.firsttimestamp or 0) + (timestamp or 0)
        picture = None
        while self._pictures and self._pictures[0][0] <= taken_us:
            at_us, found = self._pictures.popleft()
            picture = found if at_us == taken_us else None
        if keyframe:
            self._key_us = max(self._key_us, taken_us)
        self._put(_unit(bytes(frame), taken_us, keyframe, picture))

    def _put(self, unit: Unit) -> None:
        with self._change:
            if len(self._units) >= MOST_WAITING:  # nobody reads: begin again at a keyframe
                self._units.clear()
                self._keyless = True
            if unit.key:
                self._keyless = False
            if self._keyless:
                unit = replace(unit, packet=None)
            if unit.packet is not None or unit.picture is not None:
                self._units.append(unit)
                self._change.notify()

    def take(self, timeout_s: float) -> Unit | None:
        """The next one, or None after so many seconds."""
        with self._change:
            if not self._change.wait_for(lambda: self._units, timeout_s):
                return None
            return self._units.popleft()


def planes(buffer: Bytes, layout: Any) -> Picture:
    """The planes of YUV420 in *buffer*: rows are *layout*'s stride apart, those of colours half as far."""
    (width, height), stride = layout["size"], layout["stride"]
    luma = buffer[: stride * height].reshape(height, stride)[:, :width]
    colours = buffer[stride * height : stride * height * 3 // 2].reshape(2, height // 2, stride // 2)
    return Picture(luma, colours[0, :, : width // 2], colours[1, :, : width // 2])


def _unit(data: bytes, taken_us: int, key: bool, picture: Picture | None) -> Unit:
    packet = av.Packet(data)
    packet.pts = packet.dts = taken_us
    packet.time_base = MICROSECOND
    packet.is_keyframe = key
    found = parameter_sets(data[:HEAD_BYTES], "h264") if key else b""
    return Unit(packet, taken_us / 1e6, taken_us / 1e6, key, picture, found)


def _output(library: Library, take: Any) -> Any:
    """Make an output as picamera2's encoders want it."""

    class Output(library.outputs.Output):  # type: ignore[misc, name-defined]
        def outputframe(
            self,
            frame: Any,
            keyframe: bool = True,
            timestamp: int | None = None,
            packet: Any = None,
            audio: bool = False,
        ) -> None:
            del packet
            if not audio:
                take(frame, keyframe, timestamp)

    return Output()
