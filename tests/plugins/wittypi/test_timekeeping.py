from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from edgepi.sim.chips import WittyPi4
from edgepi.testing.clock import ManualClock
from edgepi.testing.doubles import FakeHardware
from edgepi.testing.driving import drive
from edgepi_wittypi.quirks import ANY
from edgepi_wittypi.timekeeping import from_local, zone_offset

from .conftest import MakeController, Seat

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
SUMMER = timedelta(hours=2)  # of Berlin, where the test node stands


@pytest.fixture
def board(seat: Seat) -> WittyPi4:
    chip = WittyPi4()
    seat(chip)
    return chip


def lose_time(clock: ManualClock) -> datetime:
    """Let the node start without a network; returns what time it really is."""
    right = clock.now()
    clock.step_wall(-86400.0)
    clock.trusted = False
    return right


@pytest.mark.parametrize(
    ("off", "offset"),
    [
        (timedelta(hours=2), timedelta(hours=2)),
        (timedelta(hours=-8, seconds=70), timedelta(hours=-8)),
        (timedelta(hours=5, minutes=45), timedelta(hours=5, minutes=45)),
        (timedelta(seconds=90), None),
        (timedelta(hours=2, minutes=7), None),
        (timedelta(hours=20), None),
        (timedelta(days=-400), None),
    ],
)
def test_local_time_is_known_by_its_whole_quarters(off: timedelta, offset: timedelta | None) -> None:
    assert zone_offset(NOW + off, NOW) == offset


def test_local_time_is_understood_in_its_zone() -> None:
    assert from_local(NOW, "Europe/Berlin") == NOW - SUMMER
    assert from_local(NOW, "no/such") == NOW


async def test_a_board_with_local_time_is_set_to_utc_and_that_is_said(
    controller: MakeController, manual_clock: ManualClock, board: WittyPi4, caplog: pytest.LogCaptureFixture
) -> None:
    board.set_clock(manual_clock.now() + SUMMER)
    made = controller()
    await drive(made.start(), manual_clock)
    assert "+2 h off: it held local time" in caplog.text
    held = await drive(made.clock(), manual_clock)
    assert held is not None
    assert abs(held - manual_clock.now()) < timedelta(seconds=2)


async def test_a_board_that_no_trusted_node_has_seen_is_not_believed_blindly(
    controller: MakeController,
    manual_clock: ManualClock,
    fake_hardware: FakeHardware,
    board: WittyPi4,
    caplog: pytest.LogCaptureFixture,
) -> None:
    lose_time(manual_clock)
    made = controller()
    await drive(made.start(), manual_clock)
    await drive(made.read(), manual_clock)
    assert fake_hardware.clock_sets == []
    assert caplog.text.count("that may be UTC, or local time") == 1


@pytest.mark.parametrize("said", [("utc", timedelta()), ("local", -SUMMER)])
async def test_its_owner_may_say_what_it_holds(
    controller: MakeController,
    manual_clock: ManualClock,
    fake_hardware: FakeHardware,
    board: WittyPi4,
    said: tuple[str, timedelta],
) -> None:
    kept, off = said
    manual_clock.step_wall((NOW - manual_clock.now()).total_seconds())
    board.set_clock(NOW)
    right = lose_time(manual_clock)
    await drive(controller(board_clock=kept).start(), manual_clock)
    (taken,) = fake_hardware.clock_sets
    assert abs(taken - right - off) < timedelta(seconds=2)


async def test_a_board_that_was_set_to_utc_is_believed_from_then_on(
    controller: MakeController, manual_clock: ManualClock, fake_hardware: FakeHardware, board: WittyPi4
) -> None:
    board.set_clock(manual_clock.now() + SUMMER)
    await drive(controller().start(), manual_clock)
    right = lose_time(manual_clock)
    await drive(controller(board_clock="local").start(), manual_clock)
    (taken,) = fake_hardware.clock_sets
    assert abs(taken - right) < timedelta(seconds=2)


async def test_once_the_vendor_s_daemon_ran_it_is_doubted_again(
    controller: MakeController, manual_clock: ManualClock, fake_hardware: FakeHardware, board: WittyPi4
) -> None:
    await drive(controller().start(), manual_clock)
    fake_hardware.processes = [ANY.vendor[0]]
    await drive(controller().start(), manual_clock)
    fake_hardware.processes = []
    lose_time(manual_clock)
    await drive(controller().start(), manual_clock)
    assert fake_hardware.clock_sets == []


async def test_a_node_that_stays_awake_for_days_keeps_correcting_the_board(
    controller: MakeController, manual_clock: ManualClock, board: WittyPi4
) -> None:
    made = controller()
    await drive(made.start(), manual_clock)
    board.set_clock(manual_clock.now() + timedelta(seconds=30))
    await manual_clock.advance(86401.0)
    await drive(made.read(), manual_clock)
    held = await drive(made.clock(), manual_clock)
    assert held is not None
    assert abs(held - manual_clock.now()) < timedelta(seconds=2)
