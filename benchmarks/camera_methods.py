"""Methods that look for motion in a clip: EdgePi's detector, and OpenCV's background models."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from camera_words import MOTION_SHARE, Word, boxes_of
from numpy.typing import NDArray
from scene_files import pictures
from scenes import FPS

from edgepi_camera.child.watch import CALM_S, SUSPECT_S
from edgepi_camera.model import MotionSettings
from edgepi_camera.motion.detector import Detector
from edgepi_camera.motion.picture import Picture

__all__ = ["METHODS", "MODELS", "Method", "edgepi", "looked", "planes", "unpacked"]

Pixels = NDArray[np.uint8]
Method = Callable[[Path, int], Word]
GRID = (320, 240)


def unpacked(packed: Pixels) -> Picture:
    """The planes of a picture in yuv420p, which lie below each other."""
    height, width = packed.shape[0] * 2 // 3, packed.shape[1]
    colours = packed[height:].reshape(2, height // 2, width // 2)
    return Picture(packed[:height], colours[0], colours[1])


def planes(path: Path) -> Iterator[Picture]:
    """The pictures of a clip as the detector takes them."""
    return map(unpacked, pictures(path, "yuv420p"))


def edgepi(path: Path, fps: int = FPS) -> Word:
    """EdgePi's detector on a clip of *fps* pictures a second."""
    return looked(planes(path), fps)


def looked(seen: Iterable[Picture], fps: int = FPS) -> Word:
    """EdgePi's detector with its usual settings, as often as at its level `full`: more while it suspects."""
    detector = Detector(MotionSettings())
    alarm, boxes, began = [], [], []
    looked_s, every_s = float("-inf"), CALM_S
    said: tuple[bool, list[tuple[float, float, float, float]], float] = (False, [], np.nan)
    for k, picture in enumerate(seen):
        time_s = k / fps
        if time_s - looked_s >= every_s:
            looked_s = time_s
            sight = detector.see(picture, time_s)
            every_s = SUSPECT_S if sight.suspect and not sight.moving else CALM_S
            places = [(box.x, box.y, box.width, box.height) for box in sight.boxes]
            said = (sight.moving, places, np.nan if sight.began_s is None else sight.began_s)
        elif detector.gathers:
            detector.gather(picture, time_s)
        alarm.append(said[0])
        boxes.append(said[1])
        began.append(said[2])
    return Word(np.array(alarm, np.bool_), boxes, np.array(began))


def _modelled(name: str, path: Path, _fps: int) -> Word:
    model = MODELS[name]()
    alarm, boxes = [], []
    for picture in pictures(path):
        larger = picture.shape[1] > GRID[0]
        small = cv2.resize(picture, GRID, interpolation=cv2.INTER_AREA) if larger else picture
        seen = (np.asarray(model.apply(small)) > 200).astype(np.uint8)
        mask = np.asarray(cv2.medianBlur(seen, 5), np.uint8)
        alarm.append(float(mask.mean()) > MOTION_SHARE)
        boxes.append(boxes_of(mask) if alarm[-1] else [])
    return Word(np.array(alarm, np.bool_), boxes, np.full(len(alarm), np.nan))


MODELS: dict[str, Callable[[], cv2.BackgroundSubtractor]] = {
    "MOG2, shadows": lambda: cv2.createBackgroundSubtractorMOG2(detectShadows=True),
    "MOG2": lambda: cv2.createBackgroundSubtractorMOG2(detectShadows=False),
    "KNN": lambda: cv2.createBackgroundSubtractorKNN(detectShadows=True),
}
METHODS: dict[str, Method] = {"EdgePi": edgepi, **{name: partial(_modelled, name) for name in MODELS}}
