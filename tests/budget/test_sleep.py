from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from edgepi.budget.sleep import Sleeper, doubts_about
from edgepi.energy import SleepPlan
from edgepi.model import PowerGoing, WakePlan, WakeReceipt
from edgepi.plugin import PowerCapabilities
from edgepi.runtime.bus import EventBus
from edgepi.testing.clock import ManualClock
from edgepi.testing.power import FakeBoard, FakeMachine

NOW = datetime(2025, 6, 1, 20, 0, tzinfo=UTC)
WAKE = WakePlan(wake_utc=NOW + timedelta(hours=8), recovery_v=13.0, fallback_hours=10)
PLAN = SleepPlan(wake=WAKE, sentence="sleeping until tomorrow 06:00")


class Scene:
    def __init__(self) -> None:
        self.clock = ManualClock(NOW)
        self.events: list[str] = []
        self.machine = FakeMachine(self.clock, allow_halt=True, events=self.events)
        self.board = FakeBoard(self.clock, events=self.events)
        self.bus = EventBus()
        self.bus.listen(PowerGoing, lambda _: self.events.append("power going"), name="scene")
        self.sleeper = Sleeper(machine=self.machine, clock=self.clock, bus=self.bus)
        self.sleeper.add_saver("recorder", self.save)
        self.said: list[str] = []

    async def save(self) -> None:
        self.events.append("saved")

    async def go(self, plan: SleepPlan = PLAN) -> tuple[bool, str]:
        answer = await self.sleeper.go(plan, self.board, say=self.said.append)
        return answer.yes, answer.sentence


@pytest.fixture
def scene() -> Scene:
    return Scene()


async def test_sleep_is_armed_saved_made_ready_and_halted_in_this_order(scene: Scene) -> None:
    assert await scene.go() == (True, PLAN.sentence)
    assert scene.events == ["arm", "phase saving", "power going", "saved", "prepare_cut", "halt"]
    assert scene.board.plan == WAKE
    assert scene.said == [PLAN.sentence]


async def test_that_nothing_stands_behind_the_alarm_is_said_before(scene: Scene) -> None:
    scene.board.has_fallback = False
    assert (await scene.go())[0]
    (said,) = scene.said
    assert said.startswith(f"{PLAN.sentence}; the wake is not certain: if the board missed its alarm")


LIES = [
    (WakeReceipt(wake_utc=None, triggers=("alarm",)), "the board holds no alarm"),
    (WakeReceipt(wake_utc=WAKE.wake_utc, triggers=()), "the board holds no wake trigger"),
    (
        WakeReceipt(wake_utc=WAKE.wake_utc + timedelta(hours=1), triggers=("alarm",)),
        "the board's alarm reads back 60 min later than asked",
    ),
    (WakeReceipt(wake_utc=NOW - timedelta(1), triggers=("alarm",)), "the board's alarm lies in the past"),
    (WakeReceipt(wake_utc=WAKE.wake_utc, triggers=("alarm",), doubts=("it lost its clock",)), "it lost"),
]


@pytest.mark.parametrize(("receipt", "doubt"), LIES)
async def test_a_board_that_does_not_hold_its_alarm_is_not_slept_on(
    scene: Scene, receipt: WakeReceipt, doubt: str
) -> None:
    scene.board.lie = receipt
    yes, sentence = await scene.go()
    assert not yes
    assert sentence.startswith(f"stays awake: {doubt}")
    assert scene.events == ["arm", "disarm"]
    assert scene.sleeper.receipt is None


async def test_below_the_commit_guard_it_goes_all_the_same_and_says_so_first(scene: Scene) -> None:
    scene.board.lie = WakeReceipt(wake_utc=None, triggers=())
    assert (await scene.go(replace(PLAN, forced=True)))[0]
    assert scene.said == [
        f"{PLAN.sentence}; the wake is not certain: the board holds no wake trigger; the board holds no alarm"
    ]
    assert scene.events[-1] == "halt"


async def test_a_board_whose_clock_stays_wrong_is_not_slept_on(scene: Scene) -> None:
    scene.board.shows = NOW + timedelta(minutes=9)
    assert (await scene.go())[1] == "stays awake: the board's clock is +540 s off"
    assert "set_clock" in scene.events


async def test_without_a_trusted_clock_it_stays_awake(scene: Scene) -> None:
    scene.clock.trusted = False
    assert (await scene.go())[1] == "stays awake: the node's clock is not set"


async def test_halting_needs_leave(scene: Scene) -> None:
    scene.machine.can_halt = False
    assert (await scene.go())[1] == "stays awake: halting this machine is not allowed"
    assert scene.events == []


async def test_a_halt_that_fails_leaves_the_node_awake(scene: Scene) -> None:
    scene.machine.halts = False
    assert (await scene.go())[1] == "stays awake: halting failed: the machine refuses to halt"
    assert scene.events[-1] == "phase ready"


async def test_a_saver_that_hangs_or_fails_delays_but_does_not_prevent(scene: Scene) -> None:
    async def hang() -> None:
        await asyncio.Event().wait()

    async def fail() -> None:
        raise SystemExit(3)

    scene.sleeper.add_saver("hanging", hang)
    scene.sleeper.add_saver("failing", fail)
    await scene.sleeper.save(0.05)
    assert scene.events == ["saved"]


async def test_a_saver_can_be_taken_back(scene: Scene) -> None:
    async def never() -> None:
        scene.events.append("never")

    scene.sleeper.add_saver("gone", never)()
    await scene.sleeper.save()
    assert scene.events == ["saved"]


async def test_a_wake_beyond_the_boards_horizon_is_moved_to_it(scene: Scene) -> None:
    scene.board.able = PowerCapabilities(can_cut=True, can_wake_at=True, wake_horizon_s=3600.0)
    await scene.go()
    assert scene.board.plan is not None
    assert scene.board.plan.wake_utc == NOW + timedelta(hours=1)


def test_an_alarm_a_little_off_is_good_enough() -> None:
    receipt = WakeReceipt(wake_utc=WAKE.wake_utc + timedelta(seconds=90), triggers=("alarm",))
    assert doubts_about(receipt, WAKE, NOW) == []
