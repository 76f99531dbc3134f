from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

import edgepi.budget.duties as module
from edgepi.budget.duties import DutyHooks, DutyRunner, check_levels
from edgepi.budget.learned import LearnedPowers
from edgepi.energy import Insight
from edgepi.errors import ContractError
from edgepi.model import Level
from edgepi.testing.clock import ManualClock
from edgepi.testing.power import FakeDuty

NOW = datetime(2025, 6, 1, 10, 0, tzinfo=UTC)
OFF = Level("off", 0.0, 0.0)
NOTHING = LearnedPowers(Insight())


class Scene:
    def __init__(self) -> None:
        self.clock = ManualClock(NOW)
        self.changed: list[tuple[str, str, str]] = []
        self.failed: list[str | None] = []
        self.duty = FakeDuty()
        hooks = DutyHooks(self.note_change, self.note_failure)
        self.runner = DutyRunner(self.duty, "camera", None, self.clock, hooks)
        self.failure = asyncio.Event()

    def note_change(self, *change: str) -> None:
        self.changed.append((change[0], change[1], change[2]))

    def note_failure(self, consumer: str, text: str | None) -> None:
        self.failed.append(text)
        self.failure.set()


@pytest.fixture
def scene() -> Scene:
    return Scene()


@pytest.mark.parametrize(
    "levels",
    [
        (Level("off", 0.1, 0.0),),
        (Level("off", 0.0, 1.0),),
        (OFF, Level("off", 1.0, 1.0)),
        (OFF, Level("full", float("nan"), 1.0)),
        (OFF, Level("full", -1.0, 1.0)),
    ],
)
def test_levels_that_cannot_be_meant_break_the_contract(levels: tuple[Level, ...]) -> None:
    with pytest.raises(ContractError):
        check_levels(FakeDuty(*levels))


async def test_a_level_is_applied_and_told(scene: Scene) -> None:
    scene.runner.want("full")
    await scene.runner.settled()
    assert scene.duty.applied == ["full"]
    assert scene.changed == [("camera", "off", "full")]
    assert scene.runner.state(NOTHING).level == "full"
    assert scene.runner.state(NOTHING).power_w("full") == 1.0


async def test_what_is_applied_already_is_not_applied_again(scene: Scene) -> None:
    for level in ("full", "full", "full"):
        scene.runner.want(level)
        await scene.runner.settled()
    assert scene.duty.applied == ["full"]


async def test_the_last_wish_counts(scene: Scene) -> None:
    scene.runner.want("saver")
    scene.runner.want("full")
    await scene.runner.settled()
    assert scene.runner.level == "full"


async def test_a_duty_that_fails_is_tried_again_and_told_once(scene: Scene) -> None:
    scene.duty.fails = True
    scene.runner.want("full")
    for _ in range(4):
        await scene.clock.advance(30.0)
    assert scene.runner.level == "off"
    assert scene.failed == ["taking camera to full failed: the duty's device does not answer"]
    scene.duty.fails = False
    await scene.clock.advance(300.0)
    assert scene.runner.level == "full"
    assert scene.failed[-1] is None


async def test_a_duty_that_hangs_is_left_behind(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "APPLY_WITHIN_S", 0.05)
    scene.duty.hangs = True
    scene.runner.want("full")
    await scene.failure.wait()
    assert scene.failed == ["taking camera to full took longer than 0.05 s"]
    scene.duty.hangs = False
    await scene.clock.advance(10.0)
    assert scene.runner.level == "full"
    await scene.runner.stop()
    assert scene.duty.stopped
