from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgepi.energy import DutyNow, Thresholds
from edgepi.energy.shedding import choose_level, needed_soc
from edgepi.model import Level

LIMITS = Thresholds()
Make = Callable[..., Any]


def chosen(make_situation: Make, duty: DutyNow, soc: float | None, *, resting: bool = False) -> str:
    return choose_level(duty, make_situation(soc), LIMITS, resting=resting)[0]


def test_duties_are_shed_saver_before_off_and_the_least_important_first(
    make_situation: Make, make_duty: Make
) -> None:
    seen = {}
    for soc in (0.45, 0.38, 0.36, 0.31, 0.26, 0.24, 0.21):
        seen[soc] = [
            chosen(make_situation, make_duty("x", "full", points), soc) for points in (0.5, 2.0, 5.0, 50.0)
        ]
    assert seen == {
        0.45: ["full", "full", "full", "full"],
        0.38: ["full", "full", "full", "full"],
        0.36: ["saver", "full", "full", "full"],
        0.31: ["off", "saver", "full", "full"],
        0.26: ["off", "off", "saver", "full"],
        0.24: ["off", "off", "off", "full"],
        0.21: ["off", "off", "off", "saver"],
    }


def test_a_level_returns_only_well_above_where_it_was_given_up(make_situation: Make, make_duty: Make) -> None:
    duty = make_duty("camera", "saver", 2.0)
    assert chosen(make_situation, duty, 0.36) == "saver"
    assert chosen(make_situation, duty, 0.40) == "full"


def test_between_two_changes_lies_a_dwell_time(make_situation: Make, make_duty: Make) -> None:
    fresh = replace(make_duty("camera", "full", 2.0), since_s=10_000.0 - 60.0)
    assert chosen(make_situation, fresh, 0.32) == "full"
    assert chosen(make_situation, replace(fresh, since_s=10_000.0 - 121.0), 0.32) == "saver"


@pytest.mark.parametrize(
    ("level", "soc", "said"),
    [
        ("off", 0.83, "full: battery 83 %"),
        ("full", 0.31, "down to saver: battery 31 %, full again from 39 %"),
        ("saver", 0.26, "off: battery 26 %, saver again from 36 %"),
        ("off", None, "full: nothing measures a battery"),
    ],
)
def test_the_sentence_says_charge_and_when_it_gets_better(
    make_situation: Make, make_duty: Make, level: str, soc: float | None, said: str
) -> None:
    _, decision = choose_level(make_duty("camera", level), make_situation(soc), LIMITS, resting=False)
    assert decision is not None
    assert decision.sentence == said


def test_a_resting_node_keeps_everything_off(make_situation: Make, make_duty: Make) -> None:
    _, decision = choose_level(make_duty("x", "saver", 50.0), make_situation(0.3), LIMITS, resting=True)
    assert decision is not None
    assert decision.sentence == "off: battery 30 %, the node rests until 40 %, in good sun until 26 %"


@given(st.integers(2, 6), st.floats(0, 100))
def test_thresholds_rise_with_the_level_and_stay_within_the_nodes_own(levels: int, points: float) -> None:
    named = tuple(Level(f"l{n}", float(n), float(n)) for n in range(levels))
    duty = DutyNow(consumer="x", levels=named, level="l0", since_s=0.0, points_per_h=points)
    needs = [needed_soc(duty, index, LIMITS) for index in range(1, levels)]
    assert needs == sorted(needs)
    assert LIMITS.node_off <= needs[0]
    assert needs[-1] <= LIMITS.node_on


@given(st.lists(st.floats(-0.03, 0.03), min_size=50, max_size=50), st.floats(0.1, 0.6))
def test_a_noisy_charge_makes_no_duty_flap(noise: list[float], soc: float) -> None:
    from edgepi.energy import SocEstimate

    duty = DutyNow(
        consumer="x",
        levels=(Level("off", 0.0, 0.0), Level("full", 1.0, 2.0)),
        level="off",
        since_s=-1e9,
        points_per_h=2.0,
    )
    changes = 0
    for number, error in enumerate(noise):
        situation = replace(
            BASE, soc=SocEstimate(min(1.0, max(0.0, soc + error)), 0.02, ""), monotonic_s=number * 1000.0
        )
        level, _ = choose_level(duty, situation, LIMITS, resting=False)
        changes += level != duty.level
        duty = replace(duty, level=level)
    assert changes <= 2


@pytest.fixture(autouse=True, scope="module")
def _base() -> None:
    global BASE  # noqa: PLW0603 (hypothesis takes no function-scoped fixtures)
    from datetime import UTC, datetime

    from edgepi.energy import Battery, Board, Panel, Situation
    from edgepi.model import NodeInfo

    BASE = Situation(
        now_utc=datetime(2025, 6, 1, 10, 0, tzinfo=UTC),
        monotonic_s=0.0,
        awake_since_s=0.0,
        node=NodeInfo(name="n", latitude=48.1, longitude=11.6),
        battery=Battery(),
        panel=Panel(),
        board=Board(),
    )


BASE: Any = None
