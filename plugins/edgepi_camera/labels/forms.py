"""The forms in which detection models answer, brought to one: boxes in pixels of the input, score, class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

__all__ = ["Form", "Found", "form_of", "found_in"]

Floats = NDArray[np.float32]
SSD_ROW = 7
LISTED_ROW, MOST_LISTED = 6, 1000
YOLO5_STRIDES = (8, 16, 32)
NANODET_STRIDES, NANODET_BINS = (8, 16, 32, 64), 8


class Form(Enum):
    """How the answer is laid out; N candidates, C classes."""

    YOLO5 = "YOLOv5: 1 x N x (4 + 1 + C)"
    YOLO8 = "YOLOv8: 1 x (4 + C) x N"
    LISTED = "YOLOv10: 1 x N x 6, nothing twice"
    SSD = "SSD: 1 x 1 x N x 7"
    PAIR = "SSD: boxes 1 x N x 4 and scores 1 x N x C"
    NANODET = "NanoDet: 1 x N x (C + 32)"


@dataclass(frozen=True, slots=True)
class Found:
    """Candidates above a score: *boxes* are x, y, width, height in pixels of the network's input."""

    boxes: Floats
    scores: Floats
    classes: NDArray[np.intp]


def form_of(shapes: Sequence[tuple[int, ...]], size: int, names: int) -> Form | None:
    """Which form outputs of these *shapes* have; *names* is how many classes have one, 0 if unknown."""
    if len(shapes) == 2:
        return Form.PAIR if _pair(shapes) else None
    shape = shapes[0] if len(shapes) == 1 else ()
    if len(shape) == 4 and shape[-1] == SSD_ROW:
        return Form.SSD
    if len(shape) not in {2, 3}:
        return None
    rows, columns = shape[-2:]
    if rows == _nanodet_points(size) and columns > 4 * NANODET_BINS and names in {0, columns - 32}:
        return Form.NANODET
    if columns == LISTED_ROW and rows <= MOST_LISTED and rows != _yolo5_points(size):
        return Form.LISTED
    return _yolo(rows, columns, names)


def _yolo(rows: int, columns: int, names: int) -> Form | None:
    if names:
        return Form.YOLO8 if rows == 4 + names else Form.YOLO5 if columns == 5 + names else None
    return Form.YOLO8 if 4 < rows < columns else Form.YOLO5 if 5 < columns < rows else None


def _pair(shapes: Sequence[tuple[int, ...]]) -> bool:
    alike = all(len(shape) == 3 for shape in shapes) and shapes[0][1] == shapes[1][1]
    return alike and 4 in {shape[2] for shape in shapes}


def found_in(outputs: Sequence[Floats], form: Form, size: int, least: float) -> Found:
    """Candidates of at least this score in the *outputs* for an input of *size* x *size* pixels."""
    if form is Form.PAIR:
        boxes, scores = outputs if outputs[0].shape[2] == 4 else outputs[::-1]
        return _best(_from_corners(boxes[0] * size), scores[0][:, 1:], least)  # class 0 is the background
    table = outputs[0].reshape(outputs[0].shape[-2:])
    if form is Form.SSD:
        return _rows(table[:, 3:7] * size, table[:, 2], table[:, 1] - 1, least)
    if form is Form.LISTED:
        return _rows(table[:, :4], table[:, 4], table[:, 5], least)
    if form is Form.NANODET:
        scores = table[:, : -4 * NANODET_BINS]
        return _best(_from_corners(_nanodet_boxes(table[:, scores.shape[1] :], size)), scores, least)
    if form is Form.YOLO8:
        table = table.T
        return _best(_from_centre(table[:, :4]), table[:, 4:], least)
    return _best(_from_centre(table[:, :4]), table[:, 5:] * table[:, 4:5], least)


def _best(boxes: Floats, scores: Floats, least: float) -> Found:
    classes = scores.argmax(axis=1)
    best = scores[np.arange(len(scores)), classes]
    keep = best >= least
    return Found(boxes[keep], best[keep], classes[keep])


def _rows(corners: Floats, scores: Floats, classes: Floats, least: float) -> Found:
    keep = (scores >= least) & (classes >= 0)
    return Found(_from_corners(corners[keep]), scores[keep], np.rint(classes[keep]).astype(np.intp))


def _from_centre(boxes: Floats) -> Floats:
    return np.concatenate([boxes[:, :2] - boxes[:, 2:] / 2, boxes[:, 2:]], axis=1)


def _from_corners(corners: Floats) -> Floats:
    return np.concatenate([corners[:, :2], corners[:, 2:] - corners[:, :2]], axis=1)


def _yolo5_points(size: int) -> int:
    return 3 * sum((size // stride) ** 2 for stride in YOLO5_STRIDES)


def _nanodet_points(size: int) -> int:
    return sum((-(-size // stride)) ** 2 for stride in NANODET_STRIDES)


def _nanodet_boxes(raw: Floats, size: int) -> Floats:
    """Corners from the distribution of each side's distance (Generalized Focal Loss, arXiv 2006.04388)."""
    bins = raw.reshape(len(raw), 4, NANODET_BINS)
    shares = np.exp(bins - bins.max(axis=2, keepdims=True))
    distances = (shares / shares.sum(axis=2, keepdims=True)) @ np.arange(NANODET_BINS, dtype=np.float32)
    centres, strides = [], []
    for stride in NANODET_STRIDES:
        cells = -(-size // stride)
        y, x = np.mgrid[0:cells, 0:cells].astype(np.float32) * stride
        centres.append(np.stack([x.ravel(), y.ravel()], axis=1))
        strides.append(np.full(cells * cells, stride, np.float32))
    centre, sides = np.concatenate(centres), distances * np.concatenate(strides)[:, None]
    return np.concatenate([centre - sides[:, :2], centre + sides[:, 2:]], axis=1).astype(np.float32)
