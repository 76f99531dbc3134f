from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgepi_weather.met.tendency import PressureHistory, Tendency, characteristic, words

HOUR_S = 3600.0
changes = st.floats(-10.0, 10.0)


def history(*readings: tuple[float, float]) -> PressureHistory:
    """Readings as hours and hPa."""
    made = PressureHistory()
    for hours, pressure_hpa in readings:
        made.add(hours * HOUR_S, pressure_hpa)
    return made


def test_the_change_is_that_over_three_hours_not_over_all_that_is_known() -> None:
    seen = history(*((hours / 6, 1000.0 + hours / 6) for hours in range(31)))
    tendency = seen.tendency(5 * HOUR_S)
    assert tendency is not None
    assert tendency.change_hpa == pytest.approx(3.0)
    assert tendency.characteristic == 2
    assert tendency.words == "rising"


def test_between_readings_a_line_is_drawn() -> None:
    seen = history((0, 1000), (0.75, 1003), (1.5, 1003), (2.25, 1003), (3.25, 1003))
    tendency = seen.tendency(3.25 * HOUR_S)
    assert tendency is not None
    assert tendency.change_hpa == pytest.approx(2.0)


def test_before_three_hours_have_been_seen_there_is_none() -> None:
    assert history().tendency(0.0) is None
    assert history((0, 1000), (1, 1001), (2, 1002), (2.9, 1003)).tendency(2.9 * HOUR_S) is None


def test_after_a_gap_there_is_none_until_three_hours_have_been_seen_again() -> None:
    before = [(hours / 2, 1000.0) for hours in range(8)]
    after = [(8 + hours / 2, 1010.0) for hours in range(6)]
    assert history(*before).tendency(3.5 * HOUR_S) is not None
    assert history(*before).tendency(4.6 * HOUR_S) is None
    assert history(*before, *after).tendency(10.5 * HOUR_S) is None
    assert history(*before, *after, (11, 1010)).tendency(11 * HOUR_S) == Tendency(0.0, 4)


def test_a_gap_in_the_middle_takes_only_the_course() -> None:
    tendency = history((0, 1000), (0.5, 1000), (2.5, 996), (3, 996)).tendency(3 * HOUR_S)
    assert tendency == Tendency(-4.0, None)
    assert tendency.words == "falling quickly"


def test_frequent_readings_take_no_more_memory_and_change_nothing() -> None:
    seen = PressureHistory()
    for second in range(0, 5 * 3600, 5):
        seen.add(float(second), 1000.0 + second / HOUR_S)
    assert len(seen._seen) <= 300
    tendency = seen.tendency(5 * HOUR_S)
    assert tendency is not None
    assert tendency.change_hpa == pytest.approx(3.0, abs=0.01)


def test_time_that_runs_back_begins_anew() -> None:
    assert history((1, 1000), (4, 1000), (0.5, 1000)).tendency(0.5 * HOUR_S) is None


@pytest.mark.parametrize(
    ("first", "second", "figure"),
    [
        (2, -1, 0),
        (1, -1, 0),
        (2, 0, 1),
        (2, 0.5, 1),
        (1, 1, 2),
        (-0.5, 2, 3),
        (0, 2, 3),
        (0.5, 2, 3),
        (0, 0, 4),
        (0.04, -0.04, 4),
        (-2, 1, 5),
        (-1, 1, 5),
        (-2, 0, 6),
        (-2, -0.5, 6),
        (-1, -1, 7),
        (0.5, -2, 8),
        (0, -2, 8),
        (-0.5, -2, 8),
    ],
)
def test_the_figure_is_that_of_code_table_0200(first: float, second: float, figure: int) -> None:
    assert characteristic(first, second) == figure


@given(changes, changes)
def test_the_figure_of_the_mirrored_course_is_the_mirrored_figure(first: float, second: float) -> None:
    figure = characteristic(first, second)
    assert characteristic(-first, -second) == (4 if figure == 4 else (figure + 5) % 10)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (0.04, "steady"),
        (0.1, "rising slowly"),
        (-1.5, "falling slowly"),
        (1.6, "rising"),
        (-3.5, "falling"),
        (3.6, "rising quickly"),
        (-6.0, "falling quickly"),
        (6.1, "rising very rapidly"),
    ],
)
def test_words_are_those_of_the_marine_forecasts(change: float, expected: str) -> None:
    assert words(change) == expected


def test_a_turn_is_said() -> None:
    assert (words(0.5, 0), words(-0.5, 5)) == ("now falling", "now rising")
