from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest

from edgepi.errors import EdgePiError, HardwareError, NotFoundError, PluginError
from edgepi.plugin import Message
from edgepi.testing.clock import ManualClock, settle
from edgepi_camera.link import TROUBLE, ChildLink, Heard
from edgepi_camera.model import CameraSettings, Link, SourceSettings
from edgepi_camera.status import Status
from tests.plugins.camera.doubles import JPEG, Children, ScriptedChild

SECRET = "s3cret"


class Bench:
    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.statuses: list[Status] = []
        self.events: list[Any] = []
        self.frames: list[Message] = []
        self.ends = 0
        self.fault: Exception | None = None
        children = Children()
        heard = Heard(self.statuses.append, self.events.append, self.frames.append, self._ended)
        self.link = ChildLink(
            child=children,
            settings=self._settings,
            clock=clock,
            log=logging.getLogger("edgepi.plugins.yard"),
            hide=lambda text: text.replace(SECRET, "*"),
            heard=heard,
        )
        self.child: ScriptedChild = children.eye

    async def _settings(self) -> CameraSettings:
        if self.fault is not None:
            raise self.fault
        return CameraSettings(source=SourceSettings(url="rtsp://cam"), folder="/tmp/clips")

    def _ended(self) -> None:
        self.ends += 1

    def stands(self) -> Link:
        """How it is with the camera."""
        return self.link.status.link

    async def later(self, seconds: float) -> None:
        await self.clock.advance(seconds)
        await settle()


@pytest.fixture
async def bench(manual_clock: ManualClock) -> AsyncIterator[Bench]:
    made = Bench(manual_clock)
    yield made
    await made.link.stop()


async def test_nothing_runs_at_off(bench: Bench) -> None:
    await bench.link.go("off")
    assert bench.child.starts == 0


async def test_it_is_opened_and_told_its_level(bench: Bench) -> None:
    await bench.link.go("full")
    assert bench.child.kinds == ["open", "level"]
    assert bench.child.last("open")["settings"]["source"]["url"] == "rtsp://cam"
    assert bench.child.last("level")["level"] == "full"
    assert bench.stands() is Link.RUNNING


async def test_another_level_is_told_without_opening_again(bench: Bench) -> None:
    await bench.link.go("full")
    await bench.link.go("saver")
    assert bench.child.kinds == ["open", "level", "level"]
    assert bench.child.last("level")["level"] == "saver"


@pytest.mark.parametrize("level", ["off", "snapshot"])
async def test_an_event_in_progress_is_ended_before_the_camera_rests(bench: Bench, level: str) -> None:
    await bench.link.go("full")
    await bench.link.go(level)
    kinds = bench.child.kinds
    assert kinds.index("end_event") < len(kinds) - 1
    assert bench.child.alive is (level == "snapshot")


async def test_going_to_saver_ends_no_event(bench: Bench) -> None:
    await bench.link.go("full")
    await bench.link.go("saver")
    assert "end_event" not in bench.child.kinds


@pytest.mark.parametrize("kind", ["open", "level", "status"])
@pytest.mark.parametrize("fault", ["dies", "hangs"])
async def test_a_process_that_fails_at_any_stage_is_started_again(
    bench: Bench, kind: str, fault: str
) -> None:
    bench.child.faults[kind] = fault
    await bench.link.go("full")
    assert bench.stands() is Link.LOST
    assert bench.link.status.reason
    bench.child.faults.clear()
    await bench.later(2.0)
    assert bench.stands() is Link.RUNNING
    assert bench.child.kinds[-2:] == ["open", "level"]
    assert bench.child.starts == 2


async def test_one_that_dies_while_nobody_asks_is_started_again(bench: Bench) -> None:
    await bench.link.go("full")
    bench.child.die()
    assert bench.ends == 1
    await settle()
    assert bench.stands() is Link.LOST
    await bench.later(2.0)
    assert bench.stands() is Link.RUNNING
    assert bench.child.starts == 2


