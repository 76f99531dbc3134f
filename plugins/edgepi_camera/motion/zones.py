"""Parts of the picture that the owner named: where to look, where not to, and which zones a thing is in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from edgepi_camera.model import Polygon, Zone
from edgepi_camera.motion.picture import Bytes

__all__ = ["Places", "painted"]

SHIFT = 4


def painted(polygons: Iterable[Polygon], size: tuple[int, int]) -> Bytes:
    """255 inside any of *polygons* on a grid of *size* (height, width), else 0."""
    height, width = size
    mask = np.zeros(size, np.uint8)
    for polygon in polygons:
        # A pixel's coordinates are those of its middle.
        corners = (np.array(polygon, np.float64) * (width, height) - 0.5) * (1 << SHIFT)
        cv2.fillPoly(mask, [np.round(corners).astype(np.int32)], 255, shift=SHIFT)
    return mask


@dataclass(frozen=True, slots=True)
class Places:
    """The named parts on one grid: *watched* is 0 where nothing is looked at; None if all is."""

    names: tuple[str, ...]
    masks: tuple[Bytes, ...]
    watched: Bytes | None

    @classmethod
    def of(cls, zones: Iterable[Zone], ignore: Iterable[Polygon], size: tuple[int, int]) -> Places:
        """*zones* and the polygons to *ignore*, on a grid of *size* (height, width)."""
        zones, ignore = tuple(zones), tuple(ignore)
        watched = np.asarray(cv2.bitwise_not(painted(ignore, size)), np.uint8) if ignore else None
        masks = tuple(painted([zone.polygon], size) for zone in zones)
        return cls(tuple(zone.name for zone in zones), masks, watched)

    @property
    def share(self) -> float:
        """How much of the picture is looked at."""
        return 1.0 if self.watched is None else float(self.watched.mean()) / 255.0

    def seen(self, mask: Bytes) -> Bytes:
        """*mask* without what lies where nothing is looked at."""
        return mask if self.watched is None else np.asarray(cv2.bitwise_and(mask, self.watched), np.uint8)

    def touched(self, labels: NDArray[np.int32], mask: Bytes) -> dict[int, tuple[str, ...]]:
        """Which zones each thing has cells in: *labels* tells things (from 1) apart, *mask* their cells."""
        found: dict[int, tuple[str, ...]] = {}
        if not self.names:
            return found
        inside = np.where(mask, labels, 0)
        for name, zone in zip(self.names, self.masks, strict=True):
            for label in np.unique(inside[zone > 0]).tolist():
                found[label] = (*found.get(label, ()), name)
        found.pop(0, None)
        return found

    def counts(self, zones: tuple[str, ...]) -> bool:
        """Whether what touches *zones* counts: anything, if the owner named none."""
        return bool(zones) or not self.names
