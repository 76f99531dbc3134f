from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from edgepi.energy.simulation.plant import Job, Load, Plant
from edgepi.energy.simulation.policies import AlwaysOn, ByThresholds
from edgepi.energy.simulation.trace import Trace
from edgepi.energy.simulation.year import View, Wish, simulate
from edgepi.model import Level

START = datetime(2024, 6, 1, tzinfo=UTC)
DAY = [0.0] * 12 + [30.0] * 24 + [0.0] * 12


def trace(days: int = 4, temperature_c: float | None = None) -> Trace:
    power = tuple(DAY * days)
    warmth = () if temperature_c is None else (temperature_c,) * len(power)
    return Trace(start_utc=START, step_h=0.5, power_w=power, temperature_c=warmth)


class Fixed:
    """Always wishes the same."""

    def __init__(self, wish: Wish) -> None:
        self.wish = wish

    def decide(self, view: View) -> Wish:
        return self.wish


def test_the_books_balance() -> None:
    plant = Plant()
    out = simulate(trace(), plant, AlwaysOn(plant))
    kept = out.stored_wh[-1] - plant.start * plant.battery_wh if out.stored_wh else 0.0
    assert out.harvested_wh == pytest.approx(out.used_wh + out.spilled_wh + out.lost_wh + kept)
    assert sum(out.step_spilled_wh) == pytest.approx(out.spilled_wh)
    assert max(out.stored_wh) == pytest.approx(plant.store.top_wh)


def test_a_duty_at_a_lower_level_draws_and_earns_that_and_counts_as_on() -> None:
    plant = Plant(loads=(Load(lower=(Level("saver", 1.0, 3.0),)),), job=None)
    full = simulate(trace(), plant, Fixed(Wish(("iot",))))
    saver = simulate(trace(), plant, Fixed(Wish(("iot:saver",))))
    assert saver.availability("iot") == full.availability("iot") == 1.0
    assert saver.pick_steps == {"iot:saver": saver.steps}
    assert saver.points == pytest.approx(3.0 * saver.hours)
    assert full.used_wh - saver.used_wh == pytest.approx((3.2 / 0.9 - 1.0) * full.hours)


def test_a_frozen_battery_takes_no_charge_but_the_panel_feeds_the_load() -> None:
    plant = Plant(loads=(Load(power_w=5.0),), job=None, cold=True)
    warm = simulate(trace(1, 3.0), plant, Fixed(Wish(("iot",))))
    frozen = simulate(trace(1, -3.0), plant, Fixed(Wish(("iot",))))
    assert warm.cold_wh == 0.0
    assert frozen.cold_wh == pytest.approx((30.0 - 5.12) * 12.0)
    assert frozen.charged_wh == 0.0
    assert frozen.stored_wh[12] == pytest.approx(frozen.stored_wh[35], rel=0.01)


def test_a_lead_acid_battery_still_takes_a_little_in_frost() -> None:
    plant = Plant(loads=(Load(power_w=5.0),), job=None, cold=True, chemistry="lead-acid", battery_wh=40.0)
    assert plant.charge_limit_w(-5.0) == pytest.approx(12.0)
    assert plant.charge_limit_w(-25.0) == 0.0
    assert replace(plant, cold=False).charge_limit_w(-25.0) is None


def test_a_look_that_finds_nothing_to_do_costs_a_boot() -> None:
    plant = Plant(job=None)
    out = simulate(trace(1), plant, Fixed(Wish(looked=True)))
    # The first step finds the node on already.
    assert out.boots == out.steps - 1
    assert out.used_wh == pytest.approx(out.boots * plant.boot_wh + plant.standby_w * out.hours)


def test_jobs_shorter_than_a_step_are_all_counted() -> None:
    plant = Plant(job=Job(hours=0.25))
    out = simulate(trace(1), plant, AlwaysOn(plant))
    assert out.jobs_finished == 2 * out.job_steps
    assert out.compute_hours_finished == pytest.approx(out.compute_hours_started)


def test_a_job_cut_short_is_started_but_not_finished() -> None:
    plant = Plant(job=Job(hours=3.0))

    class OneStep:
        def decide(self, view: View) -> Wish:
            return Wish(("iot",), view.index % 4 == 0)

    out = simulate(trace(1), plant, OneStep())
    assert out.compute_hours_started == pytest.approx(6.0)
    assert out.compute_hours_finished == 0.0
    assert out.jobs_started == 12


def test_thresholds_keep_the_battery_above_their_limit() -> None:
    plant = Plant()
    dark = Trace(start_utc=START, step_h=0.5, power_w=(0.0,) * 480)
    out = simulate(dark, plant, ByThresholds(plant))
    assert out.unplanned_cuts == 0
    assert min(out.stored_wh[:60]) > 0.15 * plant.battery_wh
    assert START + timedelta(hours=240) == dark.end_utc
