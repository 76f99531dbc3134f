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
