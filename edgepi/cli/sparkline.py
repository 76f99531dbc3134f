"""A chart that fits into one line of text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from edgepi.model import Value

__all__ = ["Line", "sparkline"]

_BARS = "▁▂▃▄▅▆▇█"


@dataclass(frozen=True, slots=True)
class Line:
    """Numbers over time; None is a gap."""

    points: Sequence[tuple[float, float | None]]
    least: float
    most: float

    @classmethod
    def of(cls, points: Sequence[tuple[float, Value | None]]) -> Self | None:
        """Take points (seconds, value); None if any value is no number or there is none at all."""
        values = [value for _, value in points if value is not None]
        numbers = [float(value) for value in values if isinstance(value, int | float)]
        if not numbers or len(numbers) < len(values):
            return None
        known = [(time_s, float(v) if isinstance(v, int | float) else None) for time_s, v in points]
        return cls(known, min(numbers), max(numbers))

    def means(self, start_s: float, end_s: float, width: int) -> list[float | None]:
        """Return the mean of each of *width* equal intervals; a value lasts until the next one or a gap."""
        step_s = (end_s - start_s) / width
        columns: list[list[float]] = [[] for _ in range(width)]
        ends = [time_s for time_s, _ in self.points[1:]] + [self.points[-1][0]]
        for (time_s, value), until_s in zip(self.points, ends, strict=True):
            if value is None:
                continue
            first = max(0, min(width - 1, int((time_s - start_s) / step_s)))
            last = max(first, min(width - 1, int((until_s - start_s) / step_s)))
            for column in columns[first : max(last, first + 1)]:
                column.append(value)
        return [sum(column) / len(column) if column else None for column in columns]


def sparkline(values: Sequence[float | None]) -> str:
    """Draw values as bars from the least to the most; a gap is a blank."""
    known = [value for value in values if value is not None]
    least, span = min(known, default=0.0), max(known, default=0.0) - min(known, default=0.0)
    top = len(_BARS) - 1
    return "".join(
        " " if value is None else _BARS[round((value - least) / span * top) if span else top // 2]
        for value in values
    )
