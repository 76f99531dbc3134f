"""What outlives a restart: the last answer, and until when nothing may be asked."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from edgepi.errors import ForecastError
from edgepi.model import SunForecast

__all__ = ["Memory", "load", "save"]

MAX_BYTES = 100_000
LONGEST = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """*key* names the question; *failures* counts those since the last answer, *trouble* is the last."""

    key: str
    forecast: SunForecast | None = None
    quiet_until_utc: datetime | None = None
    failures: int = 0
    trouble: str = ""

    def settled(self, now: datetime) -> Memory:
        """Forget what lies in a future that cannot be: the clock was wrong when it was noted."""
        memory = self
        if memory.forecast is not None and memory.forecast.issued_utc > now + timedelta(minutes=5):
            memory = replace(memory, forecast=None)
        if memory.quiet_until_utc is not None and memory.quiet_until_utc > now + LONGEST:
            memory = replace(memory, quiet_until_utc=None)
        return memory


def load(path: Path, key: str) -> Memory:
    """Read the memory of this question; an empty one if there is none that can be read. Blocks."""
    try:
        with path.open("rb") as file:
            data = json.loads(file.read(MAX_BYTES))
        if data["key"] != key:
            return Memory(key=key)
        quiet = data["quiet_until"]
        return Memory(
            key=key,
            forecast=None if data["forecast"] is None else _forecast(data["forecast"]),
            quiet_until_utc=None if quiet is None else _moment(quiet),
            failures=int(data["failures"]),
            trouble=str(data["trouble"]),
        )
    except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return Memory(key=key)


def save(path: Path, memory: Memory) -> None:
    """Replace the file as a whole. Blocks.

    Raises:
        ForecastError: the disk does not take it.
    """
    quiet = memory.quiet_until_utc
    data = {
        "key": memory.key,
        "failures": memory.failures,
        "trouble": memory.trouble,
        "quiet_until": None if quiet is None else quiet.timestamp(),
        "forecast": None if memory.forecast is None else _plain(memory.forecast),
    }
    draft = path.with_suffix(".new")
    try:
        draft.write_text(json.dumps(data), encoding="utf-8")
        draft.replace(path)
    except OSError as error:
        raise ForecastError(f"the forecast cannot be kept: {error}", hint="is the disk full?") from error


def _plain(forecast: SunForecast) -> dict[str, Any]:
    return {
        "issued": forecast.issued_utc.timestamp(),
        "start": forecast.start_utc.timestamp(),
        "step_h": forecast.step_h,
        "w_m2": [None if math.isnan(w) else w for w in forecast.irradiance_w_m2],
        "tilted": forecast.tilted,
        "source": forecast.source,
    }


def _forecast(data: dict[str, Any]) -> SunForecast:
    return SunForecast(
        issued_utc=_moment(data["issued"]),
        start_utc=_moment(data["start"]),
        irradiance_w_m2=tuple(math.nan if w is None else float(w) for w in data["w_m2"]),
        step_h=float(data["step_h"]),
        tilted=bool(data["tilted"]),
        source=str(data["source"]),
    )


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
