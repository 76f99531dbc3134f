"""What many offers, or one that is too large, do to everything else."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from edgepi.energy import DutyNow, LeaseVerb, Verdict
from edgepi.energy.demand import Rung
from edgepi.energy.engine import View
from edgepi.energy.policy import Choice, Moment
from edgepi.energy.priced import PricedGovernor
from edgepi.energy.settings import EngineSettings
from edgepi.model import Lease, LeaseState, Level, RunPhase
from tests.energy.conftest import build_lease, build_offer, build_situation

QUICK = EngineSettings(first_sweeps=4, levels=30)


def simple(consumer: str, power_w: float, points: float, level: str = "full") -> DutyNow:
    levels = (Level("off", 0.0, 0.0), Level("full", power_w, points))
    return DutyNow(consumer=consumer, levels=levels, level=level, since_s=-1e9, points_per_h=points)


def job(
    name: str, energy_wh: float, value: float, state: LeaseState = LeaseState.OFFERED, **changes: Any
) -> Lease:
    run = RunPhase(energy_wh=energy_wh, duration_s=changes.pop("hours", 1.0) * 3600.0, **changes)
    return build_lease(state, replace(build_offer(name, run=run), value_points=value))


def decided(*leases: Lease, soc: float = 0.6, sd: float = 0.02, duties: tuple[DutyNow, ...] = ()) -> Verdict:
    duties = duties or (simple("weather", 1.0, 2.0), simple("alarm", 0.1, 50.0))
    situation = build_situation(soc, sd=sd, duties=duties, harvest_w=5.0, leases=leases)
    return PricedGovernor(QUICK, planning="never").decide(situation)


def granted(verdict: Verdict) -> set[str]:
    return {step.offer_id for step in verdict.leases if step.verb is LeaseVerb.GRANT}


@pytest.mark.parametrize("pausable", [False, True])
@pytest.mark.parametrize("soc", [0.5, 0.8])
def test_an_offer_that_nothing_can_carry_takes_nothing_from_the_others(soc: float, pausable: bool) -> None:
    too_large = job("job-1", 400.0, 4000.0, pausable=pausable)
    without, beside = decided(soc=soc), decided(too_large, soc=soc)
    assert without.levels == {"weather": "full", "alarm": "full"}
    assert beside.levels == without.levels
    assert not granted(beside)
    assert beside.price_points_per_wh == pytest.approx(without.price_points_per_wh)


def test_a_duty_that_nothing_can_carry_takes_nothing_from_the_others() -> None:
    duties = (simple("heater", 900.0, 90000.0, "off"), simple("weather", 1.0, 2.0))
    assert decided(duties=duties).levels["weather"] == "full"


def test_jobs_that_do_not_fit_together_do_not_keep_each_other_waiting() -> None:
    many = decided(*(job(f"job-{n}", 10.9, 31.0, hours=2.65) for n in range(16)))
    assert 0 < len(granted(many)) < 16


def test_an_offer_of_no_value_is_never_run() -> None:
    verdict = decided(job("job-1", 3.0, 0.0))
    assert verdict.levels["alarm"] == "full"
    assert not granted(verdict)


def test_an_offer_of_very_much_is_run_and_the_price_stays_a_number() -> None:
    verdict = decided(job("job-1", 3.0, 1e9))
    assert granted(verdict) == {"job-1"}
    assert math.isfinite(verdict.price_points_per_wh)


def test_a_standing_offer_starts_nothing_while_the_charge_is_not_known() -> None:
    run = RunPhase(energy_wh=3.0, duration_s=3600.0)
    held = build_lease(
        LeaseState.GRANTED, replace(build_offer("held", standing=True, run=run), value_points=30.0)
    )
    for sd, starts in ((0.02, True), (0.25, False)):
        assert ("job-1" in granted(decided(held, job("job-1", 3.0, 30.0), sd=sd))) is starts


@pytest.mark.parametrize("up_s", [60.0, 3600.0])
def test_a_job_begins_only_if_it_is_worth_the_node_too_however_lately_that_came_up(
    up_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    offered, runs = job("job-1", 3.0, 20.0, pausable=True), job("job-2", 3.0, 20.0, LeaseState.RUNNING)
    situation = build_situation(0.6, duties=(simple("weather", 0.02, 2.0),), leases=(offered, runs))
    situation = replace(situation, awake_since_s=situation.monotonic_s - up_s)
    governor = PricedGovernor(QUICK, planning="never")
    assert granted(governor.decide(situation)) == {"job-1"}
    choose = View.choose

    def prefers_off(view: View, rungs: Sequence[Rung], moment: Moment) -> Choice:
        choice = choose(view, rungs, moment)
        off = next((rung for rung in rungs if not rung.awake), None)
        return choice if off is None else replace(choice, rung=off)

    monkeypatch.setattr(View, "choose", prefers_off)
    verdict = governor.decide(situation)
    assert not granted(verdict)
    if up_s < 300.0:
        assert not verdict.leases, "what runs goes on while the node is up"
