"""Pictures over time: lines with a band, and fans of quantiles."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from edgepi.energy.report import svg
from edgepi.energy.report.curves import Points, band_path, curve_path, fill_path, runs, thin
from edgepi.energy.report.frame import Frame, count_of, end_labels, grid, marks, shades, time_axis
from edgepi.energy.report.kinds import Fan, Lines, Series, Values
from edgepi.energy.report.numbers import amount
from edgepi.energy.report.scales import round_up

__all__ = ["draw_fan", "draw_lines", "labels_fit"]

_LABELS_SHARE = 0.26


def labels_fit(chart: Lines | Fan, width: float) -> bool:
    """Whether the names of lines have room at their ends in a picture of *width*."""
    return _widest(_labels(_described(chart))) <= _LABELS_SHARE * width


def draw_lines(chart: Lines, width: float, ident: str) -> str:
    """Draw lines over time."""
    rows = [series.values for series in chart.series] + list(chart.band or ())
    labels = _labels(chart.series)
    frame = _frame(chart, rows, width, labels)
    parts = [shades(frame, chart.spans), grid(frame, chart.unit)]
    if chart.band:
        parts.append(_between(chart, chart.band, frame, f"band f-{chart.series[0].tone}"))
    if chart.area:
        parts.append(_areas(chart, frame))
    parts += [_line(chart, series, frame, steps=chart.steps) for series in reversed(chart.series)]
    return _finished(chart, frame, ident, parts, chart.series)


def draw_fan(chart: Fan, width: float, ident: str) -> str:
    """Draw quantiles as bands around the middle one."""
    lines = chart.quantiles
    rows = [series.values for series in (*lines, *chart.drawn)]
    labels = _labels((*lines, *chart.drawn))
    frame = _frame(chart, rows, width, labels)
    middle = len(lines) // 2
    parts = [grid(frame, chart.unit)]
    for i in range(middle):
        pair = (lines[i].values, lines[-1 - i].values)
        parts.append(_between(chart, pair, frame, f"band f-{lines[middle].tone}"))
    parts.append(_line(chart, lines[middle], frame))
    parts += [_line(chart, series, frame, class_="line thin") for series in chart.drawn]
    return _finished(chart, frame, ident, parts, (*lines, *chart.drawn))


def _finished(
    chart: Lines | Fan, frame: Frame, ident: str, parts: Sequence[str], ends: Sequence[Series]
) -> str:
    times = chart.times_utc
    labels = _labels(ends) if labels_fit(chart, frame.width) else []
    about = chart.description or "; ".join(_in_words(series, chart.unit) for series in _described(chart))
    return svg.picture(
        frame.width,
        frame.height,
        ident,
        chart.title,
        about,
        *parts,
        time_axis(frame, times[0], times[-1], chart.place),
        marks(frame, chart.marks),
        end_labels(frame, labels),
    )


def _described(chart: Lines | Fan) -> tuple[Series, ...]:
    return chart.series if isinstance(chart, Lines) else (*chart.quantiles, *chart.drawn)


def _frame(
    chart: Lines | Fan, rows: Sequence[Values], width: float, labels: Sequence[tuple[float, str, str]]
) -> Frame:
    height = 240.0 if width > 500 else 210.0
    known = [value for row in rows for value in row if value is not None]
    low = min(known) if chart.low is None else chart.low
    high = max(known) if chart.high is None else chart.high
    if chart.low is None or chart.high is None:
        wide = round_up(low, high, count_of(height))
        low, high = (low if chart.low is not None else wide[0]), (high if chart.high is not None else wide[1])
    span = (chart.times_utc[0].timestamp(), chart.times_utc[-1].timestamp())
    right = _widest(labels) if labels_fit(chart, width) else 0.0
    return Frame.of(width, height, span, (low, high), right)


def _widest(labels: Sequence[tuple[float, str, str]]) -> float:
    return max((svg.text_width(words) + 8 for _, words, _ in labels), default=0.0)


def _labels(series: Sequence[Series]) -> list[tuple[float, str, str]]:
    """The last value of each line, its name and tone; a single line needs no name."""
    if len(series) < 2:
        return []
    last = ((next((v for v in reversed(s.values) if v is not None), None), s) for s in series)
    return [(value, s.name, s.tone) for value, s in last if value is not None]


def _points(chart: Lines | Fan, values: Values, frame: Frame, pixel: float = 1.0) -> Iterable[Points]:
    places = [frame.x(moment.timestamp()) for moment in chart.times_utc]
    for run in runs(places, values):
        yield thin([(x, frame.y(value)) for x, value in run], pixel)


def _line(
    chart: Lines | Fan, series: Series, frame: Frame, *, steps: bool = False, class_: str = "line"
) -> str:
    d = "".join(curve_path(run, steps=steps) for run in _points(chart, series.values, frame))
    return svg.path(d, f"{class_} s-{series.tone}")


def _areas(chart: Lines, frame: Frame) -> str:
    first = chart.series[0]
    base = frame.y(max(0.0, frame.y.low))
    d = "".join(fill_path(run, base, steps=chart.steps) for run in _points(chart, first.values, frame, 2.0))
    return svg.path(d, f"area f-{first.tone}")


def _between(chart: Lines | Fan, pair: tuple[Values, Values], frame: Frame, class_: str) -> str:
    both = list(zip(*pair, strict=True))
    lower: Values = [None if None in (a, b) else a for a, b in both]
    upper: Values = [None if None in (a, b) else b for a, b in both]
    runs_of = zip(_points(chart, lower, frame), _points(chart, upper, frame), strict=True)
    return svg.path("".join(band_path(low, high) for low, high in runs_of), class_)


def _in_words(series: Series, unit: str) -> str:
    known = [value for value in series.values if value is not None]
    if not known:
        return f"{series.name}: nothing known"
    least, most, last = (amount(v, unit) for v in (min(known), max(known), known[-1]))
    return f"{series.name}: between {least} and {most}, at the end {last}"
