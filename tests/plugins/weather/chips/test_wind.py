from __future__ import annotations

import pytest

from edgepi_weather.chips.wind import LEAST_S, DirectionLog, WindLog

KIT = 2.4 / 3.6


def blown(log: WindLog, hz: float, *, start_s: float, seconds: float, step_s: float = 3.0) -> float:
    """Count so many closures a second, and return when it ended; the counter's total is `hz * t`."""
    now_s = start_s
    while now_s <= start_s + seconds:
        log.count(now_s, round(hz * now_s))
        now_s += step_s
    return now_s - step_s


def test_one_closure_a_second_is_the_maker_s_speed() -> None:
    log = WindLog(KIT)
    end_s = blown(log, 1.0, start_s=0.0, seconds=600.0)
    assert log.wind(end_s).speed_m_s == pytest.approx(2.4 / 3.6)


def test_no_closure_while_somebody_counts_is_calm() -> None:
    log = WindLog(KIT)
    end_s = blown(log, 0.0, start_s=0.0, seconds=600.0)
    assert (log.wind(end_s).speed_m_s, log.wind(end_s).gust_m_s) == (0.0, 0.0)


def test_nothing_is_known_before_somebody_counted_for_long_enough() -> None:
    log = WindLog(KIT)
    assert log.wind(0.0).speed_m_s is None
    end_s = blown(log, 0.0, start_s=0.0, seconds=LEAST_S - 3.0)
    assert log.wind(end_s).speed_m_s is None
    assert log.wind(end_s).gust_m_s is None


def test_a_gust_is_the_highest_mean_of_three_seconds() -> None:
    log = WindLog(KIT)
    end_s = blown(log, 3.0, start_s=0.0, seconds=300.0)
    total = round(3.0 * end_s)
    assert log.count(end_s + 3.0, total + 60) == pytest.approx(20 * KIT)
    total += 60
    for step in range(1, 20):
        total += 9
        log.count(end_s + 3.0 + 3.0 * step, total)
    wind = log.wind(end_s + 60.0)
    assert wind.gust_m_s == pytest.approx(20 * KIT)
    assert wind.speed_m_s == pytest.approx((360.0 * 3 + 51) / 360.0 * KIT, rel=0.01)


def test_a_gust_that_lies_in_two_looks_is_seen_whole_where_the_times_are_known() -> None:
    log = WindLog(KIT)
    end_s = blown(log, 3.0, start_s=0.0, seconds=300.0)
    total = round(3.0 * end_s)
    log.count(end_s + 1.0, total + 30, most=39)  # too early for a mean, and not forgotten
    log.count(end_s + 3.0, total + 36, most=33)
    log.count(end_s + 6.0, total + 45, most=9)
    wind = log.wind(end_s + 6.0)
    assert wind.gust_m_s == pytest.approx(13.0 * KIT)
    assert log.gust_since(end_s + 3.0) == pytest.approx(3.0 * KIT)


def test_closures_as_quick_as_no_wind_are_a_contact_that_bounces_even_if_they_are_few() -> None:
    log = WindLog(KIT)
    end_s = blown(log, 5.0, start_s=0.0, seconds=240.0)
    assert log.count(end_s + 3.0, round(5 * end_s) + 15, most=2000) is None
    assert log.doubtful == 1


def test_a_gust_is_over_ten_minutes_later() -> None:
    log = WindLog(KIT)
    log.count(0.0, 0)
    log.count(3.0, 100)
    log.count(6.0, 100)
    for step in range(3, 201):
        log.count(3.0 * step, 100)
    assert log.wind(602.0).gust_m_s == pytest.approx(100 / 3 * KIT)
    assert log.wind(604.0).gust_m_s == 0.0


def test_a_mean_of_less_than_three_seconds_is_no_gust() -> None:
    log = WindLog(KIT)
    log.count(0.0, 0)
    assert log.count(0.5, 10) is None
    assert log.count(3.0, 10) == pytest.approx(10 / 3 * KIT)


def test_time_in_which_nobody_counted_is_no_calm() -> None:
    log = WindLog(KIT)
    end_s = blown(log, 5.0, start_s=0.0, seconds=240.0)
    log.lost()
    assert log.count(end_s + 240.0, 7) is None
    end_s = end_s + 240.0
    log.count(end_s + 3.0, 7 + 15)
    assert log.wind(end_s + 3.0).speed_m_s == pytest.approx(5.0 * KIT)


