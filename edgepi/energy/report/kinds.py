"""What a picture shows: plain data, drawn by `edgepi.energy.report.charts`.

Values are numbers or None for a gap; a *tone* is one of `TONES`, which the page gives its colours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo

__all__ = [
    "CONSUMER_TONES",
    "TONES",
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
    "Values",
]

Values = Sequence[float | None]

CONSUMER_TONES = ("tone0", "tone1", "tone2", "tone3", "tone4", "tone5")
TONES = ("sun", "store", "load", "price", "lost", "spilled", "warn", "bad", "muted", *CONSUMER_TONES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """A named row of numbers, one for each time or bar of its picture."""

    name: str
    values: Values
    tone: str = "load"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A level worth a line across the picture, such as a floor or a guard."""

    value: float
    text: str
    tone: str = "warn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A stretch of time that is shaded, such as a sleep."""

    start_utc: datetime
    end_utc: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """What every picture has: a title, its unit (for axis and numbers), and a description in words.

    Without *description* one is made of the numbers, for those who cannot see the picture.
    """

    title: str
    unit: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines(Chart):
    """Lines over time, one value of each series for each of *times_utc* (rising).

    *band* are lower and upper values around the first series; *area* fills below the first one;
    *steps* lets a value last until the next instead of sloping. *low* and *high* fix the axis.
    *spans* are shaded and called *span_name*. A gap in the values is a gap in the line.
    """

    times_utc: Sequence[datetime]
    series: tuple[Series, ...]
    band: tuple[Values, Values] | None = None
    area: bool = False
    steps: bool = False
    low: float | None = None
    high: float | None = None
    marks: tuple[Mark, ...] = ()
    spans: tuple[Span, ...] = ()
    span_name: str = "asleep"
    place: tzinfo = UTC


@dataclass(frozen=True, slots=True, kw_only=True)
class Fan(Chart):
    """How something may go: quantiles over time, an odd number of series from least to most.

    The middle one is drawn as a line, pairs around it as bands that grow fainter; each is labelled
    with its name, such as ``1 year in 10 below``. *drawn* are single courses on top, such as what was.
    """

    times_utc: Sequence[datetime]
    quantiles: tuple[Series, ...]
    drawn: tuple[Series, ...] = ()
    low: float | None = None
    high: float | None = None
    marks: tuple[Mark, ...] = ()
    place: tzinfo = UTC


@dataclass(frozen=True, slots=True, kw_only=True)
class Stacks(Chart):
    """Stacked columns, one for each of *labels* (days, months), with *beside* to the left of each.

    Negative values stack downwards from zero. As many labels are written as there is room for.
    *summed* says whether the sum of a series over all columns means anything.
    """

    labels: Sequence[str]
    series: tuple[Series, ...]
    beside: Series | None = None
    summed: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Heat(Chart):
    """Days from left to right, hours of the day from top to bottom: how strong at each.

    *hours* holds for each day 24 values between *low* and *high*; None where nothing is known.
    """

    days: Sequence[date]
    hours: Sequence[Values]
    tone: str = "store"
    low: float = 0.0
    high: float = 1.0
    low_text: str = ""
    high_text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar(Chart):
    """A cell for each day, a row for each month: how strong, between *low* and *high*."""

    days: Sequence[date]
    values: Values
    tone: str = "store"
    low: float = 0.0
    high: float = 24.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One bar: its value, written with the unit of the picture unless *text* is given.

    *stated* sets a tick at another value to compare with.
    """

    name: str
    value: float
    tone: str = "load"
    text: str = ""
    stated: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bars(Chart):
    """Horizontal bars from zero, one below the other, each with its name and value."""

    bars: tuple[Bar, ...]
