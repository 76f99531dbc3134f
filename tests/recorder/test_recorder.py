from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from edgepi.config.settings import RecorderSettings
from edgepi.errors import RecorderError, RequestError
from edgepi.model import (
    Availability,
    ClockStepped,
    Decision,
    DecisionMade,
    LevelChanged,
    PowerGoing,
    State,
    StateChanged,
)
from edgepi.recorder import Archive, Recorder
from edgepi.runtime.bus import EventBus
from edgepi.testing.clock import START, ManualClock

if TYPE_CHECKING:
    from tests.recorder.conftest import Life

HOUR = 3600


def entities(path: Path) -> list[str]:
    archive = Archive.open(path)
    try:
        return archive.entities()
    finally:
        archive.close()


async def until(true: Callable[[], bool]) -> None:
    while not true():  # noqa: ASYNC110 (a thread works; it has no event of the loop)
        await asyncio.sleep(0.002)


async def test_what_was_said_is_answered_before_and_after_it_is_written(life: Life) -> None:
    life.say(1.0)
    assert await life.values() == [1.0]
    await life.recorder.flush()
    life.say(2.0)
    assert await life.values() == [1.0, 2.0]
    assert life.recorder.stats().rows == 1
    assert life.recorder.stats().waiting == 1


async def test_rows_are_written_once_per_commit_interval(life: Life) -> None:
    life.say(1.0)
    await until(lambda: life.clock.sleepers > 0)
    await life.clock.advance(59)
    assert life.recorder.stats().rows == 0
    await life.clock.advance(1)
    await until(lambda: life.recorder.stats().rows == 1)
    assert life.recorder.stats().last_commit_utc == START + timedelta(seconds=60)


async def test_rows_are_written_when_power_is_going(life: Life) -> None:
    life.say(1.0)
    life.bus.publish(PowerGoing("battery is low"))
    await until(lambda: life.recorder.stats().rows == 1)
    await life.die()
    assert await asyncio.to_thread(entities, life.path) == ["a.b"]


async def test_a_power_cut_loses_what_was_not_committed_and_nothing_else(life: Life) -> None:
    life.say(1.0)
    await life.recorder.flush()
    life.say(2.0)
    await life.die()
    await life.clock.advance(5)
    await life.start()
    life.say(3.0)
    assert await life.values() == [1.0, None, 3.0]
    assert life.recorder.stats().problems == ()


async def test_stopping_writes_what_waits(life: Life) -> None:
    life.say(1.0)
    await life.recorder.stop()
    await life.recorder.stop()
    await life.start()
    assert await life.values() == [1.0]


async def test_every_tier_answers_over_hours_and_restarts(life: Life) -> None:
    for number in range(300):
        life.say(float(number))
        await life.clock.advance(60)
        if number % 60 == 0:
            await life.recorder.flush()
        if number == 150:
            await life.recorder.stop()
            await life.start()
    raw = [value for value in await life.values() if value is not None]
    assert raw == [float(n) for n in range(300)]
    hours = await life.history(tier="hour")
    assert [(h.mean, h.min, h.max, h.value, h.readings) for h in hours] == [
        (n + 29.5, n, n + 59, n + 59, 60) for n in range(0, 300, 60)
    ]
    assert sum(s.readings for s in await life.history(tier="5min")) == 300


async def test_a_wall_clock_that_steps_back_breaks_no_search(life: Life) -> None:
    await life.recorder.stop()
    life.settings = replace(life.settings, keep_raw_days=None)
    await life.start()
    for step_s in (0, -2 * HOUR, -2 * HOUR, 365 * 86400):
        life.clock.step_wall(step_s)
        if step_s:
            life.bus.publish(ClockStepped(step_s, life.clock.now()))
        for _ in range(90):
            life.say(float(step_s))
            await life.clock.advance(60)
        await life.recorder.flush()
    found = await life.history()
    assert len(found) == 4 * 90
    assert [s.time_utc for s in found] == sorted(s.time_utc for s in found)
    first = await life.history(start_utc=START - timedelta(hours=1), end_utc=START - timedelta(seconds=1))
    assert {s.value for s in first} == {-2.0 * HOUR}
    both = await life.history(start_utc=START, end_utc=START + timedelta(minutes=59))
    assert {s.value for s in both} == {-2.0 * HOUR, 0.0}
    assert sum(s.readings for s in await life.history(tier="hour")) == 4 * 90


