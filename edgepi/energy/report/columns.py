"""Stacked columns, and horizontal bars."""

from __future__ import annotations

import math
from collections.abc import Iterator

from edgepi.energy.report import svg
from edgepi.energy.report.frame import BOTTOM, TOP, Frame, count_of, grid
from edgepi.energy.report.kinds import Bar, Bars, Series, Stacks
from edgepi.energy.report.numbers import amount, amounts
from edgepi.energy.report.scales import Scale, number_ticks, round_up

__all__ = ["draw_bars", "draw_stacks"]

_ROW_PX = 28.0


def draw_stacks(chart: Stacks, width: float, ident: str) -> str:
    """Draw stacked columns."""
    height = 260.0 if width > 500 else 220.0
    low, high = round_up(*_range(chart), count_of(height))
    left = max(svg.text_width(t.text) for t in number_ticks(low, high, count_of(height))) + 10
    x = Scale(0.0, float(len(chart.labels)), left, width - 4)
    frame = Frame(width, height, x, Scale(low, high, height - BOTTOM, TOP))
    columns = "".join(_column(chart, frame, i) for i in range(len(chart.labels)))
    words = _names(chart, frame)
    about = chart.description or _in_words(chart)
    return svg.picture(width, height, ident, chart.title, about, grid(frame, chart.unit), columns, words)


def _range(chart: Stacks) -> tuple[float, float]:
    low = high = 0.0
    for i in range(len(chart.labels)):
        values = [series.values[i] or 0.0 for series in chart.series]
        beside = (chart.beside.values[i] or 0.0) if chart.beside else 0.0
        high = max(high, beside, sum(v for v in values if v > 0))
        low = min(low, beside, sum(v for v in values if v < 0))
    return low, high


def _column(chart: Stacks, frame: Frame, i: int) -> str:
    room = frame.x(1.0) - frame.x(0.0)
    left = frame.x(float(i)) + room * 0.1
    wide = min(room * 0.8, 64.0)
    left += (room * 0.8 - wide) / 2
    boxes: list[str] = []
    if chart.beside:
        boxes.append(
            _box(frame, (left, wide * 0.32), (0.0, chart.beside.values[i] or 0.0), chart.beside.tone)
        )
        left, wide = left + wide * 0.36, wide * 0.64
    for series, low, high in _piled(chart, i):
        boxes.append(_box(frame, (left, wide), (low, high), series.tone))
    cover = svg.rect(
        frame.x(float(i)), frame.y.end, room, frame.y.start - frame.y.end, "cover", hint=_hint(chart, i)
    )
    return "".join(boxes) + cover


def _piled(chart: Stacks, i: int) -> Iterator[tuple[Series, float, float]]:
    up = down = 0.0
    for series in chart.series:
        value = series.values[i] or 0.0
        if value >= 0:
            yield series, up, up + value
            up += value
        else:
            yield series, down, down + value
            down += value


def _box(frame: Frame, across: tuple[float, float], ends: tuple[float, float], tone: str) -> str:
    (x, width), (top, bottom) = across, (frame.y(max(ends)), frame.y(min(ends)))
    return svg.rect(x, top, width, bottom - top, f"block f-{tone}") if bottom - top >= 0.2 else ""


def _hint(chart: Stacks, i: int) -> str:
    shown = ((chart.beside,) if chart.beside else ()) + chart.series
    parts = (f"{s.name} {amount(s.values[i], chart.unit)}" for s in shown if s.values[i])
    return f"{chart.labels[i]}: {', '.join(parts) or 'nothing'}"


def _names(chart: Stacks, frame: Frame) -> str:
    """Write as many labels as fit, at equal distances counted back from the last."""
    room = frame.x(1.0) - frame.x(0.0)
    widest = max(svg.text_width(label) for label in chart.labels) + 8
    every = max(1, math.ceil(widest / max(1.0, room)))
    words: list[str] = []
    free = math.inf
    for i in range(len(chart.labels) - 1, -1, -every):
        label = chart.labels[i]
        x, half = _within(frame.x(i + 0.5), label, frame), svg.text_width(label) / 2
        if x + half <= free:
            words.append(svg.text(x, frame.y.start + 17, label, "tick", "middle"))
            free = x - half - 4
    return "".join(words)


def _within(x: float, label: str, frame: Frame) -> float:
    half = svg.text_width(label) / 2
    return min(max(x, half), frame.width - half)


def _in_words(chart: Stacks) -> str:
    shown = ((chart.beside,) if chart.beside else ()) + chart.series
    sums = ((s.name, sum(v or 0.0 for v in s.values)) for s in shown)
    return f"{chart.labels[0]} to {chart.labels[-1]}, in all: " + ", ".join(
        f"{name} {amount(total, chart.unit)}" for name, total in sums
    )


def draw_bars(chart: Bars, width: float, ident: str) -> str:
    """Draw horizontal bars with their names to the left and values at their ends."""
    written = amounts([bar.value for bar in chart.bars], chart.unit)
    texts = [bar.text or text for bar, text in zip(chart.bars, written, strict=True)]
    left = min(max(svg.text_width(bar.name) for bar in chart.bars) + 10, width * 0.45)
    right = max(svg.text_width(text) for text in texts) + 10
    most = max([bar.value for bar in chart.bars] + [bar.stated or 0.0 for bar in chart.bars] + [1e-9])
    least = min([bar.value for bar in chart.bars] + [0.0])
    x = Scale(least, most, left, width - right)
    rows = "".join(
        _row(bar, text, x, i * _ROW_PX) for i, (bar, text) in enumerate(zip(chart.bars, texts, strict=True))
    )
    about = chart.description or ", ".join(f"{b.name} {t}" for b, t in zip(chart.bars, texts, strict=True))
    return svg.picture(width, len(chart.bars) * _ROW_PX + 2, ident, chart.title, about, rows)


def _row(bar: Bar, words: str, x: Scale, y: float) -> str:
    ends = sorted((x(0.0), x(bar.value)))
    parts = [
        svg.text(
            x.start - 8 if x.low == 0 else x(x.low) - 8, y + 18, _short(bar.name, x.start), "name", "end"
        ),
        svg.rect(ends[0], y + 5, max(1.5, ends[1] - ends[0]), _ROW_PX - 10, f"block f-{bar.tone}"),
    ]
    if bar.stated is not None:
        parts.append(svg.line(x(bar.stated), y + 2, x(bar.stated), y + _ROW_PX - 2, "stated"))
    end = max(ends[1], x(bar.stated) if bar.stated is not None else 0.0)
    return "".join([*parts, svg.text(end + 6, y + 18, words, "value")])


def _short(name: str, room: float) -> str:
    fits = int(room / svg.text_width("x"))
    return name if len(name) <= fits else name[: max(1, fits - 1)] + "\u2026"
