"""What false things look like in a place: those that came and went without ever counting."""

from __future__ import annotations

import math
import statistics
from collections import deque
from dataclasses import dataclass

from edgepi_camera.motion.track import Track

__all__ = ["CLUTTER_LEAST", "CLUTTER_S", "Clutter", "Gone"]

CLUTTER_S = 12.0
CLUTTER_LEAST = 12


@dataclass(frozen=True, slots=True)
class Gone:
    """A false thing as it was: when last seen, its greatest *weight*, its usual *edges*, how far it got."""

    seen_s: float
    weight: float
    edges: float
    way: float
    velocity: tuple[float, float]

    @classmethod
    def of(cls, track: Track) -> Gone:
        """*track*, which is lost; its way is between the farthest places that it was at."""
        blobs = [seen.blob for seen in track.past]
        across = max(blob.cx for blob in blobs) - min(blob.cx for blob in blobs)
        down = max(blob.cy for blob in blobs) - min(blob.cy for blob in blobs)
        edges = statistics.median(blob.edges for blob in blobs)
        heaviest, way = max(blob.weight for blob in blobs), math.hypot(across, down)
        return cls(track.seen_s, heaviest, edges, way, track.velocity())


class Clutter:
    """The false things of the last seconds."""

    def __init__(self) -> None:
        self.open = False
        self._gone: deque[Gone] = deque(maxlen=400)

    def add(self, track: Track) -> None:
        """Remember a track that is lost."""
        if self.open and not track.confirmed:
            self._gone.append(Gone.of(track))

    def known(self, time_s: float) -> tuple[Gone, ...]:
        """Those of the last seconds; none if they are few."""
        while self._gone and not 0 <= time_s - self._gone[0].seen_s <= CLUTTER_S:
            self._gone.popleft()
        return tuple(self._gone) if len(self._gone) >= CLUTTER_LEAST else ()
