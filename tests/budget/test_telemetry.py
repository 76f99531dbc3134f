from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from edgepi.budget.telemetry import Source, Telemetry
from edgepi.plugin import PowerCapabilities
from edgepi.testing.clock import ManualClock
from edgepi.testing.power import FakeBoard, FakeMeter

NOW = datetime(2025, 6, 1, 10, 0, tzinfo=UTC)


class Scene:
    def __init__(self) -> None:
        self.clock = ManualClock(NOW)
        self.read: list[Source] = []
        self.telemetry = Telemetry(self.clock, self.read.append)
        self.failed = asyncio.Event()


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    made = Scene()
    yield made
    await made.telemetry.stop()


async def test_meters_come_before_boards_and_fill_each_others_gaps(scene: Scene) -> None:
    scene.telemetry.add(FakeBoard(scene.clock, battery_v=13.0, output_w=3.0), "board")
    scene.telemetry.add(FakeMeter(scene.clock, battery_v=13.21), "meter")
    scene.telemetry.start()
    await scene.clock.advance(1.0)
    supply = scene.telemetry.supply()
    assert supply is not None
    assert (supply.battery_v, supply.output_w, supply.input_w) == (13.21, 3.0, None)


async def test_a_board_is_read_no_more_often_than_it_bears(scene: Scene) -> None:
    board = FakeBoard(scene.clock, battery_v=13.0)
    board.able = PowerCapabilities(can_cut=True, can_wake_at=True, min_interval_s=60.0)
    scene.telemetry.add(board, "board")
    scene.telemetry.start()
    for _ in range(30):
        await scene.clock.advance(10.0)
    assert board.reads == 5 + 1


async def test_a_board_hears_that_the_node_is_up_once(scene: Scene) -> None:
    board = FakeBoard(scene.clock, battery_v=13.0)
    source = scene.telemetry.add(board, "board")
    scene.telemetry.start()
    await scene.clock.advance(60.0)
    assert board.events == ["ready"]
    assert source.reason is not None
    assert source.reason.text == "the alarm was due"


async def test_a_record_grows_old(scene: Scene) -> None:
    meter = FakeMeter(scene.clock, battery_v=13.0)
    scene.telemetry.add(meter, "meter")
    scene.telemetry.start()
    await scene.clock.advance(1.0)
    meter.fails = True
    await scene.clock.advance(30.0)
    assert scene.telemetry.supply() is not None
    await scene.clock.advance(10.0)
    assert scene.telemetry.supply() is None


async def test_a_meter_that_fails_is_opened_again_and_recovers(scene: Scene) -> None:
    meter = FakeMeter(scene.clock, battery_v=13.0)
    meter.fails = True
    source = scene.telemetry.add(meter, "meter")
    scene.telemetry.start()
    await scene.clock.advance(1.0)
    assert source.failure == "reading meter failed: the meter does not answer"
    meter.fails = False
    await scene.clock.advance(10.0)
    assert source.failure == ""
    assert meter.starts == 2
    assert scene.telemetry.supply() is not None


async def test_a_meter_that_hangs_harms_no_other(scene: Scene) -> None:
    class Hanging(FakeMeter):
        async def stop(self) -> None:
            scene.failed.set()

    hanging, well = Hanging(scene.clock), FakeMeter(scene.clock, battery_v=13.0)
    hanging.hangs = True
    source = scene.telemetry.add(hanging, "hanging")
    scene.telemetry.add(well, "well")
    scene.telemetry.start()
    await scene.clock.advance(1.0)
    assert scene.telemetry.supply() is not None
    await scene.failed.wait()
    assert source.failure == "reading hanging took longer than 0.05 s"


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
async def test_a_number_that_is_none_is_a_failure_not_a_reading(scene: Scene, value: float) -> None:
    source = scene.telemetry.add(FakeMeter(scene.clock, battery_v=value), "meter")
    scene.telemetry.start()
    await scene.clock.advance(1.0)
    assert source.failure == f"reading meter failed: battery_v is {value!r}"
    assert scene.telemetry.supply() is None


async def test_the_board_s_clock_is_compared_each_hour(scene: Scene) -> None:
    board = FakeBoard(scene.clock, battery_v=13.0)
    board.shows = NOW - timedelta(seconds=95)
    source = scene.telemetry.add(board, "board")
    scene.telemetry.start()
    await scene.clock.advance(0.0)
    assert source.clock_off_s == -95.0
    board.shows = None
    await scene.clock.advance(1800.0)
    assert source.clock_off_s == -95.0
    await scene.clock.advance(1900.0)
    assert source.clock_off_s == 0.0
    board.shows = scene.clock.now() + timedelta(seconds=60)
    board.ails = ("the clock is strange",)
    await scene.clock.advance(10.0)
    assert source.clock_off_s == 50.0, "whatever ails it may be its clock"


async def test_what_a_clock_is_off_is_not_said_of_one_that_was_lost_or_of_a_node_without_time(
    scene: Scene,
) -> None:
    class Lost(FakeBoard):
        async def clock(self) -> None:
            return None

    lost = scene.telemetry.add(Lost(scene.clock, battery_v=13.0), "lost")
    right = scene.telemetry.add(FakeBoard(scene.clock, battery_v=13.0), "right")
    scene.clock.trusted = False
    scene.telemetry.start()
    await scene.clock.advance(1.0)
    assert (lost.clock_off_s, right.clock_off_s) == (None, None)