async def test_a_clock_set_wrong_lets_nothing_expire_in_its_first_hour(life: Life) -> None:
    life.say(1.0)
    await life.clock.advance(HOUR)
    for step_s in (365 * 86400, -365 * 86400):
        life.clock.step_wall(step_s)
        life.bus.publish(ClockStepped(step_s, life.clock.now()))
        await life.clock.advance(HOUR / 2)
        await life.recorder.flush()
    assert await life.values() == [1.0]
    life.clock.step_wall(365 * 86400)
    await life.recorder.flush()
    for _ in range(2):
        await life.clock.advance(HOUR)
        await life.recorder.flush()
    assert await life.values() == []


async def test_a_commit_survives_those_who_wait_for_it(life: Life) -> None:
    life.say(1.0)
    waiter = asyncio.create_task(life.recorder.flush())
    await asyncio.sleep(0)
    waiter.cancel()
    assert await life.values() == [1.0]
    await life.recorder.flush()
    assert life.recorder.stats().rows == 1


async def test_nothing_is_dated_before_the_clock_is_trusted(tmp_path: Path, life: Life) -> None:
    await life.recorder.stop()
    life.clock.trusted = False
    life.clock.step_wall(-20 * 365 * 86400)
    await life.start()
    life.say(1.0)
    await life.recorder.flush()
    await life.clock.advance(100)
    life.say(2.0)
    assert await life.history() == []
    right = datetime(2026, 1, 1, tzinfo=START.tzinfo)
    life.clock.step_wall((right - life.clock.now()).total_seconds())
    life.bus.publish(ClockStepped(1e9, right))
    life.clock.trusted = True
    await life.recorder.flush()
    assert [(s.time_utc, s.value) for s in await life.history()] == [
        (right - timedelta(seconds=100), 1.0),
        (right, 2.0),
    ]


async def test_decisions_are_kept_and_found_newest_first(life: Life) -> None:
    for number in range(4):
        decision = Decision(
            time_utc=life.clock.now(),
            subject="node",
            action="level",
            sentence=f"n{number}",
            numbers={"a_w": 1.5},
        )
        life.bus.publish(DecisionMade(decision))
        await life.clock.advance(10)
        if number == 1:
            await life.recorder.flush()
    life.bus.publish(LevelChanged("camera", "off", "full"))
    found = await life.recorder.decisions(subject="node")
    assert [d.sentence for d in found] == ["n3", "n2", "n1", "n0"]
    assert found[3] == Decision(
        time_utc=START, subject="node", action="level", sentence="n0", numbers={"a_w": 1.5}
    )
    assert len(await life.recorder.decisions(limit=2)) == 2
    span = START + timedelta(seconds=5), START + timedelta(seconds=25)
    assert [d.sentence for d in await life.recorder.decisions(*span)] == ["n2", "n1"]
    assert (await life.recorder.decisions())[0].action == "level_changed"


async def test_a_damaged_database_is_moved_aside_and_said(
    life: Life, caplog: pytest.LogCaptureFixture
) -> None:
    life.say(1.0)
    await life.recorder.stop()
    life.path.write_bytes(b"\x00garbage" * 4000)
    await life.start()
    life.say(2.0)
    await life.recorder.flush()
    assert await life.values() == [2.0]
    (aside,) = life.path.parent.glob("history.db.corrupt.*")
    assert aside.read_bytes().startswith(b"\x00garbage")
    (problem,) = life.recorder.stats().problems
    assert aside.name in problem
    assert problem in caplog.text


async def test_a_page_torn_by_a_power_cut_is_found_at_the_next_start(life: Life) -> None:
    for number in range(2000):
        life.say(float(number), f"entity.{number}")
    await life.clock.advance(HOUR)
    await life.recorder.flush()
    await life.recorder.stop()
    content = bytearray(life.path.read_bytes())
    middle = len(content) // 2 // 4096 * 4096
    content[middle : middle + 8192] = b"\xa5" * 8192
    life.path.write_bytes(content)
    await life.start()
    await life.die()
    await life.start()
    await until(lambda: bool(life.recorder.stats().problems))
    life.say(1.0)
    assert await life.values() == [1.0]
    assert len(list(life.path.parent.glob("history.db.corrupt.*"))) == 1


