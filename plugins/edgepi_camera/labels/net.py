"""Runs a network: through OpenCV, or through ONNX Runtime where that is installed and OpenCV cannot."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import cv2
import numpy as np

from edgepi.errors import CameraError
from edgepi_camera.labels.forms import Floats

__all__ = ["LabelsError", "Net", "open_net"]


class LabelsError(CameraError):
    """Labels cannot be had; the camera goes on without."""


class Net(Protocol):
    """A network that is ready."""

    def run(self, blob: Floats) -> list[Floats]:
        """Answer for one input of 1 x 3 x height x width."""


class OpenCvNet:
    """Through OpenCV, which is there anyway."""

    def __init__(self, model: bytes) -> None:
        self._net: Any = cv2.dnn.readNetFromONNX(np.frombuffer(model, np.uint8))
        self._ends = self._net.getUnconnectedOutLayersNames()

    def run(self, blob: Floats) -> list[Floats]:
        """Answer; raises cv2.error."""
        self._net.setInput(blob)
        return [np.asarray(output, np.float32) for output in self._net.forward(self._ends)]


class RuntimeNet:
    """Through ONNX Runtime."""

    def __init__(self, model: bytes, runtime: Any) -> None:
        options = runtime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session = runtime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        self._input = self._session.get_inputs()[0].name

    def run(self, blob: Floats) -> list[Floats]:
        """Answer."""
        return [np.asarray(output, np.float32) for output in self._session.run(None, {self._input: blob})]


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep OpenCV from writing to standard error what is told in better words."""
    log = cv2.utils.logging
    before = log.setLogLevel(log.LOG_LEVEL_SILENT)
    try:
        yield
    finally:
        log.setLogLevel(before)


def open_net(model: bytes, opset: int, blob: Floats) -> tuple[Net, list[Floats]]:
    """Open an ONNX *model* and try it with *blob*; raises LabelsError if nothing here can run it."""
    try:
        with _quiet():
            net: Net = OpenCvNet(model)
            return net, net.run(blob)
    except cv2.error as error:
        refused = str(error.err or error).strip().splitlines()[0][:200]
    try:
        net = RuntimeNet(model, importlib.import_module("onnxruntime"))
        return net, net.run(blob)
    except ImportError:
        hint = f"export it for pictures of one size, with an older opset than {opset}, or install onnxruntime"
    except Exception as error:  # noqa: BLE001 (its exceptions have no common base)
        refused, hint = str(error).strip().splitlines()[0][:200], "choose another model"
    raise LabelsError(f"the model cannot be run: {refused}", hint=hint)
