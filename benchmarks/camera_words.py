"""What a method says of a clip, picture by picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["MOTION_SHARE", "Box", "Word", "boxes_of", "spans"]

MOTION_SHARE = 1500 / 307200
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Word:
    """What a method said: *alarm* of each picture, its *boxes*, and the start of its event (NaN: none)."""

    alarm: NDArray[np.bool_]
    boxes: Sequence[Sequence[Box]]
    began_s: NDArray[np.float64]


def boxes_of(mask: NDArray[np.uint8]) -> list[Box]:
    """What hangs together in *mask* and is larger than a tenth of what alarms, in shares of the picture."""
    height, width = mask.shape
    count, _, stats, _ = cv2.connectedComponentsWithStats(mask)
    least = MOTION_SHARE / 10 * height * width
    return [
        (x / width, y / height, w / width, h / height)
        for x, y, w, h, area in stats[1:count].tolist()
        if area >= least
    ]


def spans(alarm: NDArray[np.bool_], gap: int) -> list[tuple[int, int]]:
    """First and last pictures of alarms, those joined that are no more than *gap* pictures apart."""
    result: list[tuple[int, int]] = []
    for k in np.flatnonzero(alarm).tolist():
        if result and k - result[-1][1] <= gap:
            result[-1] = (result[-1][0], k)
        else:
            result.append((k, k))
    return result
