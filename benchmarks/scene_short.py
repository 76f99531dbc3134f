"""A few short scenes, for tests: one person, and one of the troubles that a camera has to bear."""

from __future__ import annotations

from collections.abc import Callable

from numpy.random import Generator
from scene_troubles import Flicker, Lamp, Sway, Trouble
from scene_visitors import crossing
from scene_weather import Night, Noise, Rain
from scenes import Scene

__all__ = ["short"]

Size = tuple[int, int]
SIZE, SECONDS = (320, 240), 14.0
TROUBLES: dict[str, tuple[str, Callable[[Size, Generator], list[Trouble]]]] = {
    "nothing": ("street", lambda _s, _r: []),
    "sway": ("street", lambda s, r: [Sway(s, r, 12, 0.45, 0.6)]),
    "flicker": ("room", lambda _, r: [Flicker(r)]),
    "rain": ("street", lambda s, r: [Rain(s, r)]),
    "lamp": ("room", lambda _s, _r: [Lamp((3.0, 10.5), 0.4)]),
    "night": ("yard", lambda s, r: [Night(0.6), Noise(s, r, 8.0)]),
}


def short(seed: int = 1) -> list[Scene]:
    """All of them."""
    person = crossing("person", 0.32, 0.88, 4.5, 4.5)
    return [
        Scene(name, SIZE, still, (person,), troubles, SECONDS, seed=seed)
        for name, (still, troubles) in TROUBLES.items()
    ]
