from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from edgepi.energy import ThresholdGovernor
from edgepi.energy.priced import PricedGovernor
from edgepi.model import LeaseState
from edgepi.testing.clock import settle
from edgepi.testing.pytest_plugin import ContextFactory
from edgepi_wittypi.config import WittyPiConfig
from edgepi_wittypi.schedule.grammar import ScheduleError, parse
from edgepi_wittypi.schedule.keeping import LAG, Piece, ScheduleKeeper, next_piece
from tests.budget.conftest import NOON, Bench

BERLIN = ZoneInfo("Europe/Berlin")
FULL, EMPTY = 13.4, 12.5
assert NOON.hour == 10  # noon of the bench, 12:00 in Berlin
EVENING = "BEGIN 2025-06-01 21:00:00\nEND 2025-06-30 00:00:00\nON H1 M15\nOFF H22 M45\n"
SOON = "BEGIN 2025-06-01 13:00:00\nEND 2025-06-30 00:00:00\nON H1 M15\nOFF H22 M45\n"
NOW = "BEGIN 2025-06-01 11:30:00\nEND 2025-06-30 00:00:00\nON H1\nOFF H23\n"
MakeKeeper = Callable[[Bench, str], ScheduleKeeper]


def moment(hour: int, minute: int = 0, day: int = 1) -> datetime:
    return datetime(2025, 6, day, hour, minute, tzinfo=UTC)


class TestPieces:
    def test_a_window_is_cut_into_pieces_of_half_an_hour(self) -> None:
        found: list[Piece] = []
        schedule, at = parse(EVENING), moment(10)
        while len(found) < 4:
            piece = next_piece(schedule, at, BERLIN)
            assert piece is not None
            found.append(piece)
            at = piece.end
        assert [(each.begin, each.end) for each in found[:3]] == [
            (moment(19), moment(19, 30)),
            (moment(19, 30), moment(20)),
            (moment(20), moment(20, 15)),
        ]
        assert found[3].begin == moment(19, day=2)

    def test_a_piece_is_the_same_whenever_it_is_asked_for(self) -> None:
        asked = {next_piece(parse(NOW), moment(9, minute), BERLIN) for minute in (31, 45, 59)}
        assert asked == {Piece(moment(9, 30), moment(10))}

    def test_nobody_is_woken_after_an_off_with_wait(self) -> None:
        schedule = parse("BEGIN 2025-06-01 11:00:00\nEND 2025-06-30 00:00:00\nON H1\nOFF H23 WAIT\n")
        piece = next_piece(schedule, moment(12), BERLIN)
        assert piece == Piece(moment(9, day=2), moment(9, 30, day=2), reserve=False)
        within = next_piece(schedule, moment(9, 30, day=2), BERLIN)
        assert within == Piece(moment(9, 30, day=2), moment(10, day=2), reserve=True)

    def test_after_the_end_there_is_none(self) -> None:
        assert next_piece(parse(NOW), moment(0, day=30), BERLIN) is None


@pytest.fixture
def keeper(plugin_context: ContextFactory, tmp_path: Path) -> MakeKeeper:
    def make(bench: Bench, text: str) -> ScheduleKeeper:
        path = tmp_path / "garden.wpi"
        path.write_text(text, encoding="utf-8")
        context = plugin_context(WittyPiConfig(schedule=path), plugin="wittypi")
        context = replace(context, clock=bench.clock, budget=bench.budget)
        return ScheduleKeeper(context, path)

    return make


@pytest.fixture
async def bench(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Bench]:
    made = Bench(tmp_path, governor=getattr(request, "param", ThresholdGovernor)())
    yield made
    await made.budget.stop()


by_both = pytest.mark.parametrize("bench", [ThresholdGovernor, PricedGovernor], indirect=True)


async def begin(bench: Bench, volts: float) -> None:
    bench.meter.values["battery_v"] = bench.board.values["battery_v"] = volts
    bench.budget.add_meter(bench.meter, "meter")
    bench.budget.add_controller(bench.board, "board")
    await bench.budget.start()
    await decided(bench)


async def decided(bench: Bench) -> None:
    """Let time pass, more while nothing is kept, and the real time that the governor needs to think."""
    for n in range(15):
        if n >= 6 and finishing(bench):
            break
        await asyncio.sleep(0.02)  # the schedule is read in a thread
        await bench.pass_time(20.0)
        for _ in range(1000):
            if not bench.budget.status()["thinking"]:
                break
            await asyncio.sleep(0.02)


