"""Reads measured traces, and guesses from the light where they were measured."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from edgepi.energy.daylog import slot_time
from edgepi.energy.settings import EngineSettings, Site
from edgepi.energy.simulation.trace import Trace, make_trace
from edgepi.errors import TraceError

__all__ = ["forecast_column", "guess_site", "read_trace"]

_LIGHT = 0.005
_BLOCK_DAYS = 30


def read_trace(path: Path, column: str | None, *, panel_w: float, peak_w: float | None) -> Trace:
    """Read a CSV as the power of a panel of *panel_w*; *peak_w* is that of the array measured.

    Raises:
        TraceError: nothing in it can be used.
        OSError: it cannot be read.
    """
    header, rows = _table(path)
    time_at = next((i for i, name in enumerate(header) if "time" in name.lower()), None)
    if time_at is None:
        raise TraceError(f"{path}: no column of times", hint="name one time_utc")
    names = [name for i, name in enumerate(header) if i != time_at]
    name = column or (names[0] if names else "")
    if name not in names:
        raise TraceError(f"{path}: no column {name!r}", hint=f"there are: {', '.join(names) or 'none'}")
    if peak_w is None and name.lower().endswith("_w"):
        raise TraceError(f"{path}: column {name} is in W of an unknown array", hint="give --peak-w")
    scale = panel_w / peak_w if peak_w else panel_w * EngineSettings().panel_yield / 1000.0
    at = header.index(name)
    samples = [_sample(path, line, row, time_at, at) for line, row in enumerate(rows, 2) if row]
    return make_trace(samples, scale)


def _table(path: Path) -> tuple[list[str], list[list[str]]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.reader(file))
    except (UnicodeDecodeError, csv.Error) as error:
        raise TraceError(f"{path} is no CSV in UTF-8: {error}") from error
    if not rows:
        raise TraceError(f"{path} is empty", hint="a header and lines of time and value are needed")
    return [name.strip() for name in rows[0]], rows[1:]


def _sample(
    path: Path, line: int, row: Sequence[str], time_at: int, at: int
) -> tuple[datetime, float | None]:
    try:
        when = datetime.fromisoformat(row[time_at].strip())
        text = row[at].strip() if at < len(row) else ""
        value = float(text) if text else None
    except (ValueError, IndexError) as error:
        raise TraceError(f"{path}:{line}: {error}", hint="times as 2024-03-01T12:00:00Z") from error
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return when.astimezone(UTC), None if value is None or not math.isfinite(value) else value


def forecast_column(path: Path, column: str, like: Trace) -> list[float]:
    """A column of the same file on the steps of *like*, gaps and negative values as zero."""
    header, _ = _table(path)
    if column not in header:
        raise TraceError(f"{path}: no column {column!r} to forecast from", hint="or none, noisy:0.15, noisy5")
    whole = read_trace(path, column, panel_w=1.0, peak_w=1.0).resampled(like.step_h)
    shift = round((like.start_utc - whole.start_utc) / timedelta(hours=like.step_h))
    found = whole.power_w[max(0, shift) : max(0, shift) + len(like.power_w)]
    return [*found, *[0.0] * (len(like.power_w) - len(found))]


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
