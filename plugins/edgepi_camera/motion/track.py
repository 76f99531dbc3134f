"""One thing over time: where it was, and how far it came."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from itertools import accumulate

import numpy as np

from edgepi_camera.motion.blobs import Blob

__all__ = ["REMEMBER_S", "Seen", "Stay", "Track"]

Step = tuple[float, float, float, float]
Middle = tuple[float, float, float]

REMEMBER_S = 2.5
JOINED = 1.6
ENTERED = 6.0
STAY_S = 6.0
STAYED = 0.75
LEAST_ADVANCE = 8
ADVANCE_S = 1.8
DETOUR = 30.0
OF_LEAD = 2.0
FADES = 0.7


@dataclass(frozen=True, slots=True)
class Seen:
    """A track's blob at one time, and its *step* since the last: columns, rows, growth, length."""

    time_s: float
    blob: Blob
    step: Step = (0.0, 0.0, 0.0, 0.0)


@dataclass(slots=True)
class Stay:
    """Where a thing was since *since_s*: bounds of its middle and of the root of its area."""

    since_s: float
    low: Middle = (math.inf, math.inf, math.inf)
    high: Middle = (-math.inf, -math.inf, -math.inf)

    def add(self, blob: Blob) -> None:
        """It is there now."""
        x, y, size = blob.cx, blob.cy, math.sqrt(blob.area)
        self.low = min(self.low[0], x), min(self.low[1], y), min(self.low[2], size)
        self.high = max(self.high[0], x), max(self.high[1], y), max(self.high[2], size)

    def narrow(self) -> bool:
        """Whether it neither left its place nor grew."""
        spans = (high - low for low, high in zip(self.low, self.high, strict=True))
        return max(spans) < STAYED * self.high[2]


@dataclass(slots=True)
class Track:
    """One thing over time: *past* holds its latest sights, *began_s* is when it was first seen.

    *sudden*: it was there at once in the middle of the picture, as only light and ghosts are. *counts_s* is
    since when it is where motion counts, *passed_s* since when it is judged to move, *ways* what progress is
    already known of its last sight; *stays*: in the last seconds it did not leave its place, as branches do.
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
    stay: Stay = field(default_factory=lambda: Stay(math.inf))
    stays: bool = False

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

    def extend(self, blob: Blob, time_s: float) -> None:
        """See it as *blob* now."""
        if not 0.0 <= time_s - self.stay.since_s < STAY_S:
            self.stays = self.stay.since_s < time_s and self.stay.narrow()
            self.stay = Stay(time_s)
        self.stay.add(blob)
        self.ways.clear()
        self.past.append(Seen(time_s, blob, _step_of(self.blob, blob)))
        while self.past[0].time_s < time_s - REMEMBER_S:
            self.past.popleft()

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
            way = x, y
            if not self.confirmed or latest[0].blob.area < FADES * before.blob.area:
                way = _led(before.blob, latest[0].blob, x, y)
            net = math.sqrt(way[0] ** 2 + way[1] ** 2 + grown)
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