async def until(bench: Bench, when: datetime) -> None:
    while bench.clock.now() < when:
        left_s = (when - bench.clock.now()).total_seconds()
        await bench.pass_time(min(60.0, left_s), step_s=min(60.0, left_s))


def finishing(bench: Bench) -> list[str]:
    return [lease.offer.offer_id for lease in bench.budget.leases.open if lease.finishing]


@by_both
async def test_the_node_stays_awake_in_a_window_and_no_longer(bench: Bench, keeper: MakeKeeper) -> None:
    await begin(bench, FULL)
    made = keeper(bench, NOW)
    await made.start()
    await decided(bench)
    assert finishing(bench) == ["wittypi.schedule.2025-06-01T10:00:00Z"]
    await until(bench, moment(10, 29))
    assert finishing(bench)
    await until(bench, moment(10, 31) + LAG)
    assert finishing(bench) == []
    assert bench.budget.views.report()["earnings"]["total"]["jobs"] == 0, "nothing was earned by it"
    await made.stop()


@by_both
async def test_the_next_window_is_committed_and_the_board_wakes_the_node_for_it(
    bench: Bench, keeper: MakeKeeper
) -> None:
    await begin(bench, FULL)
    made = keeper(bench, EVENING)
    await made.start()
    await decided(bench)
    (lease,) = bench.budget.leases.open
    assert lease.state is LeaseState.COMMITTED
    answer = await bench.budget.request_sleep(moment(4, day=2), reason="the night")
    assert answer.yes
    await bench.pass_time(60.0)
    assert "halt" in bench.events
    assert bench.board.plan is not None
    assert bench.board.plan.wake_utc < moment(19), "though the person asked for tomorrow"
    await made.stop()


async def test_the_next_life_keeps_what_the_last_one_promised(bench: Bench, keeper: MakeKeeper) -> None:
    await begin(bench, FULL)
    first = keeper(bench, SOON)
    await first.start()
    await decided(bench)
    await first.stop()
    await until(bench, moment(10, 59))
    again = keeper(bench, SOON)
    await again.start()
    await until(bench, moment(11, 2))
    assert finishing(bench) == ["wittypi.schedule.2025-06-01T11:00:00Z"]
    await until(bench, moment(11, 32))
    assert finishing(bench) == ["wittypi.schedule.2025-06-01T11:30:00Z"]
    await again.stop()


async def test_a_boot_that_took_too_long_keeps_what_is_left(bench: Bench, keeper: MakeKeeper) -> None:
    await begin(bench, FULL)
    await until(bench, moment(11, 15))
    made = keeper(bench, SOON)
    await made.start()
    await decided(bench)
    assert finishing(bench) == ["wittypi.schedule.2025-06-01T11:00:00Z.111500"]
    await until(bench, moment(11, 31))
    assert finishing(bench) == ["wittypi.schedule.2025-06-01T11:30:00Z"]
    await made.stop()


async def test_without_the_energy_the_window_is_not_kept_and_that_is_said(
    bench: Bench, keeper: MakeKeeper, caplog: pytest.LogCaptureFixture
) -> None:
    await begin(bench, EMPTY)
    made = keeper(bench, NOW)
    await made.start()
    await until(bench, moment(10, 31))
    assert finishing(bench) == []
    assert caplog.text.count("the schedule is not kept from 2025-06-01T10:00:00Z: ") == 1
    assert "battery 16 %" in caplog.text, "why, in the governor's words"
    await made.stop()


async def test_a_wrong_file_is_told_with_its_line(bench: Bench, keeper: MakeKeeper) -> None:
    made = keeper(bench, NOW + "SLEEP H1\n")
    with pytest.raises(ScheduleError, match=r"garden\.wpi:5:1: expected BEGIN"):
        await made.start()
    await made.stop()


async def test_nothing_is_kept_before_the_time_is_known(bench: Bench, keeper: MakeKeeper) -> None:
    await begin(bench, FULL)
    bench.clock.trusted = False
    made = keeper(bench, NOW)
    await made.start()
    await decided(bench)
    assert bench.budget.leases.open == ()
    bench.clock.trusted = True
    await decided(bench)
    assert finishing(bench)
    await made.stop()
    await settle()
