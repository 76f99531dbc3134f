"""Composed scenes with actors, at other rates: what `compose` makes, with more in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator
from scene_actors import Actor, Role
from scene_stills import Pixels
from scene_troubles import Trouble
from scene_visitors import Visitor
from scenes import FPS, Frame, Scene, compose

__all__ = ["Stage", "perform", "rate"]


@dataclass(frozen=True, slots=True)
class Stage(Scene):
    """A scene in which *roles* are played, too, at *fps* pictures a second; its camera stands still."""

    roles: tuple[Role, ...] = ()
    fps: int = FPS


def rate(scene: Scene) -> int:
    """Pictures a second."""
    return scene.fps if isinstance(scene, Stage) else FPS


def perform(scene: Scene) -> Iterator[Frame]:
    """All pictures of *scene*, in their order; its actors are seen after its visitors."""
    if not isinstance(scene, Stage):
        yield from compose(scene)
        return
    pace = FPS / scene.fps
    actors: list[Actor] = []

    def troubles(size: tuple[int, int], rng: Generator) -> list[Trouble]:
        others = scene.troubles(size, rng)
        actors.extend(Actor(role, rng) for role in scene.roles)
        return [_Paced(each, pace) for each in (*others, *actors)]

    visitors = tuple(_paced(visitor, pace) for visitor in scene.visitors)
    composed = replace(scene, visitors=visitors, troubles=troubles, seconds=scene.seconds / pace)
    for frame in compose(composed):
        yield _with(frame, actors, pace)


def _with(frame: Frame, actors: list[Actor], pace: float) -> Frame:
    mask = frame.mask.copy()
    for actor in actors:
        mask |= False if actor.mask is None else actor.mask
    seen = (*frame.seen, *(actor.seen for actor in actors))
    return Frame(frame.time_s * pace, frame.picture, np.asarray(mask, np.bool_), seen)


def _paced(visitor: Visitor, pace: float) -> Visitor:
    return replace(visitor, path=tuple((time_s / pace, x, y) for time_s, x, y in visitor.path))


class _Paced(Trouble):
    """A trouble for which *pace* times as much time goes by."""

    def __init__(self, trouble: Trouble, pace: float) -> None:
        self.trouble, self.pace = trouble, pace

    def behind(self, picture: Pixels, time_s: float) -> Pixels:
        return self.trouble.behind(picture, time_s * self.pace)

    def over(self, picture: Pixels, time_s: float) -> Pixels:
        return self.trouble.over(picture, time_s * self.pace)

    def shift(self, time_s: float) -> tuple[float, float]:
        return self.trouble.shift(time_s * self.pace)

    def sense(self, picture: Pixels, time_s: float) -> Pixels:
        return self.trouble.sense(picture, time_s * self.pace)
