"""Things over time: who is who from picture to picture."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edgepi_camera.motion.blobs import Blob
from edgepi_camera.motion.clutter import Clutter
from edgepi_camera.motion.track import Seen, Track

__all__ = ["Tracker"]

Boxes = NDArray[np.float64]

LOST_S = 0.35
REACH = 2.5
REACH_OF_SIZE = 0.5


class Tracker:
    """Follows blobs: a blob goes on the track whose box, moved on at its speed, it is nearest to."""

    def __init__(self) -> None:
        self.tracks: list[Track] = []
        self.clutter = Clutter()
        self._next = 1

    def follow(self, blobs: Sequence[Blob], time_s: float) -> list[Track]:
        """Give each of *blobs* to a track, old or new; forget what was not seen for a while; all seen now."""
        self._forget(time_s)
        known = list(self.tracks)
        ours, theirs = _boxes([track.blob for track in known]), _boxes(blobs)
        gaps = _gaps(known, ours, theirs, time_s)
        near = _nearness(known, ours, theirs)
        free_tracks, free_blobs = set(range(len(known))), set(range(len(blobs)))
        for place in np.argsort(gaps, axis=None).tolist():
            i, j = divmod(place, len(blobs))
            if not math.isfinite(gaps[i, j]):
                break
            if i in free_tracks and j in free_blobs:
                free_tracks.discard(i)
                free_blobs.discard(j)
                known[i].extend(blobs[j], time_s)
        for j in sorted(free_blobs):
            blob = blobs[j]
            sudden = not blob.side and not bool(near[:, j].any())
            track = Track(self._next, time_s, sudden)
            track.past.append(Seen(time_s, blob))
            self.tracks.append(track)
            self._next += 1
        return [track for track in self.tracks if track.seen_s == time_s]

    def _forget(self, time_s: float) -> None:
        kept = []
        for track in self.tracks:
            if time_s - track.seen_s <= LOST_S + _step(track):
                kept.append(track)
            else:
                self.clutter.add(track)
        self.tracks = kept


def _step(track: Track) -> float:
    return track.past[-1].time_s - track.past[-2].time_s if len(track.past) > 1 else 0.0


def _boxes(blobs: Sequence[Blob]) -> Boxes:
    """Left, top, right, bottom, middle, area and the shorter side of each."""
    rows = [(b.x, b.y, b.right, b.bottom, b.cx, b.cy, b.area, min(b.width, b.height)) for b in blobs]
    return np.array(rows, np.float64).reshape(-1, 8)


def _nearness(tracks: Sequence[Track], ours: Boxes, theirs: Boxes) -> NDArray[np.bool_]:
    """Which tracks' boxes (as last seen) a blob touches."""
    one, other = ours[:, None, :], theirs[None, :, :]
    across = np.maximum(one[..., 0], other[..., 0]) - np.minimum(one[..., 2], other[..., 2])
    down = np.maximum(one[..., 1], other[..., 1]) - np.minimum(one[..., 3], other[..., 3])
    old = np.array([track.age_s() > 0.0 for track in tracks], np.bool_)[:, None]
    return np.asarray((across <= 2) & (down <= 2) & old, np.bool_)


def _gaps(tracks: Sequence[Track], ours: Boxes, theirs: Boxes, time_s: float) -> NDArray[np.float64]:
    """How unlike the expected each blob is: gap, size, distance; inf if out of reach."""
    if not len(ours) or not len(theirs):
        return np.zeros((len(ours), len(theirs)))
    ahead = np.array([track.speed() * 3 for track in tracks])
    ahead *= [[time_s - track.seen_s] for track in tracks]
    one, other = ours.copy()[:, None, :], theirs[None, :, :]
    one[:, 0, :6] += ahead
    across = np.maximum(one[..., 0], other[..., 0]) - np.minimum(one[..., 2], other[..., 2])
    down = np.maximum(one[..., 1], other[..., 1]) - np.minimum(one[..., 3], other[..., 3])
    empty = np.maximum(across, 0) + np.maximum(down, 0)
    unlike = np.abs(np.log((other[..., 6] + 4) / (one[..., 6] + 4)))
    apart = np.hypot(one[..., 4] - other[..., 4], one[..., 5] - other[..., 5])
    gap = empty + unlike + apart / (np.sqrt(one[..., 6]) + 2)
    gap[empty > REACH + REACH_OF_SIZE * other[..., 7]] = np.inf
    return np.asarray(gap - np.array([2.0 * track.confirmed for track in tracks])[:, None], np.float64)
