"""Things that come nearer or go away, turn and stop in a composed scene, or are of one plain colour."""

from __future__ import annotations

import bisect
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scene_sprites import WIDE, Sprite
from scene_stills import Pixels, Shares
from scene_troubles import Trouble
from scenes import Seen

__all__ = ["BROAD", "Actor", "Role", "Spot"]

Thing = Literal["person", "car", "animal", "ball", "box"]
BROAD = {**WIDE, "ball": 0.9, "box": 1.2}
PLAIN = 120
GAITS_HZ = 1.0
LEAST_LEVELS = 33.0
GREY = np.array((0.114, 0.587, 0.299), np.float32)


@dataclass(frozen=True, slots=True)
class Spot:
    """At *time_s* its feet are at *x*, *y*, and it is *height* high, all in shares of the picture."""

    time_s: float
    x: float
    y: float
    height: float

    def towards(self, then: Spot, time_s: float) -> Spot:
        """Where it is between the two, if its way through the room is straight and even."""
        share = (time_s - self.time_s) / (then.time_s - self.time_s)
        height = 1 / (1 / self.height + share * (1 / then.height - 1 / self.height))
        if then.height != self.height:
            share = (height - self.height) / (then.height - self.height)
        x, y = self.x + share * (then.x - self.x), self.y + share * (then.y - self.y)
        return Spot(time_s, x, y, height)

    def is_at(self, other: Spot) -> bool:
        """Whether both are one place."""
        return (self.x, self.y, self.height) == (other.x, other.y, other.height)


@dataclass(frozen=True, slots=True)
class Role:
    """A *thing* and its way; balls and boxes have one colour.

    *levels*: how much it differs from what is behind it, of 256; a plain one is darker if negative. It is
    seen only between the shares *seen* of the width: a wall's edge.
    """

    thing: Thing
    way: tuple[Spot, ...]
    levels: float | None = None
    seen: tuple[float, float] = (0.0, 1.0)

    def at(self, time_s: float) -> Spot | None:
        """Where it is, if it is about."""
        times = [spot.time_s for spot in self.way]
        if not times[0] <= time_s <= times[-1]:
            return None
        k = min(max(bisect.bisect_right(times, time_s) - 1, 0), len(times) - 2)
        return self.way[k].towards(self.way[k + 1], time_s)

    def stands(self, time_s: float) -> bool:
        """Whether it is about and does not move."""
        legs = zip(self.way, self.way[1:], strict=False)
        return any(a.is_at(b) and a.time_s <= time_s < b.time_s for a, b in legs)


class Actor(Trouble):
    """Plays a role: it draws itself into the pictures and keeps what is to be seen of it."""

    def __init__(self, role: Role, rng: Generator) -> None:
        """Its colours come from *rng* and from the first picture."""
        self.role, self.rng = role, rng
        self.mask: NDArray[np.bool_] | None = None
        self.seen: Seen | None = None
        self._figure: _Figure | None = None

    def behind(self, picture: Pixels, time_s: float) -> Pixels:
        """The picture with it."""
        if self._figure is None:
            self._figure = _figure(self.role, _ground(self.role, picture), self.rng)
        self.mask = self.seen = None
        spot = self.role.at(time_s)
        if spot is None:
            return picture
        stands = self.role.stands(time_s)
        look = self._figure.look(0.0 if stands else GAITS_HZ * time_s)
        result, self.mask = _pasted(picture, look, spot, self.role.seen)
        self.seen = _seen(self.mask, stands=stands)
        return result


@dataclass(frozen=True, slots=True)
class _Figure:
    """How it looks: a sprite whose difference from *ground* is *keep* of its own, or a plain form."""

    ground: Shares
    keep: float = 1.0
    sprite: Sprite | None = None
    plain: tuple[Shares, Shares] | None = None

    def look(self, step: float) -> tuple[Shares, Shares]:
        if self.plain is not None:
            return self.plain
        assert self.sprite is not None
        picture, opacity = self.sprite.look(step)
        return np.asarray(self.ground + self.keep * (picture - self.ground), np.float32), opacity


def _ground(role: Role, picture: Pixels) -> Shares:
    """The mean colour of *picture* along the way."""
    rows, columns = picture.shape[:2]
    colours = []
    for time_s in np.linspace(role.way[0].time_s, role.way[-1].time_s, 40):
        spot = role.at(float(time_s))
        if spot is not None and 0 < spot.x < 1:
            row = min(max(int((spot.y - spot.height / 2) * rows), 0), rows - 1)
            colours.append(picture[row, int(spot.x * columns)])
    return np.asarray(np.mean(colours, axis=0), np.float32)