async def test_tries_become_rarer_while_it_fails_and_quick_again_once_it_held(bench: Bench) -> None:
    bench.child.faults["open"] = "dies"
    await bench.link.go("full")
    await bench.later(600.0)
    assert 10 <= bench.child.starts <= 18
    bench.child.faults.clear()
    await bench.later(200.0)
    starts = bench.child.starts
    bench.child.die()
    await bench.later(2.0)
    assert bench.child.starts == starts + 1


async def test_it_is_told_once_that_the_camera_fails(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    bench.fault = HardwareError("there is no /dev/video0")
    await bench.link.go("full")
    await bench.later(300.0)
    bench.fault = None
    await bench.later(70.0)
    assert [record.message for record in caplog.records] == [
        "the camera fails: there is no /dev/video0 (said once until it works again)",
        "the camera works again",
    ]


@pytest.mark.parametrize("when", ["open", "idle"])
async def test_how_a_process_ended_is_left_to_whoever_keeps_it(
    bench: Bench, when: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    bench.child.faults[when] = "dies"
    await bench.link.go("full")
    bench.child.faults.clear()
    if when == "idle":
        bench.child.die()
    await settle()
    assert bench.stands() is Link.LOST
    await bench.later(70.0)
    assert [record.message for record in caplog.records] == ["the camera works again"]


async def test_a_device_that_is_not_there_is_said_and_looked_for_again(bench: Bench) -> None:
    bench.fault = HardwareError("there is no /dev/video0")
    await bench.link.go("full")
    assert bench.link.status.reason == "there is no /dev/video0"
    assert bench.child.starts == 0
    bench.fault = None
    await bench.later(2.0)
    assert bench.stands() is Link.RUNNING


async def test_a_failure_that_nobody_foresaw_does_not_end_the_watch(bench: Bench) -> None:
    bench.fault = ZeroDivisionError("what now")
    await bench.link.go("full")
    bench.fault = None
    await bench.later(2.0)
    assert bench.stands() is Link.RUNNING


@pytest.mark.parametrize(
    ("sick", "after_s"),
    [({"rss_mb": 301.0}, 6.0), ({"picture_ago_s": 61.0}, 70.0), ({"link": "opening"}, 140.0)],
)
async def test_a_sick_process_is_replaced(bench: Bench, sick: dict[str, Any], after_s: float) -> None:
    await bench.link.go("full")
    bench.child.status |= sick
    await bench.later(after_s)
    assert bench.child.starts > 1


@pytest.mark.parametrize(
    "fine",
    [
        {"rss_mb": 150.0},
        {"rss_mb": 450.0, "width": 3840, "height": 2160},
        {"picture_ago_s": 30.0},
        {"link": "lost", "reason": "away"},
    ],
)
async def test_a_process_that_does_what_it_can_is_left_alone(bench: Bench, fine: dict[str, Any]) -> None:
    await bench.link.go("full")
    bench.child.status |= fine
    await bench.later(600.0)
    assert bench.child.starts == 1


async def test_old_pictures_are_no_fault_of_a_camera_that_rests(bench: Bench) -> None:
    await bench.link.go("snapshot")
    bench.child.status |= {"picture_ago_s": 900.0}
    await bench.later(900.0)
    await bench.link.go("full")
    await bench.later(30.0)
    assert bench.child.starts == 1


@pytest.mark.parametrize("kind", ["end_event", "close", "level", "status"])
@pytest.mark.parametrize("fault", ["dies", "hangs", "refuses"])
async def test_it_always_comes_to_rest(bench: Bench, kind: str, fault: str) -> None:
    await bench.link.go("full")
    bench.child.faults[kind] = fault
    await bench.link.go("off")
    assert not bench.child.alive
    assert bench.stands() is Link.CLOSED


async def test_a_question_that_is_given_up_leaves_the_process_alone(bench: Bench) -> None:
    await bench.link.go("full")
    asking = asyncio.create_task(bench.link.still())
    await asyncio.sleep(0)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    await bench.later(6.0)
    assert bench.child.starts == 1


async def test_stills_are_had_while_it_runs_and_refused_else(bench: Bench) -> None:
    with pytest.raises(NotFoundError):
        await bench.link.still()
    await bench.link.go("saver")
    assert (await bench.link.still(width=320)).data == JPEG
    assert bench.child.last("snapshot") == {"width": 320, "what": "picture"}


async def test_a_still_is_waited_for_longer_where_the_camera_is_opened_for_it(bench: Bench) -> None:
    await bench.link.go("snapshot")
    await bench.link.still()
    opened_s = bench.child.patience_s["snapshot"]
    await bench.link.go("full")
    await bench.link.still()
    assert bench.child.patience_s["snapshot"] <= 12.0 < opened_s


async def test_for_one_still_at_off_the_process_is_started_and_ended(bench: Bench) -> None:
    assert (await bench.link.wake_for_still()).data == JPEG
    assert bench.child.kinds == ["open", "level", "snapshot"]
    assert not bench.child.alive
    bench.child.faults["snapshot"] = "dies"
    with pytest.raises(TROUBLE):
        await bench.link.wake_for_still()
    assert not bench.child.alive


async def test_views_are_asked_for_again_after_a_restart_and_taken_back(bench: Bench) -> None:
    await bench.link.go("full")
    bench.link.view("picture", {"fps": 5.0, "width": 640})
    await settle()
    assert bench.child.last("view") == {"on": True, "what": "picture", "fps": 5.0, "width": 640}
    bench.child.die()
    await bench.later(2.0)
    assert bench.child.kinds[-3:] == ["open", "level", "view"]
    bench.link.view("picture", None)
    await settle()
    assert bench.child.last("view") == {"on": False, "what": "picture"}
    asked = len(bench.child.kinds)
    await bench.later(20.0)
    assert len(bench.child.kinds) == asked


async def test_a_process_that_refuses_to_show_itself_still_watches(bench: Bench) -> None:
    bench.child.faults["view"] = "refuses"
    bench.link.view("picture", {"fps": 5.0, "width": 640})
    await bench.link.go("full")
    await bench.later(10.0)
    assert bench.child.starts == 1
    assert bench.stands() is Link.RUNNING


async def test_that_nothing_may_be_recorded_is_told_when_it_changes(bench: Bench) -> None:
    await bench.link.go("full")
    assert "record" not in bench.child.kinds
    for on in (False, True):
        bench.link.record(on)
        await settle()
        assert bench.child.last("record") == {"on": on}


async def test_no_password_gets_out_in_a_reason(bench: Bench) -> None:
    bench.child.status |= {"link": "lost", "reason": f"rtsp://me:{SECRET}@cam: refused", "note": SECRET}
    await bench.link.go("full")
    assert SECRET not in repr(bench.link.status)
    bench.child.faults["status"] = "dies"
    bench.fault = PluginError(f"it said {SECRET}")
    await bench.later(10.0)
    assert SECRET not in repr(bench.statuses)


@pytest.mark.parametrize(
    "garbage",
    [{}, {"link": 5}, {"link": "gone", "fps": "fast", "width": None}, {"fps": float("nan"), "width": -3}],
)
async def test_what_makes_no_sense_is_left_out(bench: Bench, garbage: dict[str, Any]) -> None:
    await bench.link.go("full")
    bench.child.push("status", **garbage)
    assert bench.link.status.fps == 0.0
    assert bench.link.status.width == 0


async def test_time_of_a_simulated_world_runs_by_but_the_process_is_asked_in_real_time(
    bench: Bench, manual_clock: ManualClock
) -> None:
    manual_clock.rate = 60.0
    await bench.link.go("full")
    asked = len(bench.child.asked)
    await bench.later(290.0)
    assert len(bench.child.asked) == asked
    await bench.later(20.0)
    assert len(bench.child.asked) == asked + 1


def test_troubles_are_those_that_processes_have() -> None:
    assert issubclass(NotFoundError, TROUBLE)
    assert issubclass(EdgePiError, TROUBLE)
