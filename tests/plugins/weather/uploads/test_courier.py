from __future__ import annotations

import asyncio
import contextlib
import logging
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import ClassVar

import pytest

from edgepi.errors import RecorderError, UploadError
from edgepi.testing.clock import START, ManualClock
from edgepi.testing.doubles import run_in_thread
from edgepi.testing.driving import drive
from edgepi_weather.uploads import Rule, StationRefusedError, WrongReportError
from edgepi_weather.uploads.courier import Courier, wait_s
from edgepi_weather.uploads.queue import FILE, Queue, Standing
from edgepi_weather.uploads.report import Report

RULE = Rule(every_s=300.0, stale_s=86400.0, most=100)


class Network:
    """Takes reports, or raises what it is told to."""

    name: ClassVar[str] = "net"
    title: ClassVar[str] = "Network"

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.taken: list[Report] = []
        self.error: UploadError | None = None
        self.asked = 0

    async def send(self, report: Report) -> None:
        self.asked += 1
        if self.error is not None:
            raise self.error
        self.taken.append(report)


class Post:
    def __init__(self, folder: Path, clock: ManualClock, rule: Rule = RULE) -> None:
        self.clock, self.folder = clock, folder
        self.network = Network(rule)
        self.queue = Queue(folder / FILE)
        self.courier = self.another()

    def another(self) -> Courier:
        return Courier(
            self.network,
            self.queue,
            clock=self.clock,
            run_blocking=run_in_thread,
            log=logging.getLogger("post"),
        )

    async def put(self, minutes: float) -> Report:
        report = Report(at_utc=START + timedelta(minutes=minutes), temperature=minutes)
        await asyncio.to_thread(self.queue.put, "net", report, self.network.rule)
        return report

    async def standing(self) -> Standing:
        return await asyncio.to_thread(self.queue.standing, "net")

    async def settle(self) -> int:
        return await asyncio.to_thread(self.queue.settle, "net")

    async def deliver(self) -> None:
        await drive(self.courier.deliver(), self.clock)


@pytest.fixture
def post(tmp_path: Path, manual_clock: ManualClock) -> Post:
    return Post(tmp_path, manual_clock)


async def test_everything_that_waits_goes_out_in_order(post: Post) -> None:
    reports = [await post.put(-minutes) for minutes in (10, 5, 0)]
    await post.deliver()
    assert post.network.taken == reports
    assert (await post.standing()).waiting == 0


async def test_a_long_backlog_goes_out_without_haste(post: Post) -> None:
    for n in range(25):
        await post.put(n - 25)
    await post.deliver()
    assert len(post.network.taken) == 20
    assert post.clock.monotonic() >= 19.0
    await post.deliver()
    assert len(post.network.taken) == 25


async def test_a_server_that_is_down_is_asked_more_and_more_seldom(post: Post) -> None:
    await post.put(0)
    post.network.error = UploadError("nobody answers")
    asked: list[float] = []
    for _ in range(24 * 12):
        before = post.network.asked
        await post.deliver()
        if post.network.asked > before:
            asked.append(post.clock.monotonic())
        await post.clock.advance(60.0)
    assert [round(b - a) for a, b in pairwise(asked)][:7] == [
        60,
        120,
        240,
        480,
        960,
        1920,
        3600,
    ]
    assert (await post.standing()).waiting == 1
    post.network.error = None
    await post.clock.advance(3600.0)
    await post.deliver()
    assert len(post.network.taken) == 1
    assert (await post.standing()).error is None


async def test_a_server_that_wants_peace_gets_it(post: Post) -> None:
    await post.put(0)
    post.network.error = UploadError("busy", retry_after_s=7200.0)
    await post.deliver()
    await post.clock.advance(7100.0)
    await post.deliver()
    assert post.network.asked == 1
    await post.clock.advance(101.0)
    await post.deliver()
    assert post.network.asked == 2


async def test_a_refusal_ends_it_and_is_said_once(post: Post, caplog: pytest.LogCaptureFixture) -> None:
    await post.put(0)
    post.network.error = StationRefusedError("who are you", hint="look at `key`")
    for _ in range(3):
        await post.deliver()
        await post.clock.advance(7200.0)
    assert post.network.asked == 1
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert (await post.standing()).error == "who are you (look at `key`)"
    assert (await post.standing()).waiting == 1


async def test_a_report_that_is_never_taken_does_not_hold_up_the_others(post: Post) -> None:
    await post.put(-5)
    post.network.error = WrongReportError("no such date")
    await post.deliver()
    post.network.error = None
    good = await post.put(0)
    await post.deliver()
    assert post.network.taken == [good]
    assert (await post.standing()).dropped == 1


async def test_nothing_is_sent_before_the_clock_is_right(post: Post) -> None:
    await post.put(0)
    post.clock.trusted = False
    await post.deliver()
    assert post.network.asked == 0


async def test_a_node_that_dies_while_it_sends_repeats_what_may_be_repeated(post: Post) -> None:
    await post.put(0)
    post.network.error = KeyboardInterrupt()  # type: ignore[assignment]  # as at the end of a process
    with pytest.raises(KeyboardInterrupt):
        await post.courier._send(Report(at_utc=START))
    assert await post.settle() == 0
    assert (await post.standing()).waiting == 1


async def test_what_may_have_arrived_is_not_sent_again_where_twice_counts_twice(
    tmp_path: Path, manual_clock: ManualClock
) -> None:
    post = Post(tmp_path, manual_clock, replace(RULE, repeatable=False))
    report = await post.put(0)
    post.network.error = KeyboardInterrupt()  # type: ignore[assignment]  # as at the end of a process
    with pytest.raises(KeyboardInterrupt):
        await post.courier._send(report)
    assert await post.settle() == 1
    assert (await post.standing()).waiting == 0


def test_waits_double_up_to_an_hour() -> None:
    assert [wait_s(n) for n in (0, 1, 5, 6, 1000)] == [60.0, 120.0, 1920.0, 3600.0, 3600.0]


def full(*_: object, **__: object) -> None:
    raise RecorderError("the disk is full")


@pytest.mark.parametrize("error", [None, UploadError("nobody answers"), WrongReportError("wrong")])
async def test_on_a_full_disk_a_server_is_not_asked_without_end(
    post: Post, monkeypatch: pytest.MonkeyPatch, error: UploadError | None
) -> None:
    await post.put(0)
    post.network.error = error
    monkeypatch.setattr(post.queue, "sent", full)
    monkeypatch.setattr(post.queue, "failed", full)
    for _ in range(120):
        with contextlib.suppress(RecorderError):
            await post.deliver()
        await post.clock.advance(30.0)
    assert 4 <= post.network.asked <= 8


async def test_what_cannot_be_sent_twice_is_not_even_if_nobody_can_write_that_it_was(
    tmp_path: Path, manual_clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    post = Post(tmp_path, manual_clock, replace(RULE, repeatable=False))
    await post.put(0)
    monkeypatch.setattr(post.queue, "sent", full)
    for _ in range(20):
        with contextlib.suppress(RecorderError):
            await post.deliver()
        await post.clock.advance(30.0)
    assert post.network.asked == 1
