"""Sequences composed of a still background, troubles and things pasted at known times, with their truth."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from zlib import crc32

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scene_stills import Pixels, still
from scene_troubles import Trouble
from scene_visitors import Player, Visitor

__all__ = ["FPS", "Frame", "Scene", "Seen", "compose"]

FPS = 25
Troubles = Callable[[tuple[int, int], Generator], list[Trouble]]


def _none(_size: tuple[int, int], _rng: Generator) -> list[Trouble]:
    return []


@dataclass(frozen=True, slots=True)
class Scene:
    """A sequence of *seconds*; the same *seed* makes the same. *codec*: fine, poor (H.264) or mjpeg."""

    name: str
    size: tuple[int, int]
    still: str
    visitors: tuple[Visitor, ...] = ()
    troubles: Troubles = _none
    seconds: float = 35.0
    codec: str = "fine"
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Seen:
    """One visitor in one picture: its box (x, y, width, height in shares), pixels seen, whether it stands."""

    box: tuple[float, float, float, float]
    area: int
    stands: bool


@dataclass(frozen=True, slots=True)
class Frame:
    """A picture with its truth; *seen* holds one entry for each visitor."""

    time_s: float
    picture: Pixels
    mask: NDArray[np.bool_]
    seen: tuple[Seen | None, ...]


def compose(scene: Scene) -> Iterator[Frame]:
    """All pictures of *scene*, in their order."""
    rng = np.random.default_rng((scene.seed, crc32(scene.name.encode())))
    base = still(scene.still, *scene.size, rng)
    troubles = scene.troubles(scene.size, rng)
    players = [Player(visitor, base, rng) for visitor in scene.visitors]
    for number in range(round(scene.seconds * FPS)):
        yield _frame(base, troubles, players, number / FPS)


def _frame(base: Pixels, troubles: list[Trouble], players: list[Player], time_s: float) -> Frame:
    picture = base.copy()
    for trouble in troubles:
        picture = trouble.behind(picture, time_s)
    masks = [player.paste(picture, time_s) for player in players]
    for trouble in troubles:
        picture = trouble.over(picture, time_s)
    shift = tuple(sum(t.shift(time_s)[axis] for t in troubles) for axis in (0, 1))
    if any(shift):
        picture, masks = _shaken(picture, (shift[0], shift[1])), [_moved(m, shift) for m in masks]
    for trouble in troubles:
        picture = trouble.sense(picture, time_s)
    whole = np.zeros(base.shape[:2], np.bool_)
    for mask in masks:
        whole |= mask if mask is not None else False
    seen = (_seen(mask, player, time_s) for mask, player in zip(masks, players, strict=True))
    return Frame(time_s, picture, whole, tuple(seen))


def _shaken(picture: Pixels, shift: tuple[float, float]) -> Pixels:
    move = np.array([[1, 0, shift[0]], [0, 1, shift[1]]], np.float32)
    size = picture.shape[1], picture.shape[0]
    return np.asarray(cv2.warpAffine(picture, move, size, borderMode=cv2.BORDER_REPLICATE), np.uint8)


def _moved(mask: NDArray[np.bool_] | None, shift: tuple[float, ...]) -> NDArray[np.bool_] | None:
    return None if mask is None else np.roll(mask, (round(shift[1]), round(shift[0])), (0, 1))


def _seen(mask: NDArray[np.bool_] | None, player: Player, time_s: float) -> Seen | None:
    if mask is None or not mask.any():
        return None
    height, width = mask.shape
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    x, y = float(columns[0]) / width, float(rows[0]) / height
    box = x, y, float(columns[-1] + 1) / width - x, float(rows[-1] + 1) / height - y
    return Seen(box, int(mask.sum()), player.visitor.stands(time_s))
