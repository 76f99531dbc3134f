"""Things that come into a composed scene, and the way they take."""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scene_sprites import WIDE, Kind, Sprite
from scene_stills import Pixels

__all__ = ["Player", "Visitor", "crossing"]

SHADOW = 0.35
LEAST_LEVELS = 30.0
Waypoint = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Visitor:
    """A thing, *height* high and with its feet at *path*: (time, x, y), sizes in shares of the picture.

    *levels* is how much it differs from what is behind it on average, of 256 (None: 30 or more). It is seen
    only between the shares *seen* of the width: a doorway. *parked*: it is part of the background until it
    moves first.
    """

    kind: Kind
    height: float
    path: tuple[Waypoint, ...]
    levels: float | None = None
    seen: tuple[float, float] = (0.0, 1.0)
    parked: bool = False
    shadow: bool = True

    def at(self, time_s: float) -> tuple[float, float] | None:
        """Where its feet are, if it is about."""
        times = [t for t, _, _ in self.path]
        if not times[0] <= time_s <= times[-1]:
            return None
        k = min(max(bisect.bisect_right(times, time_s) - 1, 0), len(times) - 2)
        (t0, x0, y0), (t1, x1, y1) = self.path[k : k + 2]
        share = (time_s - t0) / (t1 - t0)
        return x0 + (x1 - x0) * share, y0 + (y1 - y0) * share

    def stands(self, time_s: float) -> bool:
        """Whether it is about and does not move."""
        return any(
            a[1:] == b[1:] and a[0] <= time_s < b[0] for a, b in zip(self.path, self.path[1:], strict=False)
        )


def crossing(
    kind: Kind,
    height: float,
    y: float,
    begin_s: float,
    seconds: float,
    *,
    leftwards: bool = False,
    levels: float | None = None,
    shadow: bool = True,
) -> Visitor:
    """One that goes through the picture from border to border."""
    outside = height * WIDE[kind] * 0.6
    ends = (1 + outside, -outside) if leftwards else (-outside, 1 + outside)
    path = (begin_s, ends[0], y), (begin_s + seconds, ends[1], y)
    return Visitor(kind, height, path, levels, shadow=shadow)


class Player:
    """A visitor with its sprite, ready to be pasted into pictures."""

    def __init__(self, visitor: Visitor, still: Pixels, rng: Generator) -> None:
        """Colours from *rng*, again and again until it differs enough from *still* along its way."""
        self.visitor = visitor
        self.rows, self.columns = still.shape[:2]
        height = max(4, round(visitor.height * self.rows))
        self.size = max(3, round(height * WIDE[visitor.kind])), height
        self.behind = self._behind(still)
        mirrored = visitor.path[-1][1] < visitor.path[0][1]
        for _ in range(40):
            self.sprite = Sprite(visitor.kind, rng, mirrored=mirrored)
            if self._levels() >= LEAST_LEVELS * 1.1:
                break
        self.keep = 1.0 if visitor.levels is None else visitor.levels / max(self._levels(), 1.0)

    def _behind(self, still: Pixels) -> NDArray[np.float32]:
        seen = []
        for time_s in np.linspace(self.visitor.path[0][0], self.visitor.path[-1][0], 40):
            where = self.visitor.at(float(time_s))
            if where is not None and 0 < where[0] < 1:
                row = min(max(int((where[1] - self.visitor.height / 2) * self.rows), 0), self.rows - 1)
                seen.append(still[row, int(where[0] * self.columns)])
        return np.asarray(np.mean(seen, axis=0), np.float32)

    def _levels(self) -> float:
        picture, opacity = self.sprite.look(0)
        away = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)[opacity > 0.5] - self.behind @ (0.114, 0.587, 0.299)
        return float(np.abs(away).mean())

    def paste(self, picture: Pixels, time_s: float) -> NDArray[np.bool_] | None:
        """Draw it into *picture*; where it is seen (None: nowhere)."""
        where = self.visitor.at(time_s)
        if where is None:
            return None
        width, height = self.size
        left, top = where[0] * self.columns - width / 2, where[1] * self.rows - height
        gone = abs(where[0] - self.visitor.path[0][1]) * self.columns + abs(
            where[1] - self.visitor.path[0][2]
        )
        look, opacity = self.sprite.look(gone / (0.9 * height))
        look = np.clip(self.behind + self.keep * (look - self.behind), 0, 255).astype(np.uint8)
        x, y = int(np.floor(left)), int(np.floor(top))
        pasted = self._fit((look, opacity), (left - x, top - y))
        if self.visitor.shadow:
            self._shade(picture, (left + width / 2, top + height))
        return self._blend(picture, pasted, (x, y))

    def _fit(
        self, drawn: Sequence[NDArray[np.generic]], part: tuple[float, float]
    ) -> list[NDArray[np.float32]]:
        move = np.array([[1, 0, part[0]], [0, 1, part[1]]], np.float32)
        size = self.size[0] + 1, self.size[1] + 1
        small = [
            cv2.resize(np.asarray(d, np.float32), self.size, interpolation=cv2.INTER_AREA) for d in drawn
        ]
        edges = (cv2.BORDER_REPLICATE, cv2.BORDER_CONSTANT)
        return [
            np.asarray(cv2.warpAffine(d, move, size, borderMode=edge), np.float32)
            for d, edge in zip(small, edges, strict=True)
        ]

    def _shade(self, picture: Pixels, feet: tuple[float, float]) -> None:
        width, height = self.size
        low, high = self._span((feet[0] - width, feet[0] + width))
        rows = slice(max(0, int(feet[1] - height * 0.08)), min(self.rows, int(feet[1] + height * 0.1)))
        y, x = np.mgrid[rows, low:high].astype(np.float32)
        near = 1 - ((x - feet[0]) / (0.6 * width)) ** 2 - ((y - feet[1]) / (0.07 * height)) ** 2
        dark = 1 - SHADOW * np.clip(near * 2, 0, 1)[..., None]
        picture[rows, low:high] = (picture[rows, low:high] * dark).astype(np.uint8)

    def _span(self, columns: tuple[float, float]) -> tuple[int, int]:
        low, high = (round(share * self.columns) for share in self.visitor.seen)
        first = min(max(low, int(columns[0])), high)
        return first, max(first, min(high, int(columns[1])))

    def _blend(
        self, picture: Pixels, pasted: list[NDArray[np.float32]], corner: tuple[int, int]
    ) -> NDArray[np.bool_]:
        look, opacity = pasted
        x, y = corner
        low, high = self._span((x, x + look.shape[1]))
        top, bottom = max(0, y), max(0, min(self.rows, y + look.shape[0]))
        mask = np.zeros((self.rows, self.columns), np.bool_)
        if high > low and bottom > top:
            cut = slice(top - y, bottom - y), slice(low - x, high - x)
            share = opacity[cut][..., None]
            behind = picture[top:bottom, low:high]
            picture[top:bottom, low:high] = (behind * (1 - share) + look[cut] * share + 0.5).astype(np.uint8)
            mask[top:bottom, low:high] = opacity[cut] > 0.5
        return mask
