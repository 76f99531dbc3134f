"""Pictures as SVG, drawn from plain data for one width; colours come from the page's style.

`draw` takes any of the kinds of `edgepi.energy.report.kinds`. A page draws each picture twice, at
`WIDE` for screens and paper and at `NARROW` for phones, so that words keep their size.
"""

from __future__ import annotations

from collections.abc import Iterator

from edgepi.energy.report.columns import draw_bars, draw_stacks
from edgepi.energy.report.heat import draw_calendar, draw_heat
from edgepi.energy.report.kinds import (
    CONSUMER_TONES,
    TONES,
    Bar,
    Bars,
    Calendar,
    Chart,
    Fan,
    Heat,
    Lines,
    Mark,
    Series,
    Span,
    Stacks,
    Values,
)
from edgepi.energy.report.overtime import draw_fan, draw_lines, labels_fit

__all__ = [
    "CONSUMER_TONES",
    "NARROW",
    "TONES",
    "WIDE",
    "Bar",
    "Bars",
    "Calendar",
    "Chart",
    "Fan",
    "Heat",
    "Lines",
    "Mark",
    "Series",
    "Span",
    "Stacks",
    "draw",
    "is_empty",
    "labels_fit",
]

WIDE, NARROW = 820.0, 350.0


def draw(chart: Chart, width: float = WIDE, ident: str = "c") -> str:
    """Return the picture as an SVG element; *ident* must be unique in its page.

    Raises:
        ValueError: there is nothing to draw (`is_empty`), or rows differ in length.
    """
    if is_empty(chart):
        raise ValueError(f"nothing to draw in {chart.title!r}")
    match chart:
        case Lines():
            return draw_lines(chart, width, ident)
        case Fan():
            return draw_fan(chart, width, ident)
        case Stacks():
            return draw_stacks(chart, width, ident)
        case Heat():
            return draw_heat(chart, width, ident)
        case Calendar():
            return draw_calendar(chart, width, ident)
        case Bars():
            return draw_bars(chart, width, ident)
    raise ValueError(f"no picture is known for {type(chart).__name__}")


def is_empty(chart: Chart) -> bool:
    """Whether there is not a single number to show."""
    return all(value is None for row in _rows(chart) for value in row)


def _rows(chart: Chart) -> Iterator[Values]:
    match chart:
        case Lines():
            yield from (series.values for series in chart.series)
        case Fan():
            yield from (series.values for series in chart.quantiles)
        case Stacks():
            yield from (s.values for s in (*chart.series, *([chart.beside] if chart.beside else [])))
        case Heat():
            yield from chart.hours
        case Calendar():
            yield chart.values
        case Bars():
            yield [bar.value for bar in chart.bars]
