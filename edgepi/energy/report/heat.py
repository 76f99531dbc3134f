"""Pictures of how strong something was: day by hour, and a cell for each day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from edgepi.energy.report import svg
from edgepi.energy.report.kinds import Calendar, Heat, Values
from edgepi.energy.report.numbers import amount

__all__ = ["draw_calendar", "draw_heat"]

_SHADES = 6
_TOP = 8.0
_LEFT = 42.0
_BOTTOM = 22.0


def _shade(value: float | None, low: float, high: float) -> int | None:
    """Which of the shades, 0 for none; None where nothing is known."""
    if value is None:
        return None
    share = (value - low) / (high - low) if high > low else 0.0
    return min(_SHADES, max(0, round(share * _SHADES)))


def draw_heat(chart: Heat, width: float, ident: str) -> str:
    """Draw a column for each day with the hours from top to bottom; days share a column if they must."""
    height = 168.0 if width > 500 else 150.0
    columns = _columns(chart.hours, int(width - _LEFT - 6))
    wide = min((width - _LEFT - 6) / len(columns), 44.0)
    tall = (height - _TOP - _BOTTOM) / 24
    inside = svg.path(_ground(wide * len(columns), tall * 24), "unknown")
    cells = _cells(chart, columns, wide, tall)
    axes = _hour_axis(width, tall) + _day_axis(chart.days, wide * len(columns), height)
    about = chart.description or _in_words(chart)
    return svg.picture(width, height, ident, chart.title, about, inside, *cells, axes)


def _ground(width: float, height: float) -> str:
    right, down, left = (svg.coordinate(value) for value in (width, height, -width))
    return f"M{svg.coordinate(_LEFT)} {svg.coordinate(_TOP)}h{right}v{down}h{left}z"


def _columns(hours: Sequence[Values], most: int) -> list[list[float | None]]:
    """The hours of each day, or the means of neighbouring days if there are more than *most*."""
    every = -(-len(hours) // max(1, most))
    groups = [hours[i : i + every] for i in range(0, len(hours), every)]
    return [[_mean([day[h] for day in group]) for h in range(24)] for group in groups]


def _mean(values: Values) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _cells(chart: Heat, columns: Sequence[Values], wide: float, tall: float) -> list[str]:
    """One path a shade: vertical strokes as wide as a day."""
    strokes: dict[int, list[str]] = {}
    for i, column in enumerate(columns):
        shades = [_shade(value, chart.low, chart.high) for value in column]
        x = svg.coordinate(_LEFT + (i + 0.5) * wide)
        for start, length, shade in _lengths(shades):
            if shade is not None:
                y = svg.coordinate(_TOP + start * tall)
                strokes.setdefault(shade, []).append(f"M{x} {y}v{svg.coordinate(length * tall)}")
    stroke = max(0.8, wide - (1.0 if wide > 6 else 0.0))
    return [
        svg.path("".join(parts), f"cell h{shade} s-{chart.tone}", stroke_width=float(stroke))
        for shade, parts in sorted(strokes.items())
    ]


def _lengths(shades: Sequence[int | None]) -> list[tuple[int, int, int | None]]:
    """Stretches of equal shade as (start, length, shade)."""
    found: list[tuple[int, int, int | None]] = []
    for i, shade in enumerate(shades):
        if found and found[-1][2] == shade:
            start, length, _ = found[-1]
            found[-1] = (start, length + 1, shade)
        else:
            found.append((i, 1, shade))
    return found


def _hour_axis(width: float, tall: float) -> str:
    hours = (0, 6, 12, 18, 24) if width > 500 else (0, 12, 24)
    return "".join(
        svg.text(_LEFT - 6, _TOP + hour * tall + 4, f"{hour:02d}:00", "tick", "end") for hour in hours
    )


def _day_axis(days: Sequence[date], width: float, height: float) -> str:
    """Names of months where there is room, else of days."""
    per_day = width / len(days)
    firsts = [i for i, day in enumerate(days) if day.day == 1]
    if len(days) <= 62 or not firsts:
        every = max(1, -(-50 // max(1, int(per_day))))
        names = [
            (i + 0.5, f"{days[i].day} {days[i]:%b}")
            for i in range(len(days))
            if (len(days) - 1 - i) % every == 0
        ]
    else:
        names = [(i + 15.0, f"{days[i]:%b}") for i in firsts if per_day * 30 > 26 or days[i].month % 3 == 1]
    return "".join(
        svg.text(_clamped(_LEFT + at * per_day, name, _LEFT + width), height - 5, name, "tick", "middle")
        for at, name in names
    )


def _clamped(x: float, name: str, right: float) -> float:
    half = svg.text_width(name) / 2
    return min(max(x, half), max(right - half + 6, half))


def _in_words(chart: Heat) -> str:
    known = [v for day in chart.hours for v in day if v is not None]
    if not known:
        return "nothing known"
    mean = sum(known) / len(known)
    return f"{len(chart.days)} days; on average {amount(mean, chart.unit)}"


def draw_calendar(chart: Calendar, width: float, ident: str) -> str:
    """Draw a row for each month with a cell for each day."""
    months = sorted({(day.year, day.month) for day in chart.days})
    wide = min((width - _LEFT - 22) / 31, 22.0)
    tall = max(min(wide, 18.0), 13.0)
    rows = {month: _TOP + 14 + i * (tall + 3) for i, month in enumerate(months)}
    cells = "".join(
        _day_cell(
            chart, day, value, (_LEFT + 22 + (day.day - 1) * wide, rows[day.year, day.month], wide - 2, tall)
        )
        for day, value in zip(chart.days, chart.values, strict=True)
    )
    names = "".join(
        svg.text(_LEFT + 14, y + tall - 4, f"{date(*month, 1):%b %Y}", "tick", "end")
        for month, y in rows.items()
    )
    numbers = "".join(
        svg.text(_LEFT + 22 + (n - 0.5) * wide - 1, _TOP + 4, str(n), "tick", "middle")
        for n in (1, 5, 10, 15, 20, 25, 30)
    )
    height = _TOP + 14 + len(months) * (tall + 3)
    known = [value for value in chart.values if value is not None]
    about = chart.description or f"{len(chart.days)} days; on average {amount(_mean(known), chart.unit)}"
    return svg.picture(width, height, ident, chart.title, about, names, numbers, cells)


def _day_cell(chart: Calendar, day: date, value: float | None, box: tuple[float, float, float, float]) -> str:
    shade = _shade(value, chart.low, chart.high)
    hint = f"{day.day} {day:%b %Y}: {amount(value, chart.unit) if value is not None else 'not known'}"
    return svg.rect(*box, "unknown" if shade is None else f"tile h{shade} f-{chart.tone}", hint=hint)
