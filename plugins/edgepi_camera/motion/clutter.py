"""What false things look like in a place: those that came and went without ever counting."""

from __future__ import annotations

import math
import statistics
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from edgepi_camera.motion.track import Track

__all__ = ["CLUTTER_LEAST", "CLUTTER_S", "Clutter", "Gone", "Usual"]

CLUTTER_S = 12.0
CLUTTER_LEAST = 12
NEARLY_ALL = 0.95
DRIFTED = 8.0


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


@dataclass(frozen=True, slots=True)
class Usual:
    """The *weight*, *edges* and *way* that nearly all false things here stay below.

    *rate* is how many there are a second, *speeds* are those of the ones that went somewhere.
    """

    weight: float
    edges: float
    way: float
    rate: float
    speeds: tuple[tuple[float, float], ...]

    @classmethod
    def of(cls, gone: Sequence[Gone]) -> Usual:
        """Of those that are *gone*."""
        return cls(
            _most([each.weight for each in gone]),
            _most([each.edges for each in gone]),
            _most([each.way for each in gone]),
            len(gone) / CLUTTER_S,
            tuple(each.velocity for each in gone if each.way > DRIFTED),
        )


class Clutter:
    """The false things of the last seconds."""

    def __init__(self) -> None:
        self.open = False
        self._gone: deque[Gone] = deque(maxlen=400)
        self._usual: Usual | None = None
        self._changed = False

    def add(self, track: Track) -> None:
        """Remember a track that is lost."""
        if self.open and not track.confirmed:
            self._gone.append(Gone.of(track))
            self._changed = True

    def usual(self, time_s: float) -> Usual | None:
        """What they are like; None if they are few."""
        while self._gone and not 0 <= time_s - self._gone[0].seen_s <= CLUTTER_S:
            self._gone.popleft()
            self._changed = True
        if self._changed:
            self._changed = False
            self._usual = Usual.of(self._gone) if len(self._gone) >= CLUTTER_LEAST else None
        return self._usual


def _most(values: list[float]) -> float:
    """What nearly all *values* stay below."""
    return sorted(values)[int(NEARLY_ALL * (len(values) - 1))]
