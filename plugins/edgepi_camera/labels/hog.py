"""OpenCV's own detector of standing people, which needs no model file (Dalal and Triggs, 2005)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np

from edgepi_camera.labels.net import LabelsError
from edgepi_camera.labels.region import meets, region_of
from edgepi_camera.model import Box
from edgepi_camera.motion.picture import Bytes

__all__ = ["HogLabeller"]

WINDOW = 128
PERSON_PIXELS = 110.0
MOST_PIXELS = 480
LEAST_WEIGHT = 0.35


class HogLabeller:
    """Finds people of about 100 pixels, so the part where something moves is brought to that size."""

    def __init__(self) -> None:
        try:
            self._hog: Any = cv2.HOGDescriptor()
            self._hog.setSVMDetector(np.array(cv2.HOGDescriptor.getDefaultPeopleDetector(), np.float32))
        except AttributeError:
            raise LabelsError(
                "this OpenCV has no people detector", hint="name a model file instead"
            ) from None

    def look(self, bgr: Bytes, boxes: Sequence[Box]) -> tuple[tuple[str, float], ...]:
        """``person`` and a score from 0 to 1, if one is where *boxes* are."""
        region = region_of(bgr.shape, boxes, WINDOW)
        crop = bgr[region.top : region.bottom, region.left : region.right]
        tallest = max((box.height * bgr.shape[0] for box in boxes), default=float(crop.shape[0]))
        scale = min(PERSON_PIXELS / max(tallest, 16.0), MOST_PIXELS / max(crop.shape[:2]))
        small = cv2.resize(
            crop, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        )
        below, beside = max(0, WINDOW + 16 - small.shape[0]), max(0, WINDOW // 2 + 16 - small.shape[1])
        small = cv2.copyMakeBorder(small, 0, below, 0, beside, cv2.BORDER_REPLICATE)
        places, weights = self._hog.detectMultiScale(small, winStride=(8, 8), padding=(8, 8), scale=1.1)
        best = 0.0
        for place, weight in zip(np.reshape(places, (-1, 4)), np.ravel(weights), strict=True):
            x, y, width, height = (float(each) / scale for each in place)
            if weight >= LEAST_WEIGHT and meets(
                (region.left + x, region.top + y, width, height), boxes, bgr.shape
            ):
                best = max(best, float(weight))
        return (("person", round(min(1.0, best / 2), 3)),) if best else ()
