"""Wakes and sleeps as they are noted, by the log alone and by a whole budget."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from edgepi.budget.powerlog import FILE_NAME, MOST, PowerLog, read_log
from edgepi.model import WakeReason, WakeReasonKind
from edgepi.testing.clock import ManualClock
from edgepi.testing.power import FakeBoard
from tests.budget.conftest import NOON, Bench

ALARM = WakeReason(WakeReasonKind.ALARM, "the alarm was due")
BUTTON = WakeReason(WakeReasonKind.BUTTON, "the button was pressed")


@pytest.fixture
def log(tmp_path: Path) -> PowerLog:
    return PowerLog(tmp_path, ManualClock(NOON))


async def kept(path: Path) -> list[dict[str, Any]]:
    return await asyncio.to_thread(read_log, path)


async def again(log: PowerLog, path: Path) -> PowerLog:
    await log.save()
    later = PowerLog(path, ManualClock(NOON + timedelta(hours=9)))
    await later.load()
    return later


async def test_it_outlives_restarts_newest_first(log: PowerLog, tmp_path: Path) -> None:
    log.woke(BUTTON)
    log.goes("sleeping until 05:30", planned=True, wake_utc=NOON + timedelta(hours=9))
    later = await again(log, tmp_path)
    later.woke(ALARM)
    found = later.as_data()
    assert [(e["event"], e["planned"]) for e in found] == [("on", True), ("off", True), ("on", False)]
    assert found[0]["time_utc"] == "2025-06-01T19:00:00+00:00"
    assert found[1]["wake_utc"] == "2025-06-01T19:00:00+00:00"
    await later.save()
    assert await kept(tmp_path) == found


async def test_only_the_latest_are_kept(log: PowerLog, tmp_path: Path) -> None:
    for number in range(MOST + 5):
        log.woke(WakeReason(WakeReasonKind.ALARM, f"{number} {'x' * 1000}"))
    later = await again(log, tmp_path)
    assert len(later.events) == MOST
    assert later.events[0].reason.startswith("5 ")
    assert (tmp_path / FILE_NAME).stat().st_size < 100_000


async def test_a_life_that_ended_without_a_word_is_a_loss(log: PowerLog, tmp_path: Path) -> None:
    log.woke(ALARM)
    later = await again(log, tmp_path)
    later.lost(NOON + timedelta(hours=2))
    assert later.as_data()[0]["event"] == "lost"
    assert later.as_data()[0]["time_utc"] == "2025-06-01T12:00:00+00:00"


async def test_a_machine_that_went_down_after_the_program_was_stopped_lost_nothing(
    log: PowerLog, tmp_path: Path
) -> None:
    log.woke(ALARM)
    log.stops()
    later = await again(log, tmp_path)
    later.lost(NOON - timedelta(minutes=4))
    assert [(e.event, e.time_utc, e.planned) for e in later.events[1:]] == [("off", NOON, False)]
    later.woke(BUTTON)
    assert [e.event for e in (await again(later, tmp_path)).events] == ["on", "off", "on"]


async def test_a_stop_that_only_the_program_made_is_forgotten(log: PowerLog, tmp_path: Path) -> None:
    log.woke(ALARM)
    log.stops()
    later = await again(log, tmp_path)
    later.woken(ALARM, booted=False, seen_utc=NOON)
    last = await again(later, tmp_path)
    last.woken(ALARM, booted=True, seen_utc=NOON + timedelta(hours=2))
    assert [event.event for event in last.events] == ["on", "lost", "on"]


async def test_after_a_sleep_there_is_no_loss(log: PowerLog) -> None:
    log.goes("sleeping", planned=True, wake_utc=None)
    log.lost(NOON)
    assert [event.event for event in log.events] == ["off"]


async def test_a_node_that_did_not_go_after_all_has_not_gone(log: PowerLog, tmp_path: Path) -> None:
    log.woke(ALARM)
    log.goes("sleeping", planned=True, wake_utc=None)
    await log.save()
    log.stayed()
    log.stayed()
    assert [event.event for event in (await again(log, tmp_path)).events] == ["on"]


async def test_without_a_set_clock_no_time_is_made_up(tmp_path: Path) -> None:
    log = PowerLog(tmp_path, ManualClock(NOON, trusted=False))
    log.woke(ALARM)
    assert (await again(log, tmp_path)).events[0].time_utc is None


@pytest.mark.parametrize(
    "content", ["", "[]", '{"format":"x"}', '{"format":"edgepi-power-log-1","events":[{}]}']
)
async def test_a_torn_file_is_said_and_begun_anew(
    log: PowerLog, tmp_path: Path, content: str, caplog: pytest.LogCaptureFixture
) -> None:
    await asyncio.to_thread((tmp_path / FILE_NAME).write_text, content)
    assert await kept(tmp_path) == []
    await log.load()
    assert "begins anew" in caplog.text
    log.woke(ALARM)
    await log.save()
    assert len(await kept(tmp_path)) == 1


async def test_a_full_disk_is_said_once_and_made_up_for(
    log: PowerLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    log.woke(ALARM)
    with monkeypatch.context() as patch, caplog.at_level(logging.ERROR):
        patch.setattr("edgepi.budget.powerlog.atomic_write", full)
        await log.save()
        await log.save()
    assert caplog.text.count("cannot be noted") == 1
    await log.save()
    assert await kept(tmp_path)


async def test_a_budget_notes_a_night_that_a_person_asked_for(bench: Bench) -> None:
    bench.budget.add_controller(bench.board, "board")
    await bench.budget.start()
    await bench.pass_time(60)
    await bench.budget.request_sleep(NOON + timedelta(hours=8), reason="asked for by a person")
    await bench.pass_time(60)
    off, on = await kept(bench.state_dir)
    assert (on["event"], on["reason"]) == ("on", (await bench.board.last_reason()).text)
    assert (off["event"], off["planned"]) == ("off", True)
    assert "asked for by a person" in off["reason"]
    assert off["wake_utc"] is not None


async def test_a_budget_notes_that_its_board_wanted_it_to_go(bench: Bench) -> None:
    bench.budget.add_controller(bench.board, "board")
    await bench.budget.start()
    await bench.pass_time(60)
    bench.board.on_shutdown_request("the power board asks: the token is hunter2")  # type: ignore[misc]  # the budget has set it
    await bench.pass_time(30)
    off = (await kept(bench.state_dir))[0]
    assert (off["event"], off["planned"]) == ("off", False)
    assert off["reason"] == "the power board asks: the token is ****"


async def test_a_restart_of_the_program_alone_is_no_wake(bench: Bench) -> None:
    bench.budget.add_controller(bench.board, "board")
    await bench.budget.start()
    await bench.pass_time(60)
    await bench.budget.stop()
    bench.budget = bench.build()
    bench.budget.add_controller(bench.board, "board")
    await bench.budget.start()
    await bench.pass_time(60)
    assert [event["event"] for event in await kept(bench.state_dir)] == ["on"]


async def test_a_cut_through_which_time_ran_on_is_told_by_the_board_s_new_reason(bench: Bench) -> None:
    bench.budget.add_controller(bench.board, "board")
    await bench.budget.start()
    await bench.pass_time(400)
    cut, bench.budget = bench.budget, bench.build()
    for part in (cut._rounds, cut._telemetry):  # as if killed: nothing is saved
        await part.stop()

    class Connected(FakeBoard):
        async def last_reason(self) -> WakeReason:
            return WakeReason(WakeReasonKind.POWER_CONNECTED, "the input was connected")

    bench.budget.add_controller(Connected(bench.clock, battery_v=13.3), "board")
    await bench.budget.start()
    await bench.pass_time(60)
    assert [event["event"] for event in await kept(bench.state_dir)] == ["on", "lost", "on"]
