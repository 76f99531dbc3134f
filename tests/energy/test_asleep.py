"""When a node that goes to sleep is to wake."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from edgepi.energy import Battery, Board, DutyNow, Governor, Panel, Situation, SleepMeans, ThresholdGovernor
from edgepi.energy.asleep import planned_wake
from edgepi.energy.priced import PricedGovernor
from edgepi.energy.settings import EngineSettings
from edgepi.model import Guard, LeaseState, Level, NodeInfo, Plan, PlanStep

from .conftest import NOON as NOW
from .conftest import build_lease, build_offer, build_situation

QUICK = EngineSettings(first_sweeps=4, levels=30)

NODE = NodeInfo(name="n", latitude=48.1, longitude=11.6, time_zone="Europe/Berlin")
LEVELS = (Level("off", 0.0, 0.0), Level("full", 0.1, 100.0))
HALF_HOUR = timedelta(minutes=30)
Make = Callable[..., Situation]


@pytest.fixture
def node() -> Situation:
    return Situation(
        now_utc=NOW,
        monotonic_s=9e4,
        awake_since_s=0.0,
        node=NODE,
        battery=Battery.of("lifepo4", 77.0),
        panel=Panel(peak_w=20.0),
        board=Board(idle_w=2.4, standby_w=0.1, boot_wh=0.06),
        duties=(DutyNow(consumer="weather", levels=LEVELS, level="full", since_s=0.0, points_per_h=100.0),),
        sleep=SleepMeans(can_cut=True, can_wake_at=True),
    )


def plan(*spells: tuple[int, float], **runs: str) -> Plan:
    """A plan of spells (half hours, price); those with a price of 0 are asleep."""
    steps: list[PlanStep] = []
    for count, price in spells:
        for _ in range(count):
            step: dict[str, Any] = {
                "harvest_w": 0.0,
                "stored_wh": 20.0,
                "start_utc": NOW + HALF_HOUR * len(steps),
            }
            if price:
                step |= {"awake": True, "load_w": 2.5, "runs": runs or {"weather": "full"}}
            else:
                step |= {"awake": False, "load_w": 0.1}
            steps.append(PlanStep(price_points_per_wh=price or 39.0, **step))
    return Plan(made_utc=NOW, steps=tuple(steps))


def wake(node: Situation, of: Plan) -> timedelta:
    return planned_wake(node, of).wake_utc - NOW


def test_it_sleeps_through_a_spell_that_is_worth_no_boot(node: Situation) -> None:
    # 100 points an hour against 2.4 W: at 39 points per Wh hardly anything is gained.
    assert wake(node, plan((2, 0), (1, 39.0), (9, 0), (20, 20.0))) == HALF_HOUR * 12


def test_it_wakes_for_a_spell_in_which_energy_is_cheap(node: Situation) -> None:
    assert wake(node, plan((2, 0), (1, 5.0), (9, 0), (20, 20.0))) == HALF_HOUR * 2


def test_many_small_gains_in_a_row_are_worth_a_boot(node: Situation) -> None:
    assert wake(node, plan((2, 0), (16, 39.0), (9, 0))) == HALF_HOUR * 2


def test_what_a_duty_is_worth_here_counts_not_what_it_states(node: Situation) -> None:
    spells = plan((2, 0), (16, 39.0), (9, 0), (20, 20.0))
    little = (replace(node.duties[0], points_per_h=10.0),)
    assert wake(node, spells) == HALF_HOUR * 2
    assert wake(replace(node, duties=little), spells) == timedelta(days=1)


def test_a_job_is_worth_a_boot_by_itself(node: Situation) -> None:
    assert wake(node, plan((2, 0), (1, 39.0), (9, 0), (20, 20.0), job="run")) == HALF_HOUR * 2


def test_a_node_that_the_plan_never_switches_off_is_soon_back(node: Situation) -> None:
    assert wake(node, plan((20, 39.0))) == HALF_HOUR


def test_with_nothing_to_wake_for_it_looks_again_in_a_day(node: Situation) -> None:
    assert wake(node, plan((96, 0))) == timedelta(days=1)


@pytest.mark.parametrize("governor", [ThresholdGovernor(), PricedGovernor(QUICK)])
def test_below_the_commit_guard_it_stays_for_a_finish_that_has_to_begin_now(governor: Governor) -> None:
    low = build_situation(0.05, harvest_w=0.0)
    guard = replace(low.guard, latched=Guard.COMMIT, seen=Guard.COMMIT, voltage_v=11.9)
    for hours, stays in ((5.0, False), (0.2, True), (-1.0, False)):
        lease = build_lease(LeaseState.COMMITTED, build_offer(deadline_h=hours))
        verdict = governor.decide(replace(low, guard=guard, leases=(lease,)))
        assert (verdict.sleep is None) is stays
        if verdict.sleep is not None:
            assert verdict.sleep.wake.wake_utc - NOW > timedelta(minutes=30)


def test_a_finish_that_hangs_does_not_keep_the_node_up_for_ever() -> None:
    night = replace(build_situation(0.16, harvest_w=0.0), now_utc=NOW + timedelta(hours=11))
    for late_h, stays in ((1.0, True), (25.0, False)):
        offer = build_offer(deadline_h=11.0 - late_h)
        lease = build_lease(LeaseState.COMMITTED, offer, finishing=True)
        verdict = PricedGovernor(QUICK).decide(replace(night, leases=(lease,)))
        assert (verdict.sleep is None) is stays


def test_a_node_without_work_stays_within_reach_until_its_battery_is_low() -> None:
    for soc, stays in ((0.9, True), (0.3, True), (0.1, False)):
        idle = build_situation(soc, harvest_w=0.0)
        assert (PricedGovernor(QUICK).decide(idle).sleep is None) is stays
