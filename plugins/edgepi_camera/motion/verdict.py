"""Whether a track is something that moves, and if not, what it is."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass

from edgepi_camera.motion.clutter import CLUTTER_LEAST, Usual
from edgepi_camera.motion.track import REMEMBER_S, Track

__all__ = ["Limits", "doubtful", "is_light", "judged", "promising", "score"]

WINDOW_S = 0.6
LEAST_SIGHTS = 3
LEAST_EDGES = 0.15
LEAST_EDGES_DRIFT = 0.2
SMOOTHED = 0.75
STRAIGHT = 0.7
STEADY = 0.8
LEAST_WAY = 2.0
WAY_OF_SIZE = 0.25
SUDDEN_WAY = 0.6
LEARNING_WAY = 1.0
BUSY_WAY = 6.0
# Of what is hidden in grain only a part is seen: a long way speaks for it.
FAINT_WAY = 12.0
FAINT_PART = 0.5
OF_CLUTTER = 1.4
OF_DRIFTING = 3.0
LIKE_SPEED = 0.5
MANY = 0.15
EDGES_OF_CLUTTER = 1.6
WAY_OF_CLUTTER = 2.0
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

    *clutter*: what the false things that were here lately are like; *learning*: the place is not known yet;
    *drift*: light drifts over it; *coarse*: pictures are grainy.
    """

    weight: float
    shortest_s: float
    clutter: Usual | None = None
    learning: bool = False
    drift: bool = False
    coarse: bool = False


def is_light(track: Track, *, drift: bool = False, coarse: bool = False) -> bool:
    """Whether it has no edges of its own: light, shadow; *drift*: there is much; *coarse*: it is smoothed."""
    least = (LEAST_EDGES_DRIFT if drift else LEAST_EDGES) * (SMOOTHED if coarse else 1.0)
    return statistics.median(seen.blob.edges for seen in track.past) < least


def judged(track: Track, limits: Limits, around: float = 0.0) -> str:
    """Empty if it moves, else why it does not count: ``small``, ``sway``, ``short``, ``light`` or ``still``.

    *around* is the weight of all else in the picture that differs and is not known to move.
    """
    recent = track.recent(WINDOW_S)[-LEAST_SIGHTS:]
    weight = statistics.fmean(blob.weight for blob in recent)
    if weight < _least(track, weight, limits):
        return "small" if max(blob.area for blob in recent) < limits.weight else "sway"
    if track.stays or (limits.clutter is not None and _usual(track, weight, limits.clutter)):
        return "sway"
    stern = limits.learning or around > max(STERN_OF_LEAST * limits.weight, STERN_OF_OWN * track.blob.weight)
    rate = 0.0 if limits.clutter is None else limits.clutter.rate
    sights = LEAST_SIGHTS + (rate > 1.0) + (rate > 4.0) + (STERN_SIGHTS if stern else 0)
    if len(track.past) < sights or track.age_s() < limits.shortest_s:
        return "short"
    if is_light(track, drift=limits.drift, coarse=limits.coarse):
        return "light"
    needed = needed_way(track, stern=stern)
    if track.progress(REMEMBER_S, STERN_STRAIGHT if stern else STRAIGHT) >= needed:
        return ""
    return "" if track.advance(REMEMBER_S, STEADY) >= needed else "still"


def _least(track: Track, weight: float, limits: Limits) -> float:
    """The weight that it must have."""
    hidden = limits.coarse and weight < limits.weight
    if hidden and track.progress(REMEMBER_S, STRAIGHT) > FAINT_WAY:
        return FAINT_PART * limits.weight
    return limits.weight


def _usual(track: Track, weight: float, clutter: Usual) -> bool:
    """Whether it is like the false things here: neither clearly heavier, nor steeper, nor farther come."""
    if weight > OF_CLUTTER * clutter.weight:
        return weight < OF_DRIFTING * clutter.weight and _drifts(track, clutter)
    if statistics.median(seen.blob.edges for seen in track.past) > EDGES_OF_CLUTTER * clutter.edges:
        return False
    return track.progress(REMEMBER_S, STRAIGHT) <= WAY_OF_CLUTTER * clutter.way


def _drifts(track: Track, clutter: Usual) -> bool:
    """Whether it goes where many of the false things here go, as fast: flakes and drops of all sizes do."""
    x, y = track.speed()
    reach = LIKE_SPEED * math.hypot(x, y)
    alike = sum(math.hypot(other[0] - x, other[1] - y) < reach for other in clutter.speeds)
    return alike > MANY * max(CLUTTER_LEAST, len(clutter.speeds))


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
