from __future__ import annotations

import pytest

from edgepi.energy.loads import LoadMeter


def test_a_load_stated_too_low_is_found_within_three_days() -> None:
    meter = LoadMeter()
    for half_hour in range(3 * 48):
        jobs = {"job": 3.0} if half_hour % 6 < 3 else {}
        true_w = 1.25 * (0.1 + 2.8) + (1.25 * 3.0 if jobs else 0.0)
        meter.learn({"idle": 0.1, "iot": 2.8, **jobs}, true_w, 0.5)
    assert meter.scale("iot") == pytest.approx(1.25, abs=0.03)
    assert meter.scale("job") == pytest.approx(1.25, abs=0.03)


def test_what_never_ran_keeps_its_stated_power() -> None:
    assert LoadMeter().scale("camera") == 1.0


def test_what_is_known_well_is_not_moved_by_one_odd_reading() -> None:
    meter = LoadMeter()
    for _ in range(200):
        meter.learn({"idle": 2.7, "camera": 2.0}, 2.7 + 2.5, 0.5)
        meter.learn({"idle": 2.7}, 2.7, 0.5)
    meter.learn({"idle": 2.7, "camera": 2.0}, 9.0, 0.5)
    assert meter.scale("camera") == pytest.approx(1.25, abs=0.1)


def test_how_well_it_is_known_outlives_a_restart() -> None:
    meter, fresh = LoadMeter(), LoadMeter()
    for _ in range(200):
        meter.learn({"idle": 2.7, "camera": 2.0}, 2.7 + 2.5, 0.5)
        meter.learn({"idle": 2.7}, 2.7, 0.5)
    fresh.recall(meter.memory())
    for one in (meter, fresh):
        one.learn({"idle": 2.7, "camera": 2.0}, 9.0, 0.5)
    assert fresh.scale("camera") == pytest.approx(meter.scale("camera"), abs=1e-4)
    assert [load.part for load in fresh.loads()] == ["idle", "camera"]
    assert fresh.loads()[1].hours == pytest.approx(100.5)
