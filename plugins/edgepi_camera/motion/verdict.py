"""Whether a track is something that moves, and if not, what it is."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass

from edgepi_camera.motion.tracks import REMEMBER_S, Track

__all__ = ["Limits", "doubtful", "is_light", "judged", "promising", "score"]

WINDOW_S = 0.6
LEAST_SIGHTS = 3
LEAST_EDGES = 0.15
LEAST_EDGES_DRIFT = 0.2
STRAIGHT = 0.7
LEAST_WAY = 2.0
WAY_OF_SIZE = 0.25
SUDDEN_WAY = 0.6
LEARNING_WAY = 1.0
BUSY_WAY = 6.0
STERN_WAY = 8.0
STERN_SIGHTS = 2
STERN_STRAIGHT = 0.75
STERN_OF_LEAST = 12.0
STERN_OF_OWN = 0.5
PROMISING_S = 2.0
PROMISING_STRAIGHT = 0.8


@dataclass(frozen=True, slots=True)
class Limits:
    """What a track must reach: *weight* in cells of the grid, *shortest_s* of being there.

    *clutter* is the weight that false things have here, *rate* how many there are a second; *learning*: the
    place is not known yet; *drift*: light drifts over it.
    """

    weight: float
    shortest_s: float
    clutter: float = 0.0
    rate: float = 0.0
    learning: bool = False
    drift: bool = False


def is_light(track: Track, *, drift: bool = False) -> bool:
    """Whether it has no edges of its own: light or shadow; *drift*: there is much of it."""
    least = LEAST_EDGES_DRIFT if drift else LEAST_EDGES
    return statistics.median(seen.blob.edges for seen in track.past) < least


def judged(track: Track, limits: Limits, around: float = 0.0) -> str:
    """Empty if it moves, else why it does not count: ``small``, ``sway``, ``short``, ``light`` or ``still``.

    *around* is the weight of all else in the picture that differs and is not known to move.
    """
    recent = track.recent(WINDOW_S)[-LEAST_SIGHTS:]
    weight = statistics.fmean(blob.weight for blob in recent)
    if weight < max(limits.weight, 1.4 * limits.clutter):
        return "small" if max(blob.area for blob in recent) < limits.weight else "sway"
    stern = limits.learning or around > max(STERN_OF_LEAST * limits.weight, STERN_OF_OWN * track.blob.weight)
    sights = LEAST_SIGHTS + (limits.rate > 1.0) + (limits.rate > 4.0) + (STERN_SIGHTS if stern else 0)
    if len(track.past) < sights or track.age_s() < limits.shortest_s:
        return "short"
    if is_light(track, drift=limits.drift):
        return "light"
    if track.progress(REMEMBER_S, STERN_STRAIGHT if stern else STRAIGHT) < needed_way(track, stern=stern):
        return "still"
    return ""


def promising(track: Track) -> bool:
    """Whether it goes somewhere, so that it had better not be learnt as part of the place yet."""
    if track.sudden or track.age_s() > PROMISING_S:
        return False
    return track.progress(PROMISING_S, PROMISING_STRAIGHT) >= LEAST_WAY


def doubtful(track: Track) -> bool:
    """Whether it is neither known to move nor light: much of this means a restless place."""
    return not track.confirmed and track.why != "light" and not promising(track)


def needed_way(track: Track, *, stern: bool) -> float:
    """How far it must come before it counts: more if it is large or came at once, or where all sways."""
    share = LEARNING_WAY if stern else SUDDEN_WAY if track.sudden else WAY_OF_SIZE
    busy = statistics.fmean(blob.busy for blob in track.recent(WINDOW_S))
    return (STERN_WAY if stern else LEAST_WAY) + share * math.sqrt(track.blob.area) + BUSY_WAY * busy


def score(track: Track, least: float) -> float:
    """How sure it is, 0 to 1: half for twice the way needed, half for four times the least weight."""
    way = track.progress(REMEMBER_S, STRAIGHT) / (2.0 * needed_way(track, stern=False))
    return round(0.5 * min(1.0, way) + 0.5 * min(1.0, track.blob.weight / (4.0 * least)), 2)
