"""Writes numbered rows through a recorder and says which are safe; made to be killed.

Run as ``recorder_load.py DATABASE FIRST_NUMBER DAY ROWS_PER_S``: prints ``ready``, then
``safe N`` whenever all numbers below N are committed. With ``--check DATABASE`` it prints
what it finds as JSON instead.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from edgepi.clock import ScaledClock, TimeScale
from edgepi.config.settings import RecorderSettings
from edgepi.model import Availability, State, StateChanged
from edgepi.recorder import Archive, Recorder
from edgepi.runtime.bus import EventBus

__all__ = ["Found", "examine"]

START = datetime(2025, 6, 1, tzinfo=UTC)
RATE = 1200.0  # an hour in three seconds, so that hours are packed under the load as well
COMMIT_S = 600.0
ENTITIES = tuple(f"load.e{number}" for number in range(10))


@dataclass(frozen=True, slots=True)
class Found:
    """What a database holds: numbers below *count* in order and once each, unless *torn* says why not."""

    count: int
    hourly: int
    boots: int
    torn: str


def examine(path: Path) -> Found:
    """Read every row of every entity; numbers must be 0, 1, 2, ... without hole or double."""
    archive = Archive.open(path)
    end_ms = 2**45
    numbers: list[int] = []
    hourly = boots = 0
    for entity in ENTITIES:
        raw = archive.history(entity, 0, end_ms, "raw")
        numbers += [int(s.value) for s in raw if isinstance(s.value, float)]
        boots = max(boots, sum(s.value is None for s in raw) + 1)
        hourly += sum(s.readings for s in archive.history(entity, 0, end_ms, "hour"))
    archive.close()
    numbers.sort()
    torn = "" if numbers == list(range(len(numbers))) else "a hole or a double"
    return Found(len(numbers), hourly, boots, torn)


async def load(path: Path, number: int, day: int, rows_per_s: float) -> None:
    """Publish without end."""
    wall_s = (START + timedelta(days=day)).timestamp()
    clock, bus = ScaledClock(TimeScale(time.monotonic(), 0.0, wall_s, RATE)), EventBus()
    settings = RecorderSettings(commit_interval_s=COMMIT_S, keep_raw_days=None, keep_five_minutes_days=None)
    recorder = Recorder(path, settings, clock, bus)
    await recorder.start()
    print("ready", flush=True)
    first, safe, begun = number, 0, time.monotonic()
    while True:
        while number < first + (time.monotonic() - begun) * rows_per_s:
            now = clock.now()
            state = State(ENTITIES[number % 10], float(number), Availability.KNOWN, now, now, "load")
            bus.publish(StateChanged(None, state))
            number += 1
        await asyncio.sleep(0.005)
        stats = recorder.stats()
        if stats.problems:
            print("problem", *stats.problems, flush=True)
        if stats.rows > safe:
            safe = stats.rows
            print(f"safe {first + safe}", flush=True)


def main() -> None:
    if sys.argv[1] == "--check":
        print(json.dumps(asdict(examine(Path(sys.argv[2])))), flush=True)
        return
    path, number, day, rows_per_s = sys.argv[1:]
    asyncio.run(load(Path(path), int(number), int(day), float(rows_per_s)))


if __name__ == "__main__":
    main()