async def test_damage_while_running_costs_no_row_that_still_waits(life: Life) -> None:
    life.say(1.0)
    await life.recorder.flush()
    life.recorder._writer._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    life.recorder._writer._db.execute("PRAGMA cache_size = 0")
    content = bytearray(life.path.read_bytes())
    content[100:] = b"\xa5" * (len(content) - 100)
    life.path.write_bytes(content)
    life.say(2.0)
    await life.recorder.flush()
    assert await life.values() == [2.0]
    assert "damaged" in life.recorder.stats().problems[0]


async def test_a_newer_database_is_refused_and_left_alone(life: Life) -> None:
    await life.recorder.flush()
    life.recorder._writer._db.execute("UPDATE schema_version SET version = 99")
    await life.recorder.stop()
    with pytest.raises(RecorderError, match="version 99") as caught:
        await life.start()
    assert caught.value.hint
    assert [p.name for p in life.path.parent.iterdir()] == ["history.db"]


async def test_a_full_disk_is_said_once_survived_and_left_behind(
    life: Life, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    await life.recorder.flush()
    pages = life.recorder._writer._db.execute("PRAGMA page_count").fetchone()[0]
    life.recorder._writer._db.execute(f"PRAGMA max_page_count = {pages}")
    for number in range(3):
        for row in range(500):
            life.say(float(number * 500 + row))
        await life.recorder.flush()
    stats = life.recorder.stats()
    assert stats.waiting == 1500
    assert "full" in stats.problems[0]
    assert len([r for r in caplog.records if "cannot be written" in r.message]) == 1
    assert len(await life.values()) == 1500
    life.recorder._writer._db.execute("PRAGMA max_page_count = 1000000")
    await life.recorder.flush()
    assert life.recorder.stats().problems == ()
    assert await life.values() == [float(n) for n in range(1500)]
    assert "written again" in caplog.text


async def test_what_a_full_disk_makes_too_much_is_dropped_and_counted(
    tmp_path: Path, manual_clock: ManualClock
) -> None:
    bus = EventBus()
    recorder = Recorder(tmp_path / "h.db", RecorderSettings(), manual_clock, bus, capacity=1000)
    await recorder.start()
    await recorder.flush()
    recorder._writer._db.execute("PRAGMA max_page_count = 1")
    state = State("a.b", 1.0, Availability.KNOWN, START, START, "t")

    for _ in range(25):
        for _ in range(1000):
            bus.publish(StateChanged(None, state))
        await recorder.flush()
    stats = recorder.stats()
    assert stats.waiting <= 1000
    assert stats.dropped + stats.waiting == 25_000
    assert any("dropped" in problem for problem in stats.problems)
    await recorder.stop()


async def test_a_disk_that_is_full_from_the_start_keeps_the_node_going(
    tiny_disk: Path, manual_clock: ManualClock, life: Life
) -> None:
    filler = tiny_disk / "filler"
    filler.write_bytes(b"x" * 256 * 1024)
    await life.recorder.stop()
    life.path = tiny_disk / "h.db"
    await life.start()
    life.say(1.0)
    await life.recorder.flush()
    assert life.recorder.stats().problems
    filler.unlink()
    await life.recorder.flush()
    assert life.recorder.stats().problems == ()
    assert await life.values() == [1.0]


async def test_a_directory_that_is_missing_is_an_error_at_the_start(tmp_path: Path, life: Life) -> None:
    life.path = tmp_path / "none" / "h.db"
    await life.recorder.stop()
    with pytest.raises(RecorderError, match="cannot open"):
        await life.start()


async def test_wrong_questions_get_clear_answers(life: Life) -> None:
    naive = START.replace(tzinfo=None)
    with pytest.raises(RequestError, match="time zone"):
        await life.history(start_utc=naive)
    with pytest.raises(RequestError, match="before the start"):
        await life.history(start_utc=START, end_utc=START - timedelta(1))
    await life.recorder.stop()
    with pytest.raises(RecorderError, match="not running"):
        await life.history()


async def test_settings_decide_what_is_kept(life: Life) -> None:
    await life.recorder.stop()
    life.settings = replace(life.settings, exclude=("b.*",), keep_raw_days=1.0)
    await life.start()
    for _ in range(50):
        life.say(1.0)
        life.say(1.0, "b.c")
        await life.clock.advance(HOUR)
        await life.recorder.flush()
    assert await life.recorder.entities() == ["a.b"]
    assert 24 <= len(await life.values()) <= 26
    assert len(await life.history(tier="hour")) == 50
