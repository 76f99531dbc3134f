"""Whether a track is something that moves, and if not, what it is."""

from __future__ import annotations

import statistics
from dataclasses import dataclass

from edgepi_camera.motion.tracks import Track

__all__ = ["Limits", "is_light", "judged"]

WINDOW_S = 1.0
LEAST_SIGHTS = 3
LEAST_EDGES = 0.25
STRAIGHT = 0.5
LEAST_WAY = 2.0
BUSY_WAY = 6.0
LINGER_S = 2.0


@dataclass(frozen=True, slots=True)
class Limits:
    """What a track must reach: *weight* in cells of the half grid, *shortest_s* of being there."""

    weight: float
    shortest_s: float


def is_light(track: Track) -> bool:
    """Whether it has no edges of its own: light or shadow on what was there before."""
    return statistics.median(seen.blob.edges for seen in track.past) < LEAST_EDGES


def judged(track: Track, limits: Limits) -> str:
    """Empty if it counts as moving from now on, else why not: ``small``, ``short``, ``light`` or ``still``."""
    recent = [seen.blob for seen in track.past if track.seen_s - seen.time_s <= WINDOW_S]
    if statistics.fmean(blob.weight for blob in recent) < limits.weight:
        busy = statistics.fmean(blob.area for blob in recent) >= limits.weight
        return "sway" if busy else "small"
    if len(recent) < LEAST_SIGHTS or track.age_s() < limits.shortest_s:
        return "short"
    if is_light(track):
        return "light"
    way, straight = track.progress(WINDOW_S)
    busy = statistics.fmean(blob.busy for blob in recent)
    if way < LEAST_WAY + BUSY_WAY * busy or straight < STRAIGHT:
        return "still"
    return ""
