"""Who comes when, and where they go: the film's plot, in seconds of the film."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from edgepi.sim.film.brush import Image
from edgepi.sim.film.figures import Clothes, car, cat, walker_ahead, walker_beside

__all__ = ["LENGTH_S", "PLOT", "STREET", "Role"]

LENGTH_S = 104.0
STREET = 258.0  # who stands further up than this passes behind the fence
Draw = Callable[[float, float, int], Image]  # pixels per metre, metres gone, facing
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Role:
    """Somebody who goes along *way* (where the feet are, in pixels) from *from_s* to *to_s*."""

    what: str
    name: str
    from_s: float
    to_s: float
    way: Sequence[Point]
    draw: Draw
    facing: int

    def at(self, time_s: float) -> Point | None:
        """Return where the feet are, or None if it is elsewhere."""
        if not self.from_s <= time_s < self.to_s:
            return None
        legs = list(itertools.pairwise(self.way))
        lengths = [math.dist(*leg) for leg in legs]
        gone = (time_s - self.from_s) / (self.to_s - self.from_s) * sum(lengths)
        for ((x0, y0), (x1, y1)), length in zip(legs, lengths, strict=True):
            if gone <= length:
                return x0 + (x1 - x0) * gone / length, y0 + (y1 - y0) * gone / length
            gone -= length
        return self.way[-1]


def _beside(clothes: Clothes) -> Draw:
    return lambda scale, gone_m, facing: walker_beside(clothes, scale, gone_m * 4.4, facing)


def _ahead(clothes: Clothes) -> Draw:
    return lambda scale, gone_m, facing: walker_ahead(clothes, scale, gone_m * 4.4, facing)


_BLUE = Clothes(coat=(150, 84, 46), trousers=(70, 62, 58))
_RED = Clothes(coat=(60, 66, 176), trousers=(104, 84, 66), hair=(60, 110, 160))
_GREEN = Clothes(coat=(72, 120, 70), trousers=(58, 58, 70), hair=(150, 152, 156))

PLOT: Sequence[Role] = (
    Role("person", "blue", 8.0, 16.0, ((690, 418), (-50, 382)), _beside(_BLUE), -1),
    Role("person", "red", 38.0, 50.0, ((333, 250), (333, 290), (352, 392), (360, 640)), _ahead(_RED), 1),
    Role(
        "cat",
        "ginger",
        45.0,
        55.0,
        ((-60, 436), (330, 458), (710, 470)),
        lambda s, m, f: cat(s, m * 5.5, f),
        1,
    ),
    Role("car", "estate", 77.0, 80.0, ((720, 256), (100, 256)), lambda s, _m, f: car(s, f), -1),
    Role("person", "green", 82.0, 91.0, ((-50, 374), (320, 384), (700, 404)), _beside(_GREEN), 1),
)
