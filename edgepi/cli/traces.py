"""Reads measured traces, and guesses from the light where they were measured."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import chain, islice
from pathlib import Path
from typing import TextIO

from edgepi.energy.daylog import slot_time
from edgepi.energy.settings import EngineSettings, Site
from edgepi.energy.simulation.trace import Trace, make_trace
from edgepi.errors import TraceError

__all__ = [
    "Column",
    "columns",
    "examined_trace",
    "forecast_column",
    "guess_site",
    "read_column",
    "read_trace",
    "with_temperature",
]

_LIGHT = 0.005
_BLOCK_DAYS = 30
_MOST_LINES = 3_000_000
_MOST = 1e7
_LOST = -99.0
_BRIGHT_W_M2 = 1800.0
_FAINT = 2.0
_LIKE = "a header and lines of time and value are needed, such as 2024-03-01T12:00:00Z,412.5"

Sample = tuple[datetime, float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a file: its name, samples in the order of the file, and whether times had no zone."""

    name: str
    samples: list[Sample]
    no_zone: bool = False


def read_trace(path: Path, column: str | None, *, panel_w: float, peak_w: float | None) -> Trace:
    """Read a CSV as the power of a panel of *panel_w*; *peak_w* is that of the array measured.

    Raises:
        TraceError: nothing in it can be used.
        OSError: it cannot be read.
    """
    return examined_trace(path, column, panel_w=panel_w, peak_w=peak_w)[0]


def examined_trace(
    path: Path, column: str | None, *, panel_w: float, peak_w: float | None
) -> tuple[Trace, tuple[str, ...]]:
    """Read as `read_trace`, and say what looks odd."""
    found = read_column(path, column)
    if peak_w is None and found.name.lower().endswith("_w"):
        raise TraceError(f"{path}: column {found.name} is in W of an unknown array", hint="give --peak-w")
    scale = panel_w / peak_w if peak_w else panel_w * EngineSettings().panel_yield / 1000.0
    try:
        trace = make_trace(found.samples, scale)
    except TraceError as error:
        raise TraceError(f"{path}: {error.message}", hint=error.hint) from error
    return trace, tuple(_odd(found, trace, peak_w))


def _odd(found: Column, trace: Trace, peak_w: float | None) -> Iterator[str]:
    most = max((value for _, value in found.samples if value is not None), default=0.0)
    if most <= 0.0:
        yield f"column {found.name} never rises above zero: is it the right one?"
    elif peak_w is None and most > _BRIGHT_W_M2:
        yield f"column {found.name} reaches {most:.0f}, brighter than the sun: is it W (--peak-w)?"
    elif most < (_FAINT if peak_w is None else peak_w / 200.0):
        yield f"column {found.name} never rises above {most:.3g}: is it in kW instead of W?"
    if trace.doubled and found.no_zone:
        yield f"{trace.doubled} times come twice and have no zone: they were taken as UTC; is it summer time?"
    elif trace.doubled:
        yield f"{trace.doubled} times come twice: their mean was taken"


def read_column(path: Path, column: str | None) -> Column:
    """Read times and one column, the first with numbers unless it is named.

    Raises:
        TraceError: there is no such column, or a line cannot be read.
        OSError: the file cannot be read.
    """
    _check_file(path)
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            return _column(path, file, column)
    except (UnicodeDecodeError, csv.Error) as error:
        raise TraceError(f"{path} is no CSV in UTF-8: {error}", hint=_LIKE) from error


def _check_file(path: Path) -> None:
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise TraceError(f"{path} is no plain file", hint="write it to one first: it is read more than once")


