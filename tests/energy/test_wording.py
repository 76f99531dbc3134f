from __future__ import annotations

from dataclasses import replace

from edgepi.energy.demand import Rung
from edgepi.energy.policy import Choice
from edgepi.energy.weighing import Weighed
from edgepi.energy.wording import duty_decision
from edgepi.model import Level
from tests.energy.conftest import build_duty, build_situation


def test_a_sensor_that_is_off_in_a_node_still_up_is_weighed_with_the_node_itself() -> None:
    levels = (Level("off", 0.0, 0.0), Level("full", 0.0001, 50.0))
    sensor = replace(build_duty("weather", "off", 50.0), levels=levels)
    choice = Choice(
        rung=Rung(power_w=2.5, points_per_h=0.0),
        scores=(),
        price_points_per_wh=33.0,
        harvest_w=0.0,
        latched=False,
    )
    said = duty_decision(
        Weighed(choice=choice, picks={}, situation=build_situation(0.25), rungs=()), sensor
    ).sentence
    earned = float(said.rpartition(" ")[2])
    assert 10.0 < earned < 33.0, said


def _camera_at(level: str, price: float) -> str:
    levels = (Level("off", 0.0, 0.0), Level("snapshot", 0.02, 0.5), Level("full", 1.5, 2.0))
    camera = replace(build_duty("camera", level, 2.0), levels=levels)
    choice = Choice(
        rung=Rung(power_w=2.5, points_per_h=0.5, picks={"camera": level}),
        scores=(),
        price_points_per_wh=price,
        harvest_w=0.0,
        latched=False,
    )
    weighed = Weighed(choice=choice, picks={"camera": level}, situation=build_situation(0.6), rungs=())
    return duty_decision(weighed, camera).sentence


def test_a_level_in_the_middle_says_why_it_is_not_the_next() -> None:
    assert _camera_at("snapshot", 3.72) == (
        "snapshot: a Wh kept is worth 3.72 points, this earns 25.00 per Wh, full only 1.01 with each Wh more"
    )


def test_the_best_level_and_one_that_will_soon_rise_compare_with_nothing() -> None:
    assert _camera_at("full", 0.5).endswith("this earns 1.01 per Wh")
    assert _camera_at("snapshot", 0.5).endswith("this earns 25.00 per Wh")
