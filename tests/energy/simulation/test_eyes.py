from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, cast

from edgepi.energy.governor import SleepPlan
from edgepi.energy.simulation.eyes import NodeEyes
from edgepi.energy.simulation.plant import Plant
from edgepi.energy.simulation.policies import Governed
from edgepi.energy.simulation.trace import Trace
from edgepi.energy.simulation.year import View, Wish
from edgepi.model import WakePlan

START = datetime(2024, 6, 1, tzinfo=UTC)
PLANT = Plant()
TRACE = Trace(start_utc=START, step_h=0.5, power_w=(20.0,) * 96)
ON, OFF = Wish(("iot",)), Wish()


class Script:
    """A governed node that does as told, and notes what it was shown."""

    def __init__(self, *wishes: tuple[Wish, WakePlan | None]) -> None:
        self.wishes, self.shown = list(wishes), cast("list[View]", [])
        self.sleep: SleepPlan | None = None

    def decide(self, view: View) -> Wish:
        self.shown.append(view)
        wish, wake = self.wishes.pop(0)
        self.sleep = SleepPlan(wake=wake, sentence="") if wake else None
        return wish


def view(index: int, *, awake: bool, soc: float = 0.5, **changes: Any) -> View:
    known: dict[str, Any] = {"harvest_w": 20.0, "load_w": 3.7, "battery_w": 10.0, "loads": (), "job_h": None}
    return View(index=index, energy_wh=soc * PLANT.battery_wh, awake=awake, **(known | changes))


def eyes(script: Script) -> NodeEyes:
    return NodeEyes(cast("Governed", script), PLANT, TRACE)


def wake(hours: float, recovery_v: float | None = None) -> WakePlan:
    return WakePlan(wake_utc=START + timedelta(hours=hours), recovery_v=recovery_v)


def test_a_sleeping_node_is_asked_again_only_when_its_plan_says() -> None:
    script = Script((OFF, wake(2.0)), (ON, None))
    node = eyes(script)
    assert node.decide(view(0, awake=True)) == OFF
    for index in (1, 2, 3):
        assert node.decide(view(index, awake=False)) == OFF
    assert len(script.shown) == 1
    assert node.decide(view(4, awake=False)) == ON


def test_what_the_panel_gave_meanwhile_is_unknown() -> None:
    script = Script((OFF, wake(1.0)), (ON, None), (ON, None))
    node = eyes(script)
    for index in range(4):
        node.decide(view(index, awake=index in {0, 3}))
    assert [shown.harvest_w for shown in script.shown] == [20.0, None, 20.0]


def test_the_recovery_voltage_wakes_it_earlier() -> None:
    script = Script((OFF, wake(20.0, recovery_v=13.2)), (ON, None))
    node = eyes(script)
    node.decide(view(0, awake=True, soc=0.2))
    assert node.decide(view(1, awake=False, soc=0.2)) == OFF
    assert node.decide(view(2, awake=False, soc=0.5)) == ON


def test_to_be_woken_for_nothing_is_a_look() -> None:
    script = Script((OFF, wake(0.5)), (OFF, wake(3.0)))
    node = eyes(script)
    node.decide(view(0, awake=True))
    assert node.decide(view(1, awake=False)) == Wish(looked=True)


def test_after_a_cut_the_board_alone_decides_when_it_starts() -> None:
    script = Script((ON, None), (ON, None))
    node = eyes(script)
    node.decide(view(0, awake=True))
    assert node.decide(view(1, awake=False, soc=0.1)) == OFF
    assert node.decide(view(2, awake=False, soc=0.21)) == ON


def test_a_full_battery_hides_what_the_panel_could_give() -> None:
    script = Script((ON, None))
    eyes(script).decide(view(0, awake=True, soc=0.98, battery_w=0.5))
    shown = script.shown[0]
    assert shown.harvest_w == 3.7 + 0.5
    assert shown.curtailed
