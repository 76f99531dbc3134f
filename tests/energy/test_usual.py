"""How often a kind of job was really there."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from edgepi.energy.governor import Situation
from edgepi.energy.priced import PricedGovernor
from edgepi.energy.settings import EngineSettings
from edgepi.energy.usual import UsualOffers, usual_wants
from edgepi.energy.weighing import weigh
from edgepi.model import Lease, LeaseState
from tests.energy.conftest import build_lease, build_offer, build_situation

QUICK = EngineSettings(first_sweeps=4, levels=30)
HERE = (build_lease(LeaseState.OFFERED),)
STANDING = (build_lease(LeaseState.GRANTED, build_offer("standing", standing=True)),)


def watched(days: float, there: Any, *, step_s: float = 600.0) -> UsualOffers:
    usual = UsualOffers()
    usual.note(HERE, 0, 0.0)
    for n in range(1, round(days * 86400.0 / step_s) + 1):
        usual.note(there(n), int(n * step_s // 86400.0), n * step_s)
    usual.begin_day(int(days))
    return usual


def test_what_is_always_there_counts_in_full() -> None:
    (kind,) = watched(3.0, lambda _: HERE).priced
    assert kind.share == 1.0


def test_what_is_there_a_quarter_of_the_time_counts_for_a_quarter_after_some_days() -> None:
    usual = watched(6.0, lambda n: HERE if n % 4 == 0 else ())
    (kind,) = usual.priced
    assert kind.share == pytest.approx(0.25, abs=0.15)
    (want,), (whole,) = usual_wants(usual.priced, {}), usual_wants([replace(kind, share=1.0)], {})
    assert want.steps[0].power_w == pytest.approx(kind.share * whole.steps[0].power_w)
    assert want.steps[0].points_per_h == pytest.approx(kind.share * whole.steps[0].points_per_h)


def test_a_standing_offer_is_no_job() -> None:
    usual = watched(60.0, lambda _: STANDING)
    (kind,) = usual.priced
    assert kind.share < 0.05
    assert usual_wants(usual.priced, {}) == ()


def test_an_offer_for_this_once_says_nothing_of_other_days() -> None:
    once = (build_lease(LeaseState.OFFERED, build_offer("once", usual=False)),)
    usual = UsualOffers()
    assert not usual.unknown(once)
    usual.note(once, 0, 0.0)
    assert usual.priced == ()


def test_time_that_was_slept_says_nothing() -> None:
    (kind,) = watched(5.0, lambda _: (), step_s=7200.0).priced
    assert kind.share == 1.0


def test_it_is_remembered_and_older_memories_are_read() -> None:
    usual = watched(3.0, lambda n: HERE if n % 2 else ())
    kept = json.loads(json.dumps(usual.memory()))
    fresh = UsualOffers()
    fresh.recall(kept)
    assert fresh.priced[0].share == pytest.approx(usual.priced[0].share, abs=1e-3)
    fresh.recall([kept[0][:6]])
    assert fresh.priced[0].share == 1.0


def night(leases: tuple[Lease, ...]) -> Situation:
    made = build_situation(0.8, harvest_w=0.0, duties=(), leases=leases)
    later = made.now_utc.replace(hour=20)
    return replace(made, now_utc=later)


def test_nobody_stays_up_for_a_standing_offer_under_which_nothing_comes() -> None:
    governor = PricedGovernor(QUICK)
    governor.decide(night(STANDING))
    assert governor.decide(night(STANDING)).sleep is None
    stand = governor._stand
    assert stand is not None
    assert weigh(stand, night(STANDING)).awake
    (kind,) = stand.usual
    seldom = replace(stand, usual=(replace(kind, share=0.02),))
    assert not weigh(seldom, night(STANDING)).awake
