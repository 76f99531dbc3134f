"""History with times of its own, beside what the node records."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from edgepi.config.settings import RecorderSettings
from edgepi.errors import RecorderError, RequestError
from edgepi.plugin import DatedValue, Written
from edgepi.recorder import Archive, Sample
from edgepi.recorder.dated import DatedWriter
from edgepi.recorder.retention import purge
from edgepi.recorder.samples import to_ms
from edgepi.recorder.schema import connect
from edgepi.testing.clock import START, ManualClock
from tests.recorder.conftest import Life

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ENTITY = "roof.temperature"
FOREVER = RecorderSettings(keep_raw_days=None, keep_five_minutes_days=None)


def every(minutes: float, begin: datetime, values: Sequence[float | None]) -> list[DatedValue]:
    return [DatedValue(begin + timedelta(minutes=minutes * n), value) for n, value in enumerate(values)]


def write(
    path: Path,
    dated: Sequence[DatedValue],
    *,
    entity: str = ENTITY,
    settings: RecorderSettings = FOREVER,
    now: datetime = START,
) -> Written:
    writer = DatedWriter.open(path, settings, now)
    try:
        return writer.write({entity: dated})
    finally:
        writer.close()


def read(path: Path, tier: str = "raw", *, entity: str = ENTITY) -> list[Sample]:
    archive = Archive.open(path)
    try:
        return archive.history(entity, 0, to_ms(START + 400 * DAY), tier)  # type: ignore[arg-type]  # one of the names
    finally:
        archive.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "history.db"


def test_values_come_back_with_their_own_times(path: Path) -> None:
    dated = every(5, START - 2 * DAY, [1.0, 2.0, 3.0])
    assert write(path, dated) == Written(written=3)
    assert [(s.time_utc, s.value) for s in read(path)] == dated


def test_tiers_say_what_the_values_come_to(path: Path) -> None:
    write(path, every(5, START - 2 * DAY, [float(n) for n in range(24)]))
    first, second = read(path, "hour")
    assert (first.time_utc, first.mean, first.min, first.max, first.readings) == (
        START - 2 * DAY,
        5.5,
        0.0,
        11.0,
        12,
    )
    assert second.mean == 17.5
    assert [s.mean for s in read(path, "5min")] == [float(n) for n in range(24)]


def test_what_is_written_twice_is_there_once(path: Path) -> None:
    for shift in (0.0, 100.0):
        write(path, every(5, START - 2 * DAY, [shift + n for n in range(24)]))
    assert [s.value for s in read(path)] == [100.0 + n for n in range(24)]
    assert len(read(path, "hour")) == 2


def test_a_gap_breaks_the_line(path: Path) -> None:
    write(path, every(30, START - 2 * DAY, [1.0, None, None, None, None, None, 5.0]))
    assert [s.value for s in read(path)] == [1.0, None, None, None, None, None, 5.0]
    assert [s.value for s in read(path, "hour")] == [1.0, None, None, 5.0]


def test_a_number_that_is_none_is_a_gap(path: Path) -> None:
    write(path, every(5, START - 2 * DAY, [1.0, float("nan"), float("inf")]))
    assert [s.value for s in read(path)] == [1.0, None, None]


def test_nothing_is_written_that_would_expire_at_once(path: Path) -> None:
    settings = RecorderSettings(keep_hours_days=800.0)
    for ago in (900, 400, 100, 10):
        done = write(path, every(5, START - ago * DAY, [1.0] * 12), settings=settings)
        assert done == (Written(left_out=12) if ago == 900 else Written(written=12))
    assert [len(read(path, tier)) for tier in ("raw", "5min", "hour")] == [12, 24, 3]


def test_what_expires_later_goes_like_all_history(path: Path) -> None:
    write(path, every(5, START - 2 * DAY, [1.0] * 24))
    database = connect(path)
    settings = RecorderSettings(keep_raw_days=1.0, keep_five_minutes_days=None)
    assert not purge(database, settings, to_ms(START))
    database.close()
    assert [len(read(path, tier)) for tier in ("raw", "5min", "hour")] == [0, 24, 2]


def test_an_entity_that_is_not_recorded_is_left_out(path: Path) -> None:
    settings = RecorderSettings(exclude=("roof.*",))
    assert write(path, every(5, START - DAY, [1.0] * 3), settings=settings) == Written(left_out=3)


def test_the_running_hour_is_the_nodes_own(path: Path) -> None:
    done = write(path, every(30, START - HOUR, [1.0, 2.0, 3.0, 4.0]))
    assert done == Written(written=2, left_out=2)


def test_times_without_a_zone_or_order_are_refused(path: Path) -> None:
    with pytest.raises(RequestError, match="time zone"):
        write(path, [DatedValue(datetime(2020, 1, 1), 1.0)])  # noqa: DTZ001 (what is refused)
    with pytest.raises(RequestError, match="order"):
        write(path, every(-5, START - DAY, [1.0, 2.0]))


def test_a_file_that_is_no_database_is_told(path: Path) -> None:
    path.write_bytes(b"nonsense" * 1000)
    with pytest.raises(RecorderError, match="cannot be written"):
        write(path, every(5, START - DAY, [1.0]))


async def test_years_lie_before_what_the_node_records_and_neither_harms_the_other(
    tmp_path: Path, manual_clock: ManualClock
) -> None:
    life = Life(tmp_path / "history.db", manual_clock, RecorderSettings())
    before = every(5, START - 3 * HOUR, [float(n) for n in range(24)])
    await asyncio.to_thread(write, life.path, before)
    await life.start()
    for n in range(4):
        life.say(100.0 + n, ENTITY)
        await manual_clock.advance(1800.0)
        await life.recorder.flush()
    await life.recorder.stop()
    values = await asyncio.to_thread(lambda: [s.value for s in read(life.path)])
    assert values == [*(float(n) for n in range(24)), None, 100.0, 101.0, 102.0, 103.0]
    hours = await asyncio.to_thread(lambda: [s.mean for s in read(life.path, "hour")])
    assert hours == [5.5, 17.5, None, 100.5, 102.5]


async def test_beside_a_running_node_both_write(tmp_path: Path, manual_clock: ManualClock) -> None:
    life = Life(tmp_path / "history.db", manual_clock, RecorderSettings())
    await life.start()
    life.say(1.0, "roof.other")
    await life.recorder.flush()
    dated = every(5, START - 3 * HOUR, [5.0] * 24)
    assert await asyncio.to_thread(write, life.path, dated) == Written(written=24)
    life.say(2.0, ENTITY)
    await life.recorder.flush()
    assert life.recorder.stats().problems == ()
    values = [sample.value for sample in await life.history(ENTITY)]
    assert values == [*[5.0] * 24, None, 2.0]
    await life.recorder.stop()


async def test_what_the_node_recorded_itself_stays(tmp_path: Path, manual_clock: ManualClock) -> None:
    life = Life(tmp_path / "history.db", manual_clock, RecorderSettings())
    await life.start()
    life.say(1.0, ENTITY)
    await manual_clock.advance(2 * 3600.0)
    await life.recorder.flush()
    life.say(2.0, ENTITY)
    await life.recorder.flush()
    await life.die()  # the second reading lies loose, its hour is long over
    dated = every(30, START - HOUR, [50.0 + n for n in range(8)])
    done = await asyncio.to_thread(lambda: write(life.path, dated, now=START + 9 * HOUR))
    assert done == Written(written=4, recorded=4)
    values = await asyncio.to_thread(lambda: [s.value for s in read(life.path)])
    assert [v for v in values if v is not None] == [50.0, 51.0, 1.0, 54.0, 55.0, 2.0]
