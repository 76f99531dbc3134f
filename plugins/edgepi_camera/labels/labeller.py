"""Says what moves: a network of the owner's, on the part of the picture where motion is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from edgepi_camera.labels.coco import COCO
from edgepi_camera.labels.forms import Floats, Form, Found, form_of, found_in
from edgepi_camera.labels.net import LabelsError, Net, open_net
from edgepi_camera.labels.onnx_file import ModelFacts, read_facts, with_shape
from edgepi_camera.labels.region import Region, meets, region_of
from edgepi_camera.model import Box
from edgepi_camera.motion.picture import Bytes

__all__ = ["Labeller", "NetLabeller", "open_labeller"]

LEAST_SCORE, OVERLAP = 0.35, 0.45
USUAL_SIZE = 320
GREY = 114
Labels = tuple[tuple[str, float], ...]


class Labeller(Protocol):
    """Names what is in a picture."""

    def look(self, bgr: Bytes, boxes: Sequence[Box]) -> Labels:
        """Names and scores (0 to 1) of what is where *boxes* are, best first; a name comes once."""


def open_labeller(model: str, names: Sequence[str] = ()) -> Labeller:
    """Open a model file, or the people detector that needs none (``hog``); raises LabelsError."""
    if model == "hog":
        from edgepi_camera.labels.hog import HogLabeller

        return HogLabeller()
    file = Path(model)
    data, facts = _read(file)
    known = tuple(names) or _beside(file) or facts.names
    size = max(facts.shape[2:]) or facts.size or USUAL_SIZE
    shape = (1, 3, size, size)
    data = data if facts.shape == shape else with_shape(data, shape)
    net, outputs = open_net(data, facts.opset, np.zeros(shape, np.float32))
    shapes = [output.shape for output in outputs]
    form = form_of(shapes, size, len(known))
    if form is None:
        told = " and ".join("x".join(map(str, shape)) for shape in shapes)
        raise LabelsError(
            f"{file.name} answers {told}, which is no form that is known"
            + (f" with {len(known)} names" if known else ""),
            hint=f"known are {'; '.join(form.value for form in Form)}",
        )
    return NetLabeller(net, form, size, known or COCO)


def _read(file: Path) -> tuple[bytes, ModelFacts]:
    if not file.is_file():
        raise LabelsError(f"there is no model file {file}", hint="put one there, or say `model: hog`")
    try:
        data = file.read_bytes()
        facts = read_facts(data)
    except (OSError, ValueError) as error:
        raise LabelsError(f"{file.name} is no ONNX model: {error}", hint="export the model as ONNX") from None
    if len(facts.shape) != 4 or facts.shape[1] not in {0, 3}:
        raise LabelsError(
            f"{file.name} takes {'x'.join(map(str, facts.shape))}, no pictures",
            hint="its input has to be 1 x 3 x height x width",
        )
    return data, facts


def _beside(file: Path) -> tuple[str, ...]:
    """Names from a text file of the same name, one a line."""
    try:
        text = file.with_suffix(".txt").read_text()
    except (OSError, UnicodeDecodeError):
        return ()
    return tuple(line.strip() for line in text.splitlines() if line.strip())


class NetLabeller:
    """A network that finds things, and the *names* of its classes."""

    def __init__(self, net: Net, form: Form, size: int, names: Sequence[str]) -> None:
        self._net = net
        self.form = form
        self.size = size
        self.names = tuple(names)

    def look(self, bgr: Bytes, boxes: Sequence[Box]) -> Labels:
        """Names and scores of what is where *boxes* are; raises LabelsError."""
        region = region_of(bgr.shape, boxes, self.size)
        crop = bgr[region.top : region.bottom, region.left : region.right]
        blob, scale = _letterboxed(crop, self.size, self.form)
        try:
            found = found_in(self._net.run(blob), self.form, self.size, LEAST_SCORE)
        except cv2.error as error:
            raise LabelsError(f"the model fails: {str(error).splitlines()[0][:200]}") from None
        best: dict[str, float] = {}
        for index in _distinct(found):
            name = self._name(int(found.classes[index]))
            if meets(_in_picture(found.boxes[index], region, scale), boxes, bgr.shape):
                best[name] = max(best.get(name, 0.0), round(float(found.scores[index]), 3))
        return tuple(sorted(best.items(), key=lambda item: -item[1]))

    def _name(self, number: int) -> str:
        return self.names[number] if number < len(self.names) else f"class {number}"


def _letterboxed(crop: Bytes, size: int, form: Form) -> tuple[Floats, float]:
    """The input of the network, with grey where the crop does not fill it, and pixels of it per pixel."""
    height, width = crop.shape[:2]
    scale = size / max(height, width)
    across, down = max(1, round(width * scale)), max(1, round(height * scale))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    canvas = np.full((size, size, 3), GREY, np.uint8)
    canvas[:down, :across] = cv2.resize(crop, (across, down), interpolation=method)
    if form is Form.NANODET:  # BGR by mean and deviation of ImageNet, as its authors train it
        values = (canvas.astype(np.float32) - (103.53, 116.28, 123.675)) / (57.375, 57.12, 58.395)
        return np.ascontiguousarray(values.transpose(2, 0, 1)[None], np.float32), scale
    mean, factor = (127.5, 1 / 127.5) if form in {Form.SSD, Form.PAIR} else (0.0, 1 / 255)
    blob = cv2.dnn.blobFromImage(canvas, factor, (size, size), (mean, mean, mean), swapRB=True)
    return np.asarray(blob, np.float32), scale


def _distinct(found: Found) -> list[int]:
    """Which of them are not the same thing a second time."""
    if not len(found.scores):
        return []
    kept = cv2.dnn.NMSBoxesBatched(
        found.boxes.tolist(), found.scores.tolist(), found.classes.tolist(), LEAST_SCORE, OVERLAP
    )
    return [int(index) for index in np.asarray(kept).ravel()]


def _in_picture(box: Floats, region: Region, scale: float) -> tuple[float, float, float, float]:
    x, y, width, height = (float(each) / scale for each in box)
    return region.left + x, region.top + y, width, height
