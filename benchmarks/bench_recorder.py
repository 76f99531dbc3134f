"""How fast the recorder takes rows, how little it writes, how soon it answers."""

from __future__ import annotations

import asyncio
import gc
import logging
import random
import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from scratch import scratch
from table import show

from edgepi.config.settings import RecorderSettings
from edgepi.model import Availability, State, StateChanged
from edgepi.recorder import Recorder, Tier
from edgepi.recorder.segments import Segment
from edgepi.recorder.writer import Batch, Row, Writer
from edgepi.runtime.bus import EventBus
from edgepi.testing.clock import ManualClock

ENTITIES = tuple(f"station{number // 10}.reading_{number}" for number in range(50))
START = datetime(2025, 6, 1, tzinfo=UTC)
BURST_ROWS = 1_000_000
CALM_HOURS = 12
MONTH_DAYS = 30
ROWS_PER_MINUTE = 120
SETTINGS = RecorderSettings(keep_raw_days=None)


def main() -> None:
    rows = []
    with scratch() as directory:
        rows += asyncio.run(_burst(directory / "burst.db"))
        rows.append(asyncio.run(_calm(directory / "calm.db")))
        month = directory / "month.db"
        count = _fill(month)
        size = month.stat().st_size
        rows += [
            (f"size of {count:,} raw rows with both tiers", f"{size / 1e6:.0f} MB", ""),
            ("stored per row, all tiers", f"{size / count:.1f} B", "<= 30 B"),
            *asyncio.run(_month(month)),
        ]
    show("recorder", rows)


async def _burst(path: Path) -> list[tuple[str, str, str]]:
    """Publish as fast as the recorder follows without loss; ends when the last row is on the disk."""
    clock, bus = ManualClock(START), EventBus()
    recorder = Recorder(path, RecorderSettings(), clock, bus)
    await recorder.start()
    events = [StateChanged(None, _state(entity, clock.now(), 20.5)) for entity in ENTITIES]
    began, busy = time.perf_counter(), time.process_time()
    for _ in range(BURST_ROWS // 5000):
        for _ in range(100):
            for event in events:
                bus.publish(event)
        while recorder.stats().waiting > 50_000:  # noqa: ASYNC110 (a thread works it off)
            await asyncio.sleep(0.001)
    while recorder.stats().waiting:
        await recorder.flush()
    seconds, busy_s = time.perf_counter() - began, time.process_time() - busy
    stats = recorder.stats()
    await recorder.stop()
    assert stats.rows == BURST_ROWS, stats
    return [
        ("rows from bus to disk", f"{BURST_ROWS / seconds:,.0f}/s", ">= 100,000/s"),
        ("the same per second of processor time", f"{BURST_ROWS / busy_s:,.0f}", ""),
    ]


async def _calm(path: Path) -> tuple[str, str, str]:
    """Two rows a second over 50 entities for some hours of the recorder's own time."""
    clock, bus, dice = ManualClock(START), EventBus(), random.Random(1)
    recorder = Recorder(path, RecorderSettings(commit_interval_s=1e9), clock, bus)
    before = _bytes_written()
    await recorder.start()
    values = dict.fromkeys(ENTITIES, 20.0)
    for tick in range(CALM_HOURS * 7200):
        entity = ENTITIES[tick % len(ENTITIES)]
        values[entity] += dice.gauss(0, 0.05)
        bus.publish(StateChanged(None, _state(entity, clock.now(), values[entity])))
        if tick % 2:
            await clock.advance(1.0)
        if tick % ROWS_PER_MINUTE == ROWS_PER_MINUTE - 1:
            await recorder.flush()
    await recorder.stop()
    per_hour = (_bytes_written() - before) / CALM_HOURS
    return "written to disk at 2 rows/s, 60 s commits", f"{per_hour / 1e6:.2f} MB/h", "<= 2 MB/h"


async def _month(path: Path) -> list[tuple[str, str, str]]:
    """Ask for all of one entity."""
    clock = ManualClock(START + timedelta(days=MONTH_DAYS))
    recorder = Recorder(path, SETTINGS, clock, EventBus())
    await recorder.start()
    tiers: tuple[Tier, ...] = ("raw", "5min", "hour")
    rows = [await _ask(recorder, clock, tier) for tier in tiers]
    await recorder.stop()
    return rows


async def _ask(recorder: Recorder, clock: ManualClock, tier: Tier) -> tuple[str, str, str]:
    took, busy, count = [], [], 0
    for entity in ENTITIES[10:17]:
        gc.collect()
        began, begun = time.perf_counter(), time.process_time()
        samples = await recorder.history(entity, START, clock.now(), tier=tier)
        took.append((time.perf_counter() - began) * 1e3)
        busy.append((time.process_time() - begun) * 1e3)
        count = len(samples)
    measured = f"{median(took):.0f} ms (worst {max(took):.0f}; processor time {median(busy):.0f})"
    what = f"30 days of one entity, {tier}: {count:,} samples"
    return what, measured, "<= 200 ms"


def _fill(path: Path) -> int:
    """Write 30 days of 50 entities, two rows a second."""
    writer = Writer(path, SETTINGS, logging.getLogger("bench"))
    writer.open(START)
    segment = Segment(0, 0, round(START.timestamp() * 1000))
    dice, count = random.Random(2), 0
    values = [20.0] * len(ENTITIES)
    for hour in range(MONTH_DAYS * 24):
        rows = list(_hour(hour, values, dice))
        writer.commit(Batch((segment,), rows))
        writer.tidy(0, (segment.wall_ms or 0) + (hour + 1) * 3_600_000)
        count += len(rows)
    writer.close()
    return count


def _hour(hour: int, values: list[float], dice: random.Random) -> Iterable[Row]:
    for tick in range(7200):
        number = tick % len(values)
        values[number] += dice.gauss(0, 0.05)
        t_ms = hour * 3_600_000 + tick * 500 + dice.randrange(100)
        yield 0, t_ms, ENTITIES[number], 2, values[number]


def _state(entity: str, now: datetime, value: float) -> State:
    return State(entity, value, Availability.KNOWN, now, now, "bench")


def _bytes_written() -> int:
    lines = Path("/proc/self/io").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("write_bytes"))


if __name__ == "__main__":
    main()
