from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from edgepi.energy import Battery, SocEstimator

BATTERY = Battery.of("lifepo4", 153.6)


def test_nothing_measured_is_no_estimate() -> None:
    estimator = SocEstimator(BATTERY)
    assert estimator.update(0.0) is None
    assert estimator.update(60.0, current_a=1.0) is None


def test_voltage_alone_finds_the_charge_and_follows_it() -> None:
    estimator = SocEstimator(BATTERY)
    estimate = estimator.update(0.0, voltage_v=13.2)
    assert estimate is not None
    assert estimate.soc == pytest.approx(0.4)
    for minute in range(1, 181):
        estimate = estimator.update(minute * 60.0, voltage_v=12.8)
    assert estimate is not None
    assert estimate.soc == pytest.approx(0.2, abs=0.03)


def full_one() -> tuple[SocEstimator, float]:
    """Return an estimator that knows its battery full, and the time it has got to."""
    estimator = SocEstimator(BATTERY)
    for minute in range(121):
        estimator.update(minute * 60.0, voltage_v=14.2, current_a=0.1)
    return estimator, 7200.0


def test_absorption_with_little_current_means_full() -> None:
    estimate = full_one()[0].estimate
    assert estimate is not None
    assert estimate.soc == pytest.approx(0.985, abs=0.01)
    assert estimate.sd < 0.03


def test_absorption_with_much_current_is_not_full_yet() -> None:
    estimator = SocEstimator(Battery.of("lead-acid", 144.0))
    estimator.recall({"soc": 0.7, "sd": 0.02})
    for minute in range(20):
        estimator.update(minute * 60.0, voltage_v=14.2, current_a=3.0)
    estimate = estimator.estimate
    assert estimate is not None
    assert estimate.soc < 0.9


def test_charge_is_counted_where_voltages_say_little() -> None:
    estimator, start_s = full_one()
    # 1.2 A for five hours take half of 12 Ah and what is lost inside; the voltage stays on its plateau.
    for minute in range(1, 301):
        estimator.update(start_s + minute * 60.0, voltage_v=13.14, current_a=-1.2)
    estimate = estimator.estimate
    assert estimate is not None
    assert estimate.soc == pytest.approx(0.985 - 0.5 * 13.14 / 12.8 / 0.95, abs=0.04)
    assert estimate.source == "voltage and current"


def test_a_night_out_and_a_day_in_return_to_the_same_charge() -> None:
    estimator, now_s = full_one()
    # What comes in must make good the losses of both ways.
    for hours, amps in ((10.0, -0.5), (10.0, 0.5 / 0.95**2)):
        for _ in range(int(hours * 60)):
            now_s += 60.0
            estimator.update(now_s, current_a=amps)
    estimate = estimator.estimate
    assert estimate is not None
    assert estimate.soc == pytest.approx(0.985, abs=0.01)


def test_voltage_under_load_is_corrected_by_the_current() -> None:
    resting = SocEstimator(BATTERY).update(0.0, voltage_v=12.8, current_a=0.0)
    loaded = SocEstimator(BATTERY).update(0.0, voltage_v=12.8 - 2.0 * 0.05, current_a=-2.0)
    assert resting is not None
    assert loaded is not None
    assert loaded.soc == pytest.approx(resting.soc, abs=1e-6)


def test_missing_telemetry_keeps_the_estimate_and_widens_its_doubt() -> None:
    estimator = SocEstimator(BATTERY)
    first = estimator.update(0.0, voltage_v=12.8)
    later = estimator.update(4 * 3600.0)
    assert first is not None
    assert later is not None
    assert later.soc == pytest.approx(first.soc, abs=0.001)
    assert later.sd > first.sd + 0.1
    assert later.source == "remembered"


def test_the_boards_own_percentage_is_believed() -> None:
    estimate = SocEstimator(BATTERY).update(0.0, voltage_v=10.0, percent=73.0)
    assert estimate is not None
    assert estimate.soc == pytest.approx(0.73)
    assert estimate.source == "board"


def test_memory_comes_back_less_sure_the_longer_the_node_was_off() -> None:
    estimator = SocEstimator(BATTERY)
    estimator.update(0.0, voltage_v=13.2)
    again, much_later = SocEstimator(BATTERY), SocEstimator(BATTERY)
    again.recall(estimator.memory())
    much_later.recall(estimator.memory(), off_h=12.0)
    assert again.estimate is not None
    assert much_later.estimate is not None
    assert again.estimate.soc == pytest.approx(0.4)
    assert much_later.estimate.sd > again.estimate.sd


@pytest.mark.parametrize(
    "memory", [{}, {"soc": 3.0, "sd": 0.1}, {"soc": "x", "sd": 0}, {"soc": None, "sd": 1}]
)
def test_foreign_memory_is_ignored(memory: dict[str, object]) -> None:
    estimator = SocEstimator(BATTERY)
    estimator.recall(memory)
    assert estimator.estimate is None


readings = st.tuples(
    st.floats(0, 1e6),
    st.none() | st.floats(0, 30),
    st.none() | st.floats(-50, 50),
    st.none() | st.floats(-20, 120),
)


@example([(0.0, None, None, 0.0), (5e-324, None, None, None)])
@given(st.lists(readings, max_size=30))
def test_whatever_is_measured_the_estimate_is_a_share(series: list[tuple[float, ...]]) -> None:
    estimator = SocEstimator(BATTERY)
    for at_s, volts, amps, percent in series:
        estimate = estimator.update(at_s, voltage_v=volts, current_a=amps, percent=percent)
        if estimate is not None:
            assert 0.0 <= estimate.soc <= 1.0
            assert 0.01 <= estimate.sd <= 0.3
