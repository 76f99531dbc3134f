"""Pixels on highway.avi against its ground truth."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from time import process_time

import cv2
import numpy as np
from camera_methods import MODELS, planes
from numpy.typing import NDArray
from scene_files import pictures
from scenes import FPS

from edgepi_camera.model import MotionSettings
from edgepi_camera.motion.detector import Detector

__all__ = ["measure"]

FIRST, LAST = 470, 1700
AIM = 0.80
Masks = Iterator[tuple[NDArray[np.bool_], float]]


def measure(folder: Path, names: Sequence[str]) -> list[tuple[str, str, str]]:
    """Rows for the table: recall, precision, F and what a picture costs, for those of *names* that can."""
    with np.load(folder / "highway-gt.npz") as kept:
        labels = kept["labels"]
    makers: dict[str, Callable[[Path], Masks]] = {"EdgePi": _edgepi}
    makers |= {name: _of_model(name) for name in MODELS}
    rows = []
    for name in (name for name in names if name in makers):
        recall, precision, f, cost_s = _compare(makers[name](folder / "highway.avi"), labels)
        aim = f"{AIM} (aim{'' if f >= AIM else ', missed'})" if name == "EdgePi" else ""
        rows.append((f"{name}: F (recall, precision)", f"{f:.3f} ({recall:.3f}, {precision:.3f})", aim))
        rows.append((f"{name}: processor time of a picture", f"{cost_s * 1000:.2f} ms", ""))
    return rows


def _compare(masks: Masks, labels: NDArray[np.uint8]) -> tuple[float, float, float, float]:
    hit = wrong = missed = 0
    costs = []
    for k, (mask, cost_s) in enumerate(masks):
        costs.append(cost_s)
        if not FIRST <= k + 1 <= LAST:  # picture k, counted from 0, is k + 1 of the data set
            continue
        truth = labels[k]
        whole = cv2.resize(mask.astype(np.uint8), truth.shape[::-1], interpolation=cv2.INTER_NEAREST) > 0
        thing, nothing = truth == 255, truth <= 50
        hit += int((whole & thing).sum())
        wrong += int((whole & nothing).sum())
        missed += int((~whole & thing).sum())
    recall, precision = hit / max(1, hit + missed), hit / max(1, hit + wrong)
    f = 2 * recall * precision / max(1e-9, recall + precision)
    return recall, precision, f, float(np.mean(costs))


def _edgepi(clip: Path) -> Masks:
    detector = Detector(MotionSettings())
    for k, picture in enumerate(planes(clip)):
        began = process_time()
        detector.see(picture, k / FPS)
        cost_s = process_time() - began
        yield detector.mask(), cost_s


def _of_model(name: str) -> Callable[[Path], Masks]:
    def look(clip: Path) -> Masks:
        model = MODELS[name]()
        for picture in pictures(clip):
            began = process_time()
            mask = cv2.medianBlur((np.asarray(model.apply(picture)) > 200).astype(np.uint8), 5) > 0
            yield np.asarray(mask, np.bool_), process_time() - began

    return look