def test_a_counter_that_began_anew_is_no_calm_and_no_storm() -> None:
    log = WindLog(KIT)
    end_s = blown(log, 5.0, start_s=0.0, seconds=240.0)
    assert log.count(end_s + 3.0, 4) is None
    assert log.wind(end_s + 3.0).speed_m_s == pytest.approx(5.0 * KIT)


def test_long_after_the_last_count_nothing_is_known() -> None:
    log = WindLog(KIT)
    end_s = blown(log, 5.0, start_s=0.0, seconds=600.0)
    log.lost()
    assert log.wind(end_s + 470.0).speed_m_s == pytest.approx(5.0 * KIT)
    assert log.wind(end_s + 490.0).speed_m_s is None


def test_a_late_sample_keeps_its_weight() -> None:
    log = WindLog(KIT)
    log.count(0.0, 0)
    log.count(3.0, 30)
    log.count(123.0, 30)
    assert log.wind(123.0).speed_m_s == pytest.approx(30 / 123 * KIT)


def test_more_than_any_wind_is_a_contact_that_bounces() -> None:
    log = WindLog(KIT)
    end_s = blown(log, 5.0, start_s=0.0, seconds=240.0)
    assert log.count(end_s + 3.0, 5000) is None
    assert log.doubtful == 1
    assert log.wind(end_s + 3.0).gust_m_s == pytest.approx(5.0 * KIT)


def mean_of(*degrees: float) -> float | None:
    log = DirectionLog()
    for i, each in enumerate(degrees):
        log.add(float(i), each)
    return log.mean_deg(float(len(degrees)))


@pytest.mark.parametrize(
    ("degrees", "expected"),
    [
        ((350.0, 10.0) * 5, 0.0),
        ((337.5, 0.0) * 5, 348.8),
        ((90.0,) * 5, 90.0),
        ((180.0, 180.0, 180.0, 270.0, 270.0, 270.0), 225.0),
        ((0.0, 180.0) * 5, None),
        ((90.0,) * 4, None),
    ],
)
def test_directions_are_averaged_as_vectors(degrees: tuple[float, ...], expected: float | None) -> None:
    assert mean_of(*degrees) == expected


def test_a_mean_is_never_360_degrees() -> None:
    assert mean_of(*(359.97,) * 5) == 0.0


def test_directions_older_than_ten_minutes_are_forgotten() -> None:
    log = DirectionLog()
    for second in range(10):
        log.add(float(second), 90.0)
    for second in range(700, 710):
        log.add(float(second), 180.0)
    assert log.mean_deg(710.0) == 180.0
    assert log.mean_deg(1400.0) is None


def test_a_gale_says_more_of_the_direction_than_a_breath() -> None:
    log = DirectionLog()
    for second in range(10):
        log.add(float(second), 0.0, 1.0)
    for second in range(10, 20):
        log.add(float(second), 90.0, 3.0)
    assert log.mean_deg(20.0) == pytest.approx(71.6)


def test_a_direction_whose_wind_nobody_counted_weighs_as_much_as_the_others() -> None:
    log = DirectionLog()
    for second in range(10):
        log.add(float(second), 0.0, None)
    for second in range(10, 20):
        log.add(float(second), 90.0, 3.0)
    assert log.mean_deg(20.0) == 45.0


def test_the_gust_of_a_time_leaves_out_what_was_before() -> None:
    log = WindLog(KIT)
    log.count(0.0, 0)
    log.count(3.0, 100)
    for step in range(2, 61):
        log.count(3.0 * step, 100 + step)
    assert log.wind(180.0).gust_m_s == pytest.approx(100 / 3 * KIT)
    assert log.gust_since(2.0) == pytest.approx(100 / 3 * KIT)
    assert log.gust_since(3.0) == pytest.approx(2 / 3 * KIT)
    assert log.gust_since(180.0) is None


def test_a_burst_that_is_told_late_is_no_gust_where_the_times_of_the_closures_are_known() -> None:
    log = WindLog(KIT)
    log.count(0.0, 0, 0)
    for n in range(1, 101):
        late = 60 * (n // 20)  # each minute the totals of 20 looks come at once
        log.count(3.0 * n, 3 * late, 9)
    assert log.wind(300.0).gust_m_s == pytest.approx(3.0 * KIT)
