"""The detector: picture after picture in, what moves out."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from edgepi_camera.model import Box, MotionSettings, Sight
from edgepi_camera.motion.picture import Bytes, Picture, grid_size, reduced

__all__ = ["Detector"]


class Detector:
    """Finds what moves in pictures handed to it one after another; holds no more than small planes."""

    def __init__(self, settings: MotionSettings) -> None:
        self._settings = settings
        self._size = (0, 0)
        self._shape = (0, 0)
        self._model = cv2.createBackgroundSubtractorMOG2()
        self._mask = np.zeros((1, 1), np.bool_)
        self._last_s: float | None = None
        self._first_s = 0.0
        self._since_s: float | None = None

    def see(self, picture: Picture, time_s: float) -> Sight:
        """What moves in *picture*, taken *time_s* seconds into the stream."""
        if picture.luma.shape != self._shape or self._last_s is None or not 0 < time_s - self._last_s < 10:
            self._restart(picture, time_s)
        self._last_s = time_s
        small = reduced(picture.luma, self._size)
        raw = np.asarray(self._model.apply(small), np.uint8)
        mask = cv2.medianBlur(np.asarray((raw == 255) * np.uint8(255), np.uint8), 5)
        self._mask = mask > 0
        changed = float(self._mask.mean())
        boxes = tuple(self._boxes(mask))
        learning = time_s - self._first_s < 1.0
        if not boxes or learning:
            self._since_s = None
        elif self._since_s is None:
            self._since_s = time_s
        moving = self._since_s is not None and time_s - self._since_s >= self._settings.shortest_s
        return Sight(
            time_s=time_s,
            moving=moving,
            suspect=bool(boxes) and not learning,
            began_s=self._since_s if moving else None,
            score=max((box.score for box in boxes), default=0.0) if moving else 0.0,
            changed=changed,
            boxes=boxes if moving else (),
            note="learning" if learning else "",
        )

    def mask(self) -> NDArray[np.bool_]:
        """What is thought to be foreground, at the detector's own grid."""
        return self._mask

    def drawn(self, base_bgr: Bytes) -> Bytes:
        """The tuning view over *base_bgr*."""
        out = base_bgr.copy()
        height, width = out.shape[:2]
        mask = np.asarray(self._mask, np.uint8)
        full = np.asarray(cv2.resize(mask, (width, height), interpolation=cv2.INTER_NEAREST), np.bool_)
        out[full] = (60, 60, 255)
        return out

    def _restart(self, picture: Picture, time_s: float) -> None:
        self._shape = (picture.luma.shape[0], picture.luma.shape[1])
        self._size = grid_size(*self._shape)
        self._model = cv2.createBackgroundSubtractorMOG2()
        self._mask = np.zeros(self._size, np.bool_)
        self._first_s = time_s
        self._since_s = None

    def _boxes(self, mask: Bytes) -> list[Box]:
        count, _labels, stats, _centres = cv2.connectedComponentsWithStats(mask)
        height, width = self._size
        least = (self._settings.smallest or 0.002) * height * width
        return [
            Box(x / width, y / height, w / width, h / height, track=k, score=0.5)
            for k, (x, y, w, h, area) in enumerate(stats[1:count].tolist())
            if area >= least
        ]
