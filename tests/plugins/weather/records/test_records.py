from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from edgepi.errors import RecorderError
from edgepi.testing.clock import START, ManualClock
from edgepi_weather.records import FILE, Records
from edgepi_weather.records.records import SAVE_EACH_S
from edgepi_weather.records.store import Store

TODAY = f"{START:%Y-%m-%d}"
MONTH = f"{START:%Y-%m}"


async def run_blocking(function: Callable[..., Any], /, *args: Any) -> Any:
    return await asyncio.to_thread(function, *args)


def made(state_dir: Path, clock: ManualClock, zone: tzinfo = UTC) -> Records:
    return Records(
        state_dir,
        monotonic=clock.monotonic,
        local_now=lambda: clock.now().astimezone(zone) if clock.trusted else None,
        run_blocking=run_blocking,
        log=logging.getLogger("weather"),
    )


async def on_disk(state_dir: Path) -> Any:
    return (await asyncio.to_thread(Store(state_dir / FILE).read)).get((TODAY, "temperature"))


async def test_a_day_has_its_extremes_with_their_times_and_its_sums(
    tmp_path: Path, manual_clock: ManualClock
) -> None:
    records = made(tmp_path, manual_clock)
    for temperature, rain in ((4.0, 0.2), (9.0, 0.3), (2.0, None)):
        records.add({"temperature": temperature, "rain": rain, "dew_point": temperature - 1})
        await manual_clock.advance(60.0)
    report = await records.month()
    (day,) = report["days"]
    assert day["day"] == TODAY
    assert day["values"]["temperature"] == {
        "min": 2.0,
        "min_at": START.replace(minute=START.minute + 2).isoformat(),
        "max": 9.0,
        "max_at": START.replace(minute=START.minute + 1).isoformat(),
        "mean": 5.0,
        "count": 3,
    }
    assert day["values"]["rain"] == {"sum": 0.5, "count": 2, "gaps": 1}
    assert day["values"]["dew_point"]["max"] == 8.0
    assert report["total"] == report["all_time"] == day["values"]
    assert (report["month"], report["months"]) == (MONTH, [MONTH])


async def test_what_is_not_known_or_not_kept_leaves_no_trace(
    tmp_path: Path, manual_clock: ManualClock
) -> None:
    records = made(tmp_path, manual_clock)
    records.add({"temperature": 4.0, "humidity": None, "wind_direction": 270.0})
    records.add({"humidity": None})
    (day,) = (await records.month(MONTH))["days"]
    assert set(day["values"]) == {"temperature"}


async def test_the_disk_is_written_only_when_told_and_once(tmp_path: Path, manual_clock: ManualClock) -> None:
    records = made(tmp_path, manual_clock)
    records.add({"temperature": 4.0})
    records.add({"temperature": 4.0})
    assert await on_disk(tmp_path) is None
    await records.save()
    await records.save()
    assert (await on_disk(tmp_path)).count == 2


async def test_nothing_is_dated_before_the_clock_is_trusted_and_then_rightly(tmp_path: Path) -> None:
    clock = ManualClock(trusted=False)
    records = made(tmp_path, clock)
    records.add({"temperature": -3.0})
    await clock.advance(2 * SAVE_EACH_S)
    records.add({"temperature": 4.0})
    await records.save()
    assert not (tmp_path / FILE).exists()
    clock.step_wall(86400.0 * 365)
    clock.trusted = True
    records.add({"temperature": 5.0})
    await records.save()
    (tally,) = (await asyncio.to_thread(Store(tmp_path / FILE).read)).values()
    assert (tally.low, tally.low_at) == (-3.0, clock.now() - timedelta(seconds=2 * SAVE_EACH_S))
    assert tally.count == 3


async def test_what_waited_through_a_change_of_clocks_is_dated_rightly(tmp_path: Path) -> None:
    clock = ManualClock(datetime(2026, 10, 25, 0, 30, tzinfo=UTC), trusted=False)
    records = made(tmp_path, clock, ZoneInfo("Europe/Berlin"))
    records.add({"temperature": 4.0})
    await clock.advance(3600.0)
    clock.trusted = True
    records.add({"humidity": 50.0})
    await records.save()
    rows = await asyncio.to_thread(Store(tmp_path / FILE).read)
    written = {key: str(tally.low_at) for (_day, key), tally in rows.items()}
    assert written == {
        "temperature": "2026-10-25 02:30:00+02:00",
        "humidity": "2026-10-25 02:30:00+01:00",
    }


async def test_what_a_full_disk_does_not_take_is_kept_and_said(
    tmp_path: Path, manual_clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    gone = tmp_path / "gone"
    records = made(gone, manual_clock)
    records.add({"temperature": 4.0})
    await records.save()
    assert "weather records" in caplog.text
    records.add({"temperature": 6.0})
    gone.mkdir()
    await records.save()
    kept = await on_disk(gone)
    assert (kept.low, kept.count) == (4.0, 2)


async def test_a_restart_goes_on_with_the_day(tmp_path: Path, manual_clock: ManualClock) -> None:
    for temperature in (4.0, 1.0, 6.0):
        records = made(tmp_path, manual_clock)
        await records.start()
        records.add({"temperature": temperature})
        await records.save()
    kept = await on_disk(tmp_path)
    assert (kept.low, kept.high, kept.count) == (1.0, 6.0, 3)


async def test_damaged_records_are_put_aside_and_said(
    tmp_path: Path, manual_clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / FILE).write_bytes(b"\0" * 5000 + b"garbage")
    records = made(tmp_path, manual_clock)
    await records.start()
    assert "begun anew" in caplog.text
    records.add({"temperature": 4.0})
    await records.save()
    assert (await on_disk(tmp_path)).count == 1


WRITER = """
import sys
from datetime import datetime, UTC
from pathlib import Path
from edgepi_weather.records.store import Store
from edgepi_weather.records.tally import tallies_of
store = Store(Path(sys.argv[1]))
for n in range(100000):
    store.add(tallies_of({"temperature": float(n), "humidity": float(n)}, datetime(2026, 11, 28, tzinfo=UTC)))
    print(n, flush=True)
"""


def test_a_writer_that_is_killed_leaves_whole_records_and_all_that_it_said(tmp_path: Path) -> None:
    path = tmp_path / FILE
    for _ in range(3):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, path], stdout=subprocess.PIPE, text=True
        ) as child:
            assert child.stdout is not None
            said = [child.stdout.readline() for _ in range(20)]
            child.kill()
            said += child.stdout.readlines()
        store = Store(path)
        assert store.file.mend() is None
        rows = store.read()
        assert {tally.count for tally in rows.values()} == {max(t.count for t in rows.values())}
        assert rows[("2026-11-28", "humidity")].count >= len(said)


async def test_a_month_that_cannot_be_read_is_an_error(tmp_path: Path, manual_clock: ManualClock) -> None:
    (tmp_path / FILE).write_bytes(b"garbage" * 1000)
    with pytest.raises(RecorderError, match="not a database"):
        await made(tmp_path, manual_clock).month()


async def test_a_full_disk_is_told_once_and_again_when_it_was_over(
    tmp_path: Path,
    manual_clock: ManualClock,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    records = made(tmp_path, manual_clock)
    add = records.store.add
    full = True

    def perhaps(tallies: Any) -> None:
        if full:
            raise RecorderError("the disk is full")
        add(tallies)

    monkeypatch.setattr(records.store, "add", perhaps)
    for said, now_full in ((1, True), (1, True), (1, False), (2, True)):
        full = now_full
        records.add({"temperature": 4.0})
        await records.save()
        assert caplog.text.count("the disk is full") == said
