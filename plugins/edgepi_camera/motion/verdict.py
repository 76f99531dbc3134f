"""Whether a track is something that moves, and if not, what it is."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass

from edgepi_camera.motion.tracks import Track

__all__ = ["Limits", "is_light", "judged"]

WINDOW_S = 0.6
LEAST_SIGHTS = 3
LEAST_EDGES = 0.25
STRAIGHT = 0.5
LEAST_WAY = 2.0
WAY_OF_SIZE = 0.25
SUDDEN_WAY = 0.6
LEARNING_WAY = 1.0
BUSY_WAY = 6.0


@dataclass(frozen=True, slots=True)
class Limits:
    """What a track must reach: *weight* in cells of the half grid, *shortest_s* of being there.

    *clutter* is the weight that false things have here; *learning*: the place is not known yet.
    """

    weight: float
    shortest_s: float
    clutter: float = 0.0
    learning: bool = False


def is_light(track: Track) -> bool:
    """Whether it has no edges of its own: light or shadow on what was there before."""
    return statistics.median(seen.blob.edges for seen in track.past) < LEAST_EDGES


def judged(track: Track, limits: Limits) -> str:
    """Empty if it moves, else why it does not count: ``small``, ``sway``, ``short``, ``light`` or ``still``."""
    recent = track.recent(WINDOW_S)
    weight = statistics.fmean(blob.weight for blob in recent)
    if weight < max(limits.weight, 1.4 * limits.clutter):
        return "small" if max(blob.area for blob in recent) < limits.weight else "sway"
    if len(track.past) < LEAST_SIGHTS or track.age_s() < limits.shortest_s:
        return "short"
    if is_light(track):
        return "light"
    way, straight = track.progress(2.5)
    if way < needed_way(track, limits) or straight < STRAIGHT:
        return "still"
    return ""


def needed_way(track: Track, limits: Limits) -> float:
    """How far it must come before it counts: more if it is large, appeared at once or lies where all sways."""
    recent = track.recent(WINDOW_S)
    share = LEARNING_WAY if limits.learning else SUDDEN_WAY if track.sudden else WAY_OF_SIZE
    busy = statistics.fmean(blob.busy for blob in recent)
    return LEAST_WAY + share * math.sqrt(track.blob.area) + BUSY_WAY * busy
