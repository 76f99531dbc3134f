"""Things over time: who is who from picture to picture, and who really goes somewhere."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from edgepi_camera.motion.blobs import Blob

__all__ = ["Seen", "Track", "Tracker"]

REMEMBER_S = 2.5
LOST_S = 0.45
REACH = 6.0


@dataclass(frozen=True, slots=True)
class Seen:
    """A track's blob at one time."""

    time_s: float
    blob: Blob


@dataclass(slots=True)
class Track:
    """One thing over time: *past* holds its latest sights, *began_s* is when it was first seen."""

    number: int
    began_s: float
    past: deque[Seen] = field(default_factory=deque)
    confirmed: bool = False
    moved_s: float = -math.inf
    why: str = ""

    @property
    def blob(self) -> Blob:
        """As last seen."""
        return self.past[-1].blob

    @property
    def seen_s(self) -> float:
        """When last seen."""
        return self.past[-1].time_s

    def age_s(self) -> float:
        """How long it has been seen."""
        return self.seen_s - self.began_s

    def speed(self) -> tuple[float, float]:
        """Columns and rows a second, over its last half second."""
        last = self.past[-1]
        first = next((seen for seen in self.past if last.time_s - seen.time_s <= 0.55), last)
        span_s = last.time_s - first.time_s
        if span_s <= 0:
            return 0.0, 0.0
        return (last.blob.cx - first.blob.cx) / span_s, (last.blob.cy - first.blob.cy) / span_s

    def progress(self, within_s: float) -> tuple[float, float]:
        """How far it came (columns or rows of the half grid) in the last *within_s*, and how straight (0 to 1)."""
        last = self.past[-1]
        recent = [seen.blob for seen in self.past if last.time_s - seen.time_s <= within_s]
        net = _distance(recent[0], recent[-1])
        path = sum(_distance(a, b) for a, b in zip(recent, recent[1:], strict=False))
        return net, net / path if path > 0 else 0.0


class Tracker:
    """Follows blobs: a blob goes on the track whose box, moved on at its speed, it overlaps or is nearest to."""

    def __init__(self) -> None:
        self.tracks: list[Track] = []
        self._next = 1

    def follow(self, blobs: Sequence[Blob], time_s: float) -> None:
        """Give each of *blobs* to a track, old or new; forget tracks not seen for a while."""
        self.tracks = [track for track in self.tracks if time_s - track.seen_s <= LOST_S + _step(track)]
        pairs = sorted(
            ((_gap(track, blob, time_s), i, j) for i, track in enumerate(self.tracks) for j, blob in enumerate(blobs)),
        )
        taken_tracks: set[int] = set()
        taken_blobs: set[int] = set()
        for gap, i, j in pairs:
            if gap > REACH or i in taken_tracks or j in taken_blobs:
                continue
            taken_tracks.add(i)
            taken_blobs.add(j)
            self._extend(self.tracks[i], blobs[j], time_s)
        for j, blob in enumerate(blobs):
            if j not in taken_blobs:
                self.tracks.append(Track(self._next, time_s, deque([Seen(time_s, blob)])))
                self._next += 1

    @staticmethod
    def _extend(track: Track, blob: Blob, time_s: float) -> None:
        track.past.append(Seen(time_s, blob))
        while track.past[0].time_s < time_s - REMEMBER_S:
            track.past.popleft()


def _step(track: Track) -> float:
    return track.past[-1].time_s - track.past[-2].time_s if len(track.past) > 1 else 0.0


def _distance(one: Blob, other: Blob) -> float:
    """How far the middle went, or how much the thing grew (it comes in, or nearer)."""
    growth = 0.5 * (math.sqrt(other.area) - math.sqrt(one.area))
    return math.hypot(other.cx - one.cx, other.cy - one.cy, growth)


def _gap(track: Track, blob: Blob, time_s: float) -> float:
    """Empty columns and rows between the box expected and the box seen, plus a little for unlike sizes."""
    last, ahead_s = track.blob, time_s - track.seen_s
    vx, vy = track.speed()
    dx, dy = vx * ahead_s, vy * ahead_s
    across = max(0.0, max(last.x + dx, blob.x) - min(last.right + dx, blob.right))
    down = max(0.0, max(last.y + dy, blob.y) - min(last.bottom + dy, blob.bottom))
    unlike = abs(math.log((blob.area + 4) / (last.area + 4)))
    apart = math.hypot(last.cx + dx - blob.cx, last.cy + dy - blob.cy)
    size = math.sqrt(last.width * last.height) + 2.0
    return across + down + unlike + apart / size - (2.0 if track.confirmed else 0.0)
