"""The frame of a picture over time: axes, grid, shaded stretches, marks, labels at the ends of lines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from edgepi.energy.report import svg
from edgepi.energy.report.kinds import Mark, Span
from edgepi.energy.report.scales import Scale, Tick, number_ticks, time_ticks

__all__ = ["Frame", "end_labels", "grid", "marks", "shades", "time_axis"]

TOP, BOTTOM, LINE_PX = 22.0, 22.0, 15.0


@dataclass(frozen=True, slots=True)
class Frame:
    """The room for the data in a picture of *width* x *height*, and both scales."""

    width: float
    height: float
    x: Scale
    y: Scale

    @classmethod
    def of(
        cls,
        width: float,
        height: float,
        times: tuple[float, float],
        values: tuple[float, float],
        right: float,
    ) -> Frame:
        """Make a frame with room for tick labels to the left and *right* for what else is written."""
        ticks = number_ticks(*values, count_of(height))
        left = max(svg.text_width(tick.text) for tick in ticks) + 10
        return cls(
            width,
            height,
            Scale(*times, left, width - max(right, 12.0)),
            Scale(*values, height - BOTTOM, TOP),
        )


def count_of(height: float) -> int:
    """How many ticks an axis of a picture of *height* bears."""
    return max(2, int(height / 48))


def grid(frame: Frame, unit: str) -> str:
    """Draw lines at round values with their labels; the unit stands above the axis."""
    x, y = frame.x, frame.y
    ticks = number_ticks(y.low, y.high, count_of(frame.height))
    lines = (
        svg.line(x.start, y(t.value), x.end, y(t.value), "zero" if not t.value else "grid") for t in ticks
    )
    words = (svg.text(x.start - 6, y(t.value) + 4, t.text, "tick", "end") for t in ticks)
    return svg.group(*lines, *words, svg.text(0.0, 11.0, unit, "tick"))


def time_axis(frame: Frame, start_utc: datetime, end_utc: datetime, place: tzinfo) -> str:
    """Draw ticks at round local times with their labels."""
    x, base = frame.x, frame.y.start
    ticks = time_ticks(start_utc, end_utc, place, x.end - x.start)
    notches = (svg.line(x(t.value), base, x(t.value), base + 4, "zero") for t in ticks)
    words = (svg.text(at, base + 17, label, "tick", "middle") for at, label in _fitting(ticks, frame))
    return svg.group(*notches, *words)


def _fitting(ticks: Sequence[Tick], frame: Frame) -> list[tuple[float, str]]:
    """Places of labels within the picture; one that would touch the one before is left out."""
    kept: list[tuple[float, str]] = []
    free = 0.0
    for tick in ticks:
        half = svg.text_width(tick.text) / 2
        x = min(frame.x(tick.value), frame.width - half)
        if x - half >= free:
            kept.append((x, tick.text))
            free = x + half + 4
    return kept


def shades(frame: Frame, spans: Iterable[Span]) -> str:
    """Shade stretches of time."""
    x, y = frame.x, frame.y
    found = ((x(s.start_utc.timestamp()), x(s.end_utc.timestamp())) for s in spans)
    boxes = [(left, right) for left, right in found if right > left]
    d = "".join(
        f"M{svg.coordinate(left)} {svg.coordinate(y.end)}h{svg.coordinate(right - left)}"
        f"v{svg.coordinate(y.start - y.end)}H{svg.coordinate(left)}z"
        for left, right in boxes
    )
    return svg.path(d, "shade") if d else ""


def marks(frame: Frame, levels: Iterable[Mark]) -> str:
    """Draw levels as broken lines with their words on them."""
    x, y = frame.x, frame.y
    inside = [mark for mark in levels if y.low <= mark.value <= y.high]
    return "".join(
        svg.line(x.start, y(m.value), x.end, y(m.value), f"mark s-{m.tone}")
        + svg.text(x.start + 4, y(m.value) - 4, m.text, f"halo f-{m.tone}")
        for m in inside
    )


def end_labels(frame: Frame, labels: Sequence[tuple[float, str, str]]) -> str:
    """Write (value, words, tone) to the right of the data, pushed apart where they would touch."""
    placed = sorted((frame.y(value) + 4, words, tone) for value, words, tone in labels)
    places: list[float] = []
    for y, _, _ in placed:
        places.append(max(y, places[-1] + LINE_PX) if places else y)
    over = max(0.0, places[-1] - (frame.y.start + 4)) if places else 0.0
    for i in range(len(places) - 1, -1, -1):
        ceiling = places[i + 1] - LINE_PX if i + 1 < len(places) else places[i] - over
        places[i] = min(places[i], ceiling) if over else places[i]
    return "".join(
        svg.text(frame.x.end + 6, y, words, f"label f-{tone}")
        for y, (_, words, tone) in zip(places, placed, strict=True)
    )
