from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from edgepi.energy import Battery, Board, Panel, Situation
from edgepi.energy.cold import charge_limit_w, cold_decisions, harvest_taken_w
from edgepi.energy.demand import Step, Want, ladder
from edgepi.energy.engine import Engine
from edgepi.energy.policy import Moment
from edgepi.energy.settings import EngineSettings, Site, Store
from edgepi.model import NodeInfo

SITUATION = Situation(
    now_utc=datetime(2026, 1, 10, 11, 0, tzinfo=UTC),
    monotonic_s=0.0,
    awake_since_s=0.0,
    node=NodeInfo(name="hut", latitude=48.0, longitude=7.0),
    battery=Battery(),
    panel=Panel(),
    board=Board(),
)


@pytest.mark.parametrize(
    ("chemistry", "celsius", "watts"),
    [
        ("lifepo4", None, None),
        ("lifepo4", 0.0, None),
        ("lifepo4", -0.5, 0.0),
        ("li-ion", -3.0, 0.0),
        ("lead-acid", 5.0, None),
        ("lead-acid", -5.0, 30.0),
        ("lead-acid", -25.0, 0.0),
    ],
)
def test_what_a_cold_battery_takes(chemistry: str, celsius: float | None, watts: float | None) -> None:
    assert charge_limit_w(Battery.of(chemistry, 100.0), celsius) == watts


def test_in_the_cold_the_sun_still_carries_the_load() -> None:
    assert harvest_taken_w(20.0, 4.0, None) == 20.0
    assert harvest_taken_w(20.0, 4.0, 0.0) == 4.0
    assert harvest_taken_w(3.0, 4.0, 0.0) == 3.0
    assert harvest_taken_w(20.0, 4.0, 10.0) == 14.0


def test_the_node_says_why_it_does_not_charge() -> None:
    (said,) = cold_decisions(replace(SITUATION, battery_temperature_c=-3.0))
    assert (said.subject, said.sentence) == ("node", "battery at -3 °C takes no charge")
    assert cold_decisions(SITUATION) == ()
    assert cold_decisions(replace(SITUATION, battery_temperature_c=4.0)) == ()


def test_a_governor_expects_no_charge_of_the_sun_while_it_is_too_cold() -> None:
    engine = Engine(EngineSettings(), Site(latitude=48.0, longitude=7.0, panel_w=40.0), Store(), numpy=False)
    rungs = ladder([Want("camera", (Step("full", 3.0, 5.0),))], idle_w=0.5, off_w=0.1)
    engine.begin_day(date(2026, 1, 10), rungs)
    engine.observe([0.0] * 18 + [10.0] * 2)
    warm = engine.choose(rungs, Moment(energy_wh=40.0, day_h=10.0))
    cold = engine.choose(rungs, Moment(energy_wh=40.0, day_h=10.0, charge_limit_w=0.0))
    assert cold.price_points_per_wh > warm.price_points_per_wh
