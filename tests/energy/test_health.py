from __future__ import annotations

import pytest

from edgepi.energy import Battery
from edgepi.energy.health import BatteryHealth, HealthWatch, health
from edgepi.energy.simulation.lifetime import live
from edgepi.energy.soc import Learned


def found(chemistry: str, true_wh: float, *, seed: int, gain: float, offset_a: float) -> BatteryHealth:
    """Return what is known after 30 days of weather of a battery stated as 154 Wh."""
    watch, battery = HealthWatch(), Battery.of(chemistry, 154.0)
    moments = live(
        chemistry,
        "voltage and current",
        days=30,
        seed=seed,
        gain=gain,
        offset_a=offset_a,
        capacity_wh=true_wh,
    )
    for moment in moments:
        watch.note(moment.day * 86400.0, moment.battery_w)
    return health(battery, moment.estimator.learned, watch)


@pytest.mark.parametrize("chemistry", ["lifepo4", "li-ion", "lead-acid"])
def test_a_worn_battery_is_found_within_a_month(chemistry: str) -> None:
    worn = found(chemistry, 118.0, seed=1, gain=0.03, offset_a=0.01)
    assert worn.capacity_estimate_wh == pytest.approx(118.0, rel=0.15)
    assert worn.capacity_sd_wh is not None
    assert any("of the 154 Wh stated; set energy.battery.capacity_wh" in words for words in worn.advice)


def test_a_sound_battery_is_not_complained_about() -> None:
    sound = found("lifepo4", 154.0, seed=2, gain=-0.03, offset_a=-0.01)
    assert sound.advice == ()
    assert sound.cycles > 5


def watch_of(days: float, charged_wh: float = 1000.0) -> HealthWatch:
    watch = HealthWatch()
    watch.recall({"charged_wh": charged_wh, "discharged_wh": charged_wh, "metered_h": days * 24.0})
    return watch


def learned(up: float, down: float, sd: float = 0.02, offset_a: float = 0.0) -> Learned:
    return Learned(offset_a, 0.002, up, down, sd, sd, 0.0)


def test_nothing_is_said_of_what_is_not_known_yet() -> None:
    known = health(Battery(), learned(0.3, 0.3), watch_of(2.0))
    assert known.capacity_estimate_wh is None
    assert known.efficiency_estimate is None
    assert known.advice == ()


def test_energy_that_does_not_come_back_is_missed() -> None:
    known = health(Battery(), learned(-0.1, 0.1), watch_of(20.0))
    assert known.efficiency_estimate == pytest.approx(0.95**2 * 0.9 / 1.1)
    assert known.advice[0].startswith("8.2 Wh a day are missing: the battery gives back 74%")


def test_a_drain_past_the_meter_is_missed() -> None:
    known = health(Battery(), learned(0.0, 0.0, offset_a=0.012), watch_of(20.0))
    assert known.advice[0].startswith("3.7 Wh a day are missing: something draws 12 mA past")


def test_a_capacity_that_is_three_times_off_is_said_so() -> None:
    known = health(Battery(), learned(-0.6, -0.6), watch_of(20.0))
    assert "2.5 times more than the 154 Wh stated" in known.advice[0]


def test_a_finding_outlives_a_restart_and_a_time_of_doubt() -> None:
    watch = watch_of(20.0)
    health(Battery(), learned(0.3, 0.3), watch)
    again = HealthWatch()
    again.recall(watch.memory())
    known = health(Battery(), learned(0.3, 0.3, sd=0.3), again)
    assert known.capacity_estimate_wh == pytest.approx(154.0 / 1.3)
    assert known.as_dict()["advice"]


@pytest.mark.parametrize(
    "memory", [None, {}, {"charged_wh": "x"}, {"charged_wh": -1, "discharged_wh": 0, "metered_h": 0}]
)
def test_foreign_memory_is_ignored(memory: object) -> None:
    watch = HealthWatch()
    watch.recall(memory)
    assert watch.charged_wh == 0.0


def test_long_silence_counts_for_nothing() -> None:
    watch = HealthWatch()
    for at_s in (0.0, 600.0, 10000.0):
        watch.note(at_s, 6.0)
    assert watch.charged_wh == pytest.approx(1.0)
