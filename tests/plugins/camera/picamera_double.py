"""picamera2 and libcamera as far as they are used, for machines that have no such camera.

Its signatures are those of ``picamera2_signatures.json``, read from the sources of picamera2 0.3.38 by
``python tests/plugins/camera/picamera_double.py FOLDER``. `Picamera2.shoot` takes the pictures that the
sensor of a real one takes by itself: in the caller's thread, with rows padded as the hardware pads them.
"""

from __future__ import annotations

import ast
import json
import sys
from fractions import Fraction
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, ClassVar

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from tests.cameras import moving_square

__all__ = ["USED", "Bench", "modules", "signatures"]

STRIDE = 64
SHORTEST_US, LONGEST_US = 16_666, 10_000_000
# What the source calls, by file and class of the real package.
USED: dict[str, dict[str, tuple[str, ...]]] = {
    "picamera2.py": {
        "Picamera2": (
            "__init__",
            "create_video_configuration",
            "configure",
            "stream_configuration",
            "start",
            "stop",
            "start_encoder",
            "stop_encoder",
            "set_controls",
            "close",
        )
    },
    "request.py": {"CompletedRequest": ("get_metadata", "make_buffer")},
    "encoders/h264_encoder.py": {"H264Encoder": ("__init__", "force_key_frame")},
    "outputs/output.py": {"Output": ("__init__", "start", "stop", "outputframe")},
}


class Transform:
    def __init__(self, *, hflip: bool = False, vflip: bool = False) -> None:
        self.hflip, self.vflip = hflip, vflip


class Output:
    def __init__(self, pts: Any = None) -> None:
        self.recording = False

    def start(self) -> None:
        self.recording = True

    def stop(self) -> None:
        self.recording = False

    def outputframe(
        self,
        frame: Any,
        keyframe: bool = True,
        timestamp: Any = None,
        packet: Any = None,
        audio: bool = False,
    ) -> None: ...

    def _add_stream(self, encoder_stream: Any, *args: Any, **kwargs: Any) -> None: ...


class H264Encoder:
    def __init__(  # noqa: PLR0917 (as the real one)
        self,
        bitrate: Any = None,
        repeat: bool = True,
        iperiod: Any = None,
        framerate: Any = None,
        enable_sps_framerate: bool = False,
        qp: Any = None,
        profile: Any = None,
    ) -> None:
        self.bitrate, self.repeat, self.iperiod = bitrate, repeat, iperiod
        self.firsttimestamp: int | None = None
        self.output: Any = None
        self.running = False
        self.key_frames_requested = 0
        self._forced = False
        self._coder: Any = None

    def force_key_frame(self) -> None:
        self.key_frames_requested += 1
        self._forced = True

    def _encode(self, i420: NDArray[np.uint8], taken_ns: int) -> None:
        taken_us = int(taken_ns / 1000)
        if self.firsttimestamp is None:
            self.firsttimestamp = taken_us
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(i420), format="yuv420p")
        frame.pts = taken_us - self.firsttimestamp
        if self._forced:
            frame.pict_type, self._forced = av.video.frame.PictureType.I, False
        if self._coder is None:
            self._coder = _coder(frame.width, frame.height, self.iperiod or 1000)
        for packet in self._coder.encode(frame):
            data = bytearray(bytes(packet))
            self.output.outputframe(memoryview(data), packet.is_keyframe, packet.pts, None, False)
            data[:] = bytes(len(data))  # the encoder's memory is used again


class LibavH264Encoder(H264Encoder):
    def force_key_frame(self) -> None:
        raise TypeError("an integer is required")  # what PyAV 18 makes of the real one's


def _coder(width: int, height: int, gop: int) -> Any:
    coder: Any = av.CodecContext.create("libx264", "w")
    coder.width, coder.height, coder.pix_fmt = width, height, "yuv420p"
    coder.time_base, coder.gop_size, coder.max_b_frames = Fraction(1, 1_000_000), gop, 0
    coder.options = {"preset": "ultrafast", "tune": "zerolatency", "forced-idr": "1"}
    return coder


class CompletedRequest:
    def __init__(self, taken_ns: int, buffers: dict[str, NDArray[np.uint8]]) -> None:
        self._taken_ns = taken_ns
        self._buffers = buffers

    def get_metadata(self) -> dict[str, Any]:
        return {"SensorTimestamp": self._taken_ns, "ExposureTime": 20_000}

    def make_buffer(self, name: str) -> NDArray[np.uint8]:
        return self._buffers[name].reshape(-1).copy()


class Bench:
    """What is plugged in, and what was opened."""

    def __init__(self) -> None:
        self.cameras = 1
        self.busy = False
        self.software = False
        self.made: list[Any] = []


