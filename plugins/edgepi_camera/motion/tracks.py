"""Things over time: who is who from picture to picture, and how far each one came."""

from __future__ import annotations

import math
import statistics
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from edgepi_camera.motion.blobs import Blob

__all__ = ["CLUTTER_S", "REMEMBER_S", "Clutter", "Gone", "Seen", "Track", "Tracker"]

Step = tuple[float, float, float, float]

REMEMBER_S = 2.5
LOST_S = 0.35
REACH = 2.5
JOINED = 1.6
ENTERED = 6.0
LEAST_ADVANCE = 8
ADVANCE_S = 1.8
DETOUR = 30.0
OF_LEAD = 2.0
REACH_OF_SIZE = 0.5
CLUTTER_S = 12.0
CLUTTER_LEAST = 12


@dataclass(frozen=True, slots=True)
class Seen:
    """A track's blob at one time, and its *step* since the last: columns, rows, growth, length."""

    time_s: float
    blob: Blob
    step: Step = (0.0, 0.0, 0.0, 0.0)


@dataclass(slots=True)
class Track:
    """One thing over time: *past* holds its latest sights, *began_s* is when it was first seen.

    *sudden*: it was there at once in the middle of the picture, as only light and ghosts are. *counts_s* is
    since when it is where motion counts, *passed_s* since when it is judged to move, *ways* what progress is
    already known of its last sight.
    """

    number: int
    began_s: float
    sudden: bool = False
    past: deque[Seen] = field(default_factory=deque)
    confirmed: bool = False
    passed_s: float = math.inf
    moved_s: float = -math.inf
    why: str = ""
    zones: tuple[str, ...] = ()
    counts_s: float = math.inf
    ways: dict[tuple[float, float, bool], float] = field(default_factory=dict)

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

    def recent(self, within_s: float) -> list[Blob]:
        """Its blobs of the last *within_s*, the oldest first."""
        return [seen.blob for seen in self._latest(within_s)][::-1]

    def _latest(self, within_s: float) -> list[Seen]:
        """Its sights of the last *within_s*, the latest first."""
        last_s, found = self.seen_s, []
        for seen in reversed(self.past):
            if last_s - seen.time_s > within_s:
                break
            found.append(seen)
        return found

    def velocity(self) -> tuple[float, float]:
        """Columns and rows a second, over all that is remembered of it."""
        first, last = self.past[0], self.past[-1]
        span_s = max(last.time_s - first.time_s, 0.04)
        return (last.blob.cx - first.blob.cx) / span_s, (last.blob.cy - first.blob.cy) / span_s

    def speed(self) -> tuple[float, float]:
        """Columns and rows a second, over its last half second."""
        last = self.past[-1]
        first = next((seen for seen in self.past if last.time_s - seen.time_s <= 0.55), last)
        span_s = last.time_s - first.time_s
        if span_s <= 0:
            return 0.0, 0.0
        return (last.blob.cx - first.blob.cx) / span_s, (last.blob.cy - first.blob.cy) / span_s

    def progress(self, within_s: float, straight: float) -> float:
        """The farthest that it came or grew (cells of the grid) up to now, on a way as *straight* as that.

        1 is dead straight. Steps in which it joined another or broke apart say nothing of where it goes.
        """
        asked = (within_s, straight, self.confirmed)
        if asked not in self.ways:
            self.ways[asked] = self._farthest(within_s, straight)
        return self.ways[asked]

    def advance(self, within_s: float, steady: float) -> float:
        """How far a side of it went outwards on the whole, if that explains so much of the side's ways.

        That of one who comes straight on: limbs that swing make the steps crooked.
        """
        latest = self._latest(within_s)
        if len(latest) < LEAST_ADVANCE or latest[0].time_s - latest[-1].time_s < ADVANCE_S:
            return 0.0
        times = np.array([seen.time_s for seen in latest])
        blobs = [seen.blob for seen in latest]
        sides = np.array([(-b.x, -b.y, b.right, b.bottom) for b in blobs], np.float64)
        times -= times.mean()
        slopes = times @ sides / (times @ times)
        sides -= sides.mean(axis=0)
        explained = slopes**2 * (times @ times) / np.maximum((sides**2).sum(axis=0), 1e-6)
        ways = np.where(explained >= steady, slopes * (times[0] - times[-1]), 0.0)
        return float(ways.max())

    def _farthest(self, within_s: float, straight: float) -> float:
        latest = self._latest(within_s)
        sums = accumulate((seen.step for seen in latest[:-1]), _added)
        farthest = 0.0
        # The oldest first: it is the farthest of most, and spares the others a closer look.
        for (x, y, growth, length), before in reversed(list(zip(sums, latest[1:], strict=True))):
            least = max(farthest, straight * length)
            grown = max(0.0, growth) ** 2
            if x * x + y * y + grown < least * least:
                continue
            if not self.confirmed:
                x, y = _led(before.blob, latest[0].blob, x, y)  # noqa: PLW2901
            net = math.sqrt(x * x + y * y + grown)
            if net >= least:
                farthest = net
        return farthest


def _added(one: Step, other: Step) -> Step:
    return one[0] + other[0], one[1] + other[1], one[2] + other[2], one[3] + other[3]


