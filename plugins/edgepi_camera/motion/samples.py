"""Past copies of one plane, and which of its values are unlike nearly all of them."""

from __future__ import annotations

import cv2
import numpy as np

from edgepi_camera.motion.picture import Bytes

__all__ = ["SAMPLES", "Samples"]

SAMPLES = 20
FIRST = 6
MOST_LEFT = 0.2


class Samples:
    """So many past copies of *plane*, the last written half of them at the end."""

    def __init__(self, plane: Bytes) -> None:
        self._all = np.repeat(plane.reshape(1, -1), SAMPLES, axis=0)
        self._planes = [row.reshape(plane.shape) for row in self._all]
        self._hit = np.empty_like(plane)

    def write(self, index: int, plane: Bytes, where: Bytes) -> None:
        """Put *plane* for copy *index*, where *where* is set."""
        cv2.copyTo(plane, where, self._planes[index])

    def unlike(self, low: Bytes, high: Bytes, needed: Bytes) -> Bytes:
        """255 where fewer copies than *needed* lie between *low* and *high*."""
        count = np.zeros(low.shape, np.uint8)
        # Nearly everywhere a few copies tell; the others are only asked for what is left.
        self._count(count, self._planes[-FIRST:], low, high)
        left = np.flatnonzero(np.less(count, needed))
        if left.size > MOST_LEFT * count.size:
            self._count(count, self._planes[:-FIRST], low, high)
            return np.asarray(cv2.compare(needed, count, cv2.CMP_GT), np.uint8)
        others = self._all[:-FIRST].take(left, axis=1)
        inside = (others >= low.take(left)) & (others <= high.take(left))
        total = count.take(left) + inside.view(np.uint8).sum(axis=0, dtype=np.uint8)
        unlike = np.zeros(low.shape, np.uint8)
        unlike.put(left[total < needed.take(left)], 255)
        return unlike

    def _count(self, count: Bytes, planes: list[Bytes], low: Bytes, high: Bytes) -> None:
        hit = self._hit
        for plane in planes:
            cv2.inRange(plane, low, high, hit)
            np.subtract(count, hit, out=count)  # less 255 is one more