class Picamera2:
    bench: ClassVar[Bench]

    def __init__(
        self, camera_num: int = 0, verbose_console: Any = None, tuning: Any = None, allocator: Any = None
    ) -> None:
        if camera_num >= self.bench.cameras:
            raise RuntimeError(f"No camera number {camera_num} found - use ...")
        if self.bench.busy:
            cause = RuntimeError("Failed to acquire camera: Device or resource busy")
            raise RuntimeError("Camera __init__ sequence did not complete.") from cause
        self.bench.made.append(self)
        self.tuning = tuning
        self.camera_controls = {
            "FrameDurationLimits": (SHORTEST_US, LONGEST_US, 33_333),
            "AfMode": (0, 2, 0),
            "ExposureValue": (-8.0, 8.0, 0.0),
        }
        self.controls: dict[str, Any] = {}
        self.post_callback: Any = None
        self.config: Any = None
        self.encoder: Any = None
        self.started = self.closed = False
        self._taken_ns = 7_000_000_000_123
        self._number = 0

    def create_video_configuration(  # noqa: PLR0917 (as the real one)
        self,
        main: Any = {},  # noqa: B006
        lores: Any = None,
        raw: Any = {},  # noqa: B006
        transform: Any = None,
        colour_space: Any = None,
        buffer_count: int = 6,
        controls: Any = {},  # noqa: B006
        display: Any = "main",
        encode: Any = "main",
        queue: bool = True,
        sensor: Any = {},  # noqa: B006
        use_case: str = "video",
    ) -> dict[str, Any]:
        return {"main": dict(main), "lores": dict(lores), "transform": transform, "controls": controls}

    def configure(self, camera_config: Any = None) -> None:
        for name in ("main", "lores"):
            width, height = camera_config[name]["size"]
            assert width % 2 == height % 2 == 0, "width and height should be even"
            camera_config[name]["stride"] = -(-width // STRIDE) * STRIDE
        assert camera_config["lores"]["size"] <= camera_config["main"]["size"]
        self.config = camera_config
        self.controls |= camera_config["controls"]

    def stream_configuration(self, name: str = "main") -> dict[str, Any]:
        configuration: dict[str, Any] = self.config[name]
        return configuration

    def start(self, config: Any = None, show_preview: bool = False) -> None:
        assert self.config is not None, "Camera has not been configured"
        self.started = True

    def stop(self) -> None:
        self.started = False

    def start_encoder(
        self, encoder: Any = None, output: Any = None, pts: Any = None, quality: Any = None, name: Any = None
    ) -> None:
        assert isinstance(output, Output), "Must pass Output"
        assert name == "main"
        encoder.output, encoder.running = output, True
        output.start()
        self.encoder = encoder

    def stop_encoder(self, encoders: Any = None) -> None:
        if not self.encoder.running:
            raise RuntimeError("Encoder already stopped")
        self.encoder.running = False

    def set_controls(self, controls: Any) -> None:
        self.controls |= controls

    def close(self) -> None:
        self.closed = True

    def shoot(self, count: int = 1) -> None:
        """Take pictures at the rate that the controls ask for."""
        assert self.started
        for _ in range(count):
            buffers = {name: self._padded(name) for name in ("main", "lores")}
            if self.post_callback:
                self.post_callback(CompletedRequest(self._taken_ns, buffers))
            self.encoder._encode(self._i420(*self.config["main"]["size"]), self._taken_ns)
            self._number += 1
            self._taken_ns += self.controls["FrameDurationLimits"][0] * 1000

    def _i420(self, width: int, height: int) -> NDArray[np.uint8]:
        bgr = cv2.resize(moving_square(self._number), (width, height))
        bgr[:, :, 2] = 200  # reddish, so that planes that are mistaken for each other are seen
        transform = self.config["transform"]
        if transform.hflip:
            bgr = bgr[:, ::-1]
        if transform.vflip:
            bgr = bgr[::-1]
        return np.asarray(cv2.cvtColor(np.ascontiguousarray(bgr), cv2.COLOR_BGR2YUV_I420), np.uint8)

    def _padded(self, name: str) -> NDArray[np.uint8]:
        (width, height), stride = self.config[name]["size"], self.config[name]["stride"]
        whole = self._i420(width, height)
        buffer = np.full(stride * height * 3 // 2, 255, np.uint8)
        buffer[: stride * height].reshape(height, stride)[:, :width] = whole[:height]
        colours = buffer[stride * height :].reshape(height, stride // 2)
        colours[:, : width // 2] = whole[height:].reshape(height, width // 2)
        return buffer


def modules(bench: Bench) -> dict[str, Any]:
    """Modules to put where imports look for them."""
    camera = type("Picamera2", (Picamera2,), {"bench": bench})
    controls = SimpleNamespace(AfModeEnum=SimpleNamespace(Manual=0, Auto=1, Continuous=2))
    made = {
        "picamera2": {"Picamera2": camera},
        "picamera2.encoders": {
            "H264Encoder": LibavH264Encoder if bench.software else H264Encoder,
            "LibavH264Encoder": LibavH264Encoder,
        },
        "picamera2.outputs": {"Output": Output},
        "libcamera": {"Transform": Transform, "controls": controls},
    }
    found: dict[str, Any] = {}
    for name, contents in made.items():
        found[name] = ModuleType(name)
        vars(found[name]).update(contents)
    return found


def signatures(folder: Path) -> dict[str, list[str]]:
    """Names of the parameters of all that is used, as the sources in *folder* have them."""
    found: dict[str, list[str]] = {}
    for file, classes in USED.items():
        for node in ast.walk(ast.parse((folder / file).read_text())):
            if isinstance(node, ast.ClassDef) and node.name in classes:
                for method in node.body:
                    if isinstance(method, ast.FunctionDef) and method.name in classes[node.name]:
                        names = [each.arg for each in (*method.args.args, *method.args.kwonlyargs)]
                        found[f"{node.name}.{method.name}"] = names  # overloads come before
    return found


if __name__ == "__main__":
    print(json.dumps(signatures(Path(sys.argv[1])), indent=1))  # noqa: T201