def _figure(role: Role, ground: Shares, rng: Generator) -> _Figure:
    if role.thing == "ball" or role.thing == "box":  # noqa: PLR1714 (mypy narrows only this)
        return _Figure(ground, plain=_plain(role, ground, rng))
    mirrored = role.way[-1].x < role.way[0].x
    sprite = Sprite(role.thing, rng, mirrored=mirrored)
    for _ in range(40):
        if _levels(sprite, ground) >= LEAST_LEVELS:
            break
        sprite = Sprite(role.thing, rng, mirrored=mirrored)
    keep = 1.0 if role.levels is None else abs(role.levels) / max(_levels(sprite, ground), 1.0)
    return _Figure(ground, keep, sprite)


def _levels(sprite: Sprite, ground: Shares) -> float:
    picture, opacity = sprite.look(0)
    return float(np.abs((picture @ GREY)[opacity > 0.5] - ground @ GREY).mean())


def _plain(role: Role, ground: Shares, rng: Generator) -> tuple[Shares, Shares]:
    levels = role.levels if role.levels is not None else LEAST_LEVELS
    if not 3 < float(ground @ GREY) + levels < 250:
        levels = -levels
    colour = np.clip(ground + levels * rng.uniform(0.9, 1.1, 3), 0, 255)
    width = round(PLAIN * BROAD[role.thing])
    form = np.full((PLAIN, width), 255 if role.thing == "box" else 0, np.uint8)
    if role.thing == "ball":
        cv2.ellipse(form, (width // 2, PLAIN // 2), (width // 2, PLAIN // 2), 0, 0, 360, [255.0], -1)
    picture = np.broadcast_to(colour.astype(np.float32), (PLAIN, width, 3))
    return np.ascontiguousarray(picture), np.asarray(form / np.float32(255), np.float32)


def _pasted(
    picture: Pixels, look: tuple[Shares, Shares], spot: Spot, seen: tuple[float, float]
) -> tuple[Pixels, NDArray[np.bool_]]:
    rows, columns = picture.shape[:2]
    corner, (drawn, opacity) = _sized(look, spot, (columns, rows))
    mask = np.zeros((rows, columns), np.bool_)
    low, high = (round(share * columns) for share in seen)
    left, right = max(low, corner[0]), min(high, corner[0] + opacity.shape[1])
    top, bottom = max(0, corner[1]), min(rows, corner[1] + opacity.shape[0])
    if right <= left or bottom <= top:
        return picture, mask
    cut = slice(top - corner[1], bottom - corner[1]), slice(left - corner[0], right - corner[0])
    share, here = opacity[cut][..., None], (slice(top, bottom), slice(left, right))
    result = picture.copy()
    blended = picture[here] * (1 - share) + drawn[cut] * share + 0.5
    result[here] = np.clip(blended, 0, 255).astype(np.uint8)
    mask[here] = opacity[cut] > 0.5
    return result, mask


def _sized(
    look: tuple[Shares, Shares], spot: Spot, size: tuple[int, int]
) -> tuple[tuple[int, int], tuple[Shares, Shares]]:
    """Its upper left corner and its look there: sizes and places are fractions of pixels."""
    high = max(2.0, spot.height * size[1])
    wide = max(2.0, high * look[1].shape[1] / look[1].shape[0])
    left, top = spot.x * size[0] - wide / 2, spot.y * size[1] - high
    x, y = int(np.floor(left)), int(np.floor(top))
    whole = max(2, round(wide)), max(2, round(high))
    move = np.array([[wide / whole[0], 0, left - x], [0, high / whole[1], top - y]], np.float32)
    room = int(wide) + 3, int(high) + 3
    small = [cv2.resize(part, whole, interpolation=cv2.INTER_AREA) for part in look]
    drawn = cv2.warpAffine(small[0], move, room, borderMode=cv2.BORDER_REPLICATE)
    opacity = cv2.warpAffine(small[1], move, room, borderMode=cv2.BORDER_CONSTANT)
    return (x, y), (np.asarray(drawn, np.float32), np.asarray(opacity, np.float32))


def _seen(mask: NDArray[np.bool_], *, stands: bool) -> Seen | None:
    if not np.any(mask):
        return None
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    x, y = float(columns[0]) / mask.shape[1], float(rows[0]) / mask.shape[0]
    wide, high = float(columns[-1] + 1) / mask.shape[1] - x, float(rows[-1] + 1) / mask.shape[0] - y
    return Seen((x, y, wide, high), int(np.count_nonzero(mask)), stands)