def _led(first: Blob, last: Blob, x: float, y: float) -> tuple[float, float]:
    """*x* and *y* as far as the side ahead went along: what only fades away behind goes nowhere."""
    across = last.right - first.right if x > 0 else first.x - last.x
    down = last.bottom - first.bottom if y > 0 else first.y - last.y
    most_x, most_y = OF_LEAD * max(0, across), OF_LEAD * max(0, down)
    return min(max(x, -most_x), most_x), min(max(y, -most_y), most_y)


def _step_of(before: Blob, after: Blob) -> Step:
    """Columns, rows and growth of one step, and its length; a thing coming in goes as its inner side does."""
    growth = 0.5 * (math.sqrt(after.area) - math.sqrt(before.area))
    x, y = after.cx - before.cx, after.cy - before.cy
    length = math.hypot(x, y, growth)
    if not _whole(before, after):
        return 0.0, 0.0, 0.0, min(length, DETOUR)
    if before.side and before.side == after.side:
        x, y = _inner(before, after)
        return x, y, 0.0, max(length, math.hypot(x, y))
    return x, y, growth, length


def _inner(before: Blob, after: Blob) -> tuple[float, float]:
    """How far the side away from the border went."""
    match after.side:
        case "left":
            return after.right - before.right, after.cy - before.cy
        case "right":
            return after.x - before.x, after.cy - before.cy
        case "top":
            return after.cx - before.cx, after.bottom - before.bottom
        case _:
            return after.cx - before.cx, after.y - before.y


def _whole(before: Blob, after: Blob) -> bool:
    """Whether it is the same thing a step on, not other parts of something."""
    ratio = (after.area + 4) / (before.area + 4)
    far = math.hypot(after.cx - before.cx, after.cy - before.cy)
    if before.side and ratio > 1.0:
        return ratio < ENTERED and far < 2.0 + 0.5 * math.sqrt(after.area)
    across = max(before.x, after.x) - min(before.right, after.right)
    down = max(before.y, after.y) - min(before.bottom, after.bottom)
    return 1.0 / JOINED < ratio < JOINED and max(across, down) <= 1.0 + 0.5 * min(after.width, after.height)


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
    """What false things look like here: those that came and went without ever counting."""

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
        gaps = _gaps(known, blobs, time_s)
        near = _nearness(known, blobs)
        free_tracks, free_blobs = set(range(len(known))), set(range(len(blobs)))
        for place in np.argsort(gaps, axis=None).tolist():
            i, j = divmod(place, len(blobs))
            if not math.isfinite(gaps[i, j]):
                break
            if i in free_tracks and j in free_blobs:
                free_tracks.discard(i)
                free_blobs.discard(j)
                _extend(known[i], blobs[j], time_s)
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


def _extend(track: Track, blob: Blob, time_s: float) -> None:
    track.ways.clear()
    track.past.append(Seen(time_s, blob, _step_of(track.blob, blob)))
    while track.past[0].time_s < time_s - REMEMBER_S:
        track.past.popleft()


def _step(track: Track) -> float:
    return track.past[-1].time_s - track.past[-2].time_s if len(track.past) > 1 else 0.0


def _boxes(blobs: Sequence[Blob]) -> NDArray[np.float64]:
    rows = [(b.x, b.y, b.right, b.bottom, b.cx, b.cy, b.area, min(b.width, b.height)) for b in blobs]
    return np.array(rows, np.float64).reshape(-1, 8)


def _nearness(tracks: Sequence[Track], blobs: Sequence[Blob]) -> NDArray[np.bool_]:
    """Which tracks' boxes (as last seen) a blob touches."""
    one, other = _boxes([track.blob for track in tracks])[:, None, :], _boxes(blobs)[None, :, :]
    across = np.maximum(one[..., 0], other[..., 0]) - np.minimum(one[..., 2], other[..., 2])
    down = np.maximum(one[..., 1], other[..., 1]) - np.minimum(one[..., 3], other[..., 3])
    old = np.array([track.age_s() > 0.0 for track in tracks], np.bool_)[:, None]
    return np.asarray((across <= 2) & (down <= 2) & old, np.bool_)


def _gaps(tracks: Sequence[Track], blobs: Sequence[Blob], time_s: float) -> NDArray[np.float64]:
    """How unlike the expected each blob is: gap, size, distance; inf if out of reach."""
    if not tracks or not blobs:
        return np.zeros((len(tracks), len(blobs)))
    ahead = np.array([(time_s - t.seen_s) * np.array(t.speed()) for t in tracks])[:, None, :]
    one, other = _boxes([track.blob for track in tracks])[:, None, :], _boxes(blobs)[None, :, :]
    dx, dy = ahead[..., 0], ahead[..., 1]
    across = np.maximum(one[..., 0] + dx, other[..., 0]) - np.minimum(one[..., 2] + dx, other[..., 2])
    down = np.maximum(one[..., 1] + dy, other[..., 1]) - np.minimum(one[..., 3] + dy, other[..., 3])
    empty = np.maximum(across, 0) + np.maximum(down, 0)
    unlike = np.abs(np.log((other[..., 6] + 4) / (one[..., 6] + 4)))
    apart = np.hypot(one[..., 4] + dx - other[..., 4], one[..., 5] + dy - other[..., 5])
    gap = empty + unlike + apart / (np.sqrt(one[..., 6]) + 2)
    gap[empty > REACH + REACH_OF_SIZE * other[..., 7]] = np.inf
    return np.asarray(gap - np.array([2.0 * track.confirmed for track in tracks])[:, None], np.float64)
