"""Lines thinned to what a picture can show: the least and the most within each pixel."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from edgepi.energy.report.kinds import Values
from edgepi.energy.report.svg import coordinate

__all__ = ["band_path", "curve_path", "fill_path", "runs", "thin"]

Points = list[tuple[float, float]]


def runs(places: Sequence[float], values: Values) -> Iterator[Points]:
    """Yield stretches of points without a gap."""
    run: Points = []
    for x, value in zip(places, values, strict=True):
        if value is None or not math.isfinite(value):
            if run:
                yield run
            run = []
        else:
            run.append((x, value))
    if run:
        yield run


def thin(points: Points, pixel: float = 1.0) -> Points:
    """Keep of each pixel the first, least, most and last point, in their order."""
    kept: Points = []
    start = 0
    for end in range(1, len(points) + 1):
        if end < len(points) and int(points[end][0] / pixel) == int(points[start][0] / pixel):
            continue
        kept += _extremes(points[start:end])
        start = end
    return kept


def _extremes(points: Points) -> Points:
    if len(points) < 3:
        return points
    order = range(len(points))
    least = min(order, key=lambda i: points[i][1])
    most = max(order, key=lambda i: points[i][1])
    return [points[i] for i in sorted({0, least, most, len(points) - 1})]


def curve_path(points: Points, *, steps: bool = False) -> str:
    """Describe a line through *points*; with *steps* each value lasts until the next point."""
    if len(points) == 1:
        (x, y), *_ = points
        return f"M{coordinate(x - 1)} {coordinate(y)}h2"
    (x, y), *rest = points
    parts = [f"M{coordinate(x)} {coordinate(y)}"]
    for x, y in rest:
        parts.append(f"H{coordinate(x)}V{coordinate(y)}" if steps else f"L{coordinate(x)} {coordinate(y)}")
    return "".join(parts)


def fill_path(points: Points, base: float, *, steps: bool = False) -> str:
    """Describe the area between a line and *base*."""
    return f"{curve_path(points, steps=steps)}V{coordinate(base)}H{coordinate(points[0][0])}Z"


def band_path(lower: Points, upper: Points) -> str:
    """Describe the area between two lines."""
    return f"{curve_path(upper)}L{curve_path(lower[::-1])[1:]}Z"
