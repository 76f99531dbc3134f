from __future__ import annotations

from dataclasses import astuple, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgepi_weather.met import Observation
from edgepi_weather.met.limits import LIMITS, with_changes
from edgepi_weather.met.quality import Judged, Quality

GOOD = Observation(
    temperature=12.34,
    humidity=71.0,
    pressure=1002.5,
    wind_speed=3.2,
    wind_gust=6.1,
    wind_direction=240.0,
    rain_rate=1.1,
    rain=0.2794,
)
HOUR_S = 3600.0


def judged(
    quality: Quality, *temperatures: float, step_s: float = 60.0, from_s: float = 0.0
) -> list[float | None]:
    """What is left of a course of temperatures."""
    return [
        quality.judge(Observation(temperature=value), from_s + index * step_s).observation.temperature
        for index, value in enumerate(temperatures)
    ]


def test_what_can_be_is_left_alone() -> None:
    quality = Quality()
    assert quality.judge(GOOD, 0.0) == Judged(GOOD, ())
    assert quality.judge(replace(GOOD, temperature=12.5), 60.0).notes == ()


@pytest.mark.parametrize("key", LIMITS)
def test_a_value_out_of_range_is_taken_out_and_said(key: str) -> None:
    for value in (LIMITS[key].low - 0.1, LIMITS[key].high + 0.1):
        observation, notes = Quality().judge(Observation(**{key: value}), 0.0)
        assert getattr(observation, key) is None
        assert [note.key for note in notes] == [key]
        assert "cannot be" in notes[0].sentence


def test_a_value_out_of_range_leaves_the_others_and_the_next_alone() -> None:
    quality = Quality()
    observation, _notes = quality.judge(replace(GOOD, temperature=85.0), 0.0)
    assert observation == replace(GOOD, temperature=None)
    assert quality.judge(GOOD, 60.0).notes == ()


def test_a_spike_takes_one_reading() -> None:
    assert judged(Quality(), 12.0, 30.0, 12.1, 12.2) == [12.0, None, 12.1, 12.2]


def test_a_lasting_change_is_believed_at_the_second_reading() -> None:
    assert judged(Quality(), 12.0, 30.0, 30.1, 30.2) == [12.0, None, 30.1, 30.2]


def test_the_first_reading_and_the_first_after_a_long_silence_are_compared_with_nothing() -> None:
    quality = Quality()
    assert judged(quality, 12.0) == [12.0]
    assert judged(quality, 30.0, from_s=HOUR_S + 1) == [30.0]


def test_a_step_is_judged_by_the_time_it_took_but_by_a_minute_at_least() -> None:
    assert judged(Quality(), 12.0, 14.9, step_s=5.0) == [12.0, 14.9]
    assert judged(Quality(), 12.0, 15.1, step_s=5.0) == [12.0, None]
    assert judged(Quality(), 12.0, 41.9, step_s=600.0) == [12.0, 41.9]
    assert judged(Quality(), 12.0, 42.1, step_s=600.0) == [12.0, None]


def test_a_sentence_says_what_jumped() -> None:
    quality = Quality()
    quality.judge(Observation(pressure=1002.5), 0.0)
    ((key, sentence),) = quality.judge(Observation(pressure=990.0), 60.0).notes
    assert key == "pressure"
    assert sentence == "pressure 990.0 hPa after 1002.5 hPa 60 s before: more than 0.5 hPa a minute"


def test_a_sensor_that_says_the_same_for_hours_is_stuck_until_it_moves() -> None:
    quality = Quality()
    course = judged(quality, *[12.34] * 8, 12.35, step_s=HOUR_S)
    assert course == [*[12.34] * 6, None, None, 12.35]


def test_a_calm_a_fog_and_a_dry_day_may_last() -> None:
    quality = Quality()
    rest = Observation(humidity=100.0, wind_speed=0.0, wind_gust=0.0, rain_rate=0.0, wind_direction=90.0)
    for hour in range(72):
        assert quality.judge(rest, hour * HOUR_S).notes == ()


def test_a_gust_below_the_mean_makes_both_doubtful() -> None:
    observation, notes = Quality().judge(replace(GOOD, wind_gust=2.0), 0.0)
    assert (observation.wind_speed, observation.wind_gust) == (None, None)
    assert observation.wind_direction == GOOD.wind_direction
    assert {note.key for note in notes} == {"wind_speed", "wind_gust"}


def test_rain_that_cannot_be_is_not_summed_either() -> None:
    observation, notes = Quality().judge(replace(GOOD, rain_rate=4000.0, rain=60.0), 0.0)
    assert (observation.rain_rate, observation.rain) == (None, None)
    assert [note.key for note in notes] == ["rain_rate", "rain"]


def test_limits_can_be_changed() -> None:
    limits = with_changes({"temperature": {"low": -20.0, "step_per_min": None}})
    quality = Quality(limits)
    assert judged(quality, 12.0, 50.0, -20.1) == [12.0, 50.0, None]
    assert limits["pressure"] == LIMITS["pressure"]


@given(st.lists(st.tuples(st.sampled_from(sorted(LIMITS)), st.floats(-1e4, 1e4)), max_size=30))
def test_what_is_left_is_always_within_its_limits_and_every_loss_is_said(
    course: list[tuple[str, float]],
) -> None:
    quality = Quality()
    for index, (key, value) in enumerate(course):
        observation, notes = quality.judge(replace(GOOD, **{key: value}), index * 60.0)
        gone = {name for name in LIMITS if getattr(observation, name) is None}
        assert gone == {note.key for note in notes}
        for name, limits in LIMITS.items():
            left = getattr(observation, name)
            assert left is None or limits.low <= left <= limits.high


def test_what_is_not_measured_is_not_judged() -> None:
    observation, notes = Quality().judge(Observation(), 0.0)
    assert set(astuple(observation)) == {None}
    assert notes == ()