def columns(path: Path) -> list[str]:
    """Names of all columns of a file; raises as `read_column`."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows, _ = _rows(file)
            return [name.strip() for name in next(rows, [])]
    except (UnicodeDecodeError, csv.Error) as error:
        raise TraceError(f"{path} is no CSV in UTF-8: {error}", hint=_LIKE) from error


def _rows(file: TextIO) -> tuple[Iterator[list[str]], bool]:
    """Rows of a file, and whether its decimals may be commas."""
    first = file.readline()
    mark = max(",;\t", key=first.count)
    return csv.reader(chain([first] if first else [], file), delimiter=mark), mark != ","


def _column(path: Path, file: TextIO, column: str | None) -> Column:
    rows, commas = _rows(file)
    header = [name.strip() for name in next(rows, [])]
    if not header:
        raise TraceError(f"{path} is empty", hint=_LIKE)
    time_at = next((i for i, name in enumerate(header) if re.search("time|date", name.lower())), None)
    if time_at is None:
        raise TraceError(f"{path}: no column of times", hint="name one time_utc")
    begin = list(islice(rows, 500))
    at = _place(path, header, time_at, column, begin, commas=commas)
    lines, samples, no_zone = enumerate(chain(begin, rows), 2), [], False
    for line, row in lines:
        if line > _MOST_LINES:
            raise TraceError(f"{path} has more than {_MOST_LINES} lines", hint="average it to 5 minutes")
        if any(cell.strip() for cell in row):
            sample, zoned = _sample(path, line, row, (time_at, at), commas=commas)
            samples.append(sample)
            no_zone = no_zone or not zoned
    return Column(name=header[at], samples=samples, no_zone=no_zone)


def _place(
    path: Path, header: list[str], time_at: int, column: str | None, begin: list[list[str]], *, commas: bool
) -> int:
    others = [i for i in range(len(header)) if i != time_at]
    if column is None:
        with_numbers = (i for i in others if _holds_numbers(begin, i, commas=commas))
        found = next(with_numbers, others[0] if others else None)
    else:
        found = next((i for i in others if header[i] == column), None)
    if found is None:
        names = ", ".join(header[i] for i in others) or "none"
        raise TraceError(f"{path}: no column {column or 'of values'!r}", hint=f"there are: {names}")
    return found


def _holds_numbers(rows: list[list[str]], at: int, *, commas: bool) -> bool:
    texts = [row[at].strip() for row in rows if at < len(row) and row[at].strip()]
    return bool(texts) and _value(texts[0], commas=commas) is not None


def _value(text: str, *, commas: bool) -> float | None:
    try:
        return float(text.replace(",", ".") if commas else text)
    except ValueError:
        return None


def _sample(
    path: Path, line: int, row: Sequence[str], places: tuple[int, int], *, commas: bool
) -> tuple[Sample, bool]:
    """Time and value of a line, and whether its time had a zone."""
    time_at, at = places
    try:
        when = datetime.fromisoformat(row[time_at].strip())
        moment = (when if when.tzinfo else when.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, IndexError, OverflowError) as error:
        raise TraceError(f"{path}:{line}: {error}", hint="write times as 2024-03-01T12:00:00Z") from error
    text = row[at].strip() if at < len(row) else ""
    value = _value(text, commas=commas) if text else None
    if text and value is None:
        raise TraceError(f"{path}:{line}: {text!r} is no number", hint="leave missing values empty")
    if value is not None and abs(value) > _MOST and math.isfinite(value):
        raise TraceError(f"{path}:{line}: {text} is beyond belief", hint="W/m2 or W are needed")
    # What loggers write for "nothing measured" lies far below zero.
    lost = value is None or not math.isfinite(value) or value <= _LOST
    return (moment, None if lost else value), when.tzinfo is not None


def forecast_column(path: Path, column: str, like: Trace) -> list[float]:
    """A column of the same file on the steps of *like*, gaps and negative values as zero."""
    if column not in columns(path):
        raise TraceError(f"{path}: no column {column!r} to forecast from", hint="or none, noisy:0.15, noisy5")
    whole = read_trace(path, column, panel_w=1.0, peak_w=1.0).resampled(like.step_h)
    shift = round((like.start_utc - whole.start_utc) / timedelta(hours=like.step_h))
    found = [0.0] * max(0, -shift) + list(whole.power_w[max(0, shift) :])
    return [*found[: len(like.power_w)], *[0.0] * (len(like.power_w) - len(found))]


def with_temperature(trace: Trace, path: Path, column: str) -> Trace:
    """The trace with the air's temperature from a column in C; gaps keep what was before.

    Raises:
        TraceError: there is no such column, or nothing in it.
    """
    samples = [(when, value) for when, value in read_column(path, column).samples if value is not None]
    if not samples:
        raise TraceError(f"{path}: column {column} is empty", hint="it must hold degrees Celsius")
    sums = [0.0] * len(trace.power_w)
    counts = [0] * len(sums)
    for when, value in samples:
        place = int((when - trace.start_utc) / timedelta(hours=trace.step_h))
        if 0 <= place < len(sums):
            sums[place] += value
            counts[place] += 1
    known = [total / count if count else None for total, count in zip(sums, counts, strict=True)]
    last = next((value for value in known if value is not None), samples[0][1])
    warmth = [last := last if value is None else value for value in known]
    return replace(trace, temperature_c=tuple(warmth))


def guess_site(
    trace: Trace,
    panel_w: float,
    *,
    lat: float | None,
    lon: float | None,
    tilt: float | None,
    azimuth: float | None,
) -> Site:
    """A site: as given, else longitude from the hour of most light, latitude from the length of days."""
    longitude = _longitude(trace) if lon is None else lon
    middle = Site(latitude=0.0, longitude=longitude, panel_w=panel_w)
    latitude = _latitude(trace, middle) if lat is None else lat
    return Site(latitude=latitude, longitude=longitude, panel_w=panel_w, tilt_deg=tilt, azimuth_deg=azimuth)


def _longitude(trace: Trace) -> float:
    x = y = 0.0
    for i, watts in enumerate(trace.power_w):
        when = trace.time(i) + timedelta(hours=trace.step_h / 2)
        angle = (when.hour + when.minute / 60.0) * math.pi / 12.0
        x, y = x + watts * math.cos(angle), y + watts * math.sin(angle)
    noon_h = math.atan2(y, x) * 12.0 / math.pi % 24.0 if x or y else 12.0
    return (12.0 - noon_h) * 15.0


def _latitude(trace: Trace, site: Site) -> float:
    """The latitude whose longest days in each month are most like those seen."""
    seen: dict[date, float] = {}
    light = _LIGHT * max(trace.power_w)
    for i, watts in enumerate(trace.power_w):
        if watts > light:
            day = slot_time(site, trace.time(i)).day
            seen[day] = seen.get(day, 0.0) + trace.step_h
    blocks: dict[int, list[tuple[float, int]]] = {}
    for day, hours in seen.items():
        blocks.setdefault(day.toordinal() // _BLOCK_DAYS, []).append((hours, day.timetuple().tm_yday))
    longest = [max(block) for block in blocks.values() if len(block) > _BLOCK_DAYS // 2]
    if len(longest) < 3:
        return 45.0
    return min((float(lat) for lat in range(-65, 66)), key=lambda lat: _misfit(lat, longest))


def _misfit(lat: float, longest: Sequence[tuple[float, int]]) -> float:
    errors = []
    for hours, day in longest:
        declination = math.radians(23.45) * math.sin(2.0 * math.pi * (284 + day) / 365.0)
        cosine = -math.tan(math.radians(lat)) * math.tan(declination)
        errors.append(hours - 24.0 / math.pi * math.acos(min(1.0, max(-1.0, cosine))))
    mean = min(0.0, max(-2.0, sum(errors) / len(errors)))
    return sum((error - mean) ** 2 for error in errors)
