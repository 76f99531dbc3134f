"""What everything that wants to run would use and be worth: one curve above the idle node."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

__all__ = ["OFF", "Rung", "Step", "Want", "ladder", "thinned", "upper_hull"]

OFF = "off"
# A level that states no power still stands above off.
_HARDLY_W = 1e-6


@dataclass(frozen=True, slots=True)
class Step:
    """One way to run a consumer: power above the idle node (W), points per hour."""

    name: str
    power_w: float
    points_per_h: float


@dataclass(frozen=True, slots=True)
class Want:
    """A consumer and the steps it may take, *off* being understood.

    *hold_h*: once started it must run so long; 0 for what may be stopped at any time.
    """

    consumer: str
    steps: tuple[Step, ...]
    hold_h: float = 0.0


@dataclass(frozen=True, slots=True)
class Rung:
    """One state of the whole node: power at the battery (W), points per hour, who runs how.

    *held* names those that could not be stopped again before so many hours.
    """

    power_w: float
    points_per_h: float
    picks: dict[str, str] = field(default_factory=dict)
    held: dict[str, float] = field(default_factory=dict)
    awake: bool = True


def upper_hull(points: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    """Corners of the concave envelope of points (x, y), by rising x, as far as y rises."""
    hull: list[tuple[float, float]] = []
    for x, y in sorted(points):
        if hull and y <= hull[-1][1]:
            continue
        if hull and x == hull[-1][0]:
            hull.pop()
        while len(hull) > 1 and _slope(hull[-2], hull[-1]) <= _slope(hull[-1], (x, y)):
            hull.pop()
        hull.append((x, y))
    return hull


def _slope(a: tuple[float, float], b: tuple[float, float]) -> float:
    return (b[1] - a[1]) / (b[0] - a[0])


def ladder(
    wants: Sequence[Want], *, idle_w: float, off_w: float | None, share: float = 1.0
) -> tuple[Rung, ...]:
    """States of the node worth considering, by rising power; the first is always allowed.

    *off_w* is what the board draws while the node is off, None if it cannot be switched off. Powers
    of wants are divided by *share*, the converter's efficiency, where they are stated behind it.
    """
    steps: list[tuple[float, float, float, Want, Step]] = []
    for want in wants:
        steps += _increments(want)
    steps.sort(key=lambda step: -step[0])
    first = Rung(idle_w, 0.0) if off_w is None else Rung(off_w, 0.0, awake=False)
    rungs, power, points = [first], idle_w, 0.0
    picks: dict[str, str] = {}
    held: dict[str, float] = {}
    for _, more_w, more_points, want, step in steps:
        power, points = power + more_w / share, points + more_points
        picks = {**picks, want.consumer: step.name}
        held = {**held, want.consumer: want.hold_h} if want.hold_h > 0 else held
        rungs.append(Rung(power, points, picks, held))
    return tuple(rungs)


def _increments(want: Want) -> list[tuple[float, float, float, Want, Step]]:
    """Steps of a consumer on its own envelope as (points per Wh, power, points, ...) above the last."""
    if len(want.steps) == 1:
        step = want.steps[0]
        power_w, points = max(step.power_w, _HARDLY_W), step.points_per_h
        return [(points / power_w, power_w, points, want, step)] if points > 0.0 else []
    named = {(max(step.power_w, _HARDLY_W), step.points_per_h): step for step in want.steps}
    hull = upper_hull([(0.0, 0.0), *named])
    return [
        ((y1 - y0) / max(x1 - x0, 1e-9), x1 - x0, y1 - y0, want, named[x1, y1])
        for (x0, y0), (x1, y1) in pairwise(hull)
    ]


def thinned(rungs: Sequence[Rung], most: int) -> tuple[Rung, ...]:
    """At most so many rungs, first and last among them: what lies between two is little apart."""
    if len(rungs) <= most:
        return tuple(rungs)
    return tuple(rungs[round(place * (len(rungs) - 1) / (most - 1))] for place in range(most))
