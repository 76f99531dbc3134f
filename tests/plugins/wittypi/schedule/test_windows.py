from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgepi_wittypi.schedule.grammar import Schedule, State, parse
from edgepi_wittypi.schedule.windows import Window, utc, windows

DAILY = "BEGIN 2026-06-01 08:00:00\nEND 2026-06-05 09:00:00\nON H2\nOFF H22\n"


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 6, day, hour, minute)  # noqa: DTZ001 (local time)


def test_the_states_repeat_from_begin_to_end() -> None:
    found = list(windows(parse(DAILY), at(1, 0)))
    assert found[0] == Window(at(1, 8), at(1, 10))
    assert [each.begin for each in found] == [at(day, 8) for day in (1, 2, 3, 4, 5)]
    assert found[-1] == Window(at(5, 8), at(5, 9)), "END cuts the last one off"


def test_a_window_that_runs_comes_first_and_whole() -> None:
    assert next(windows(parse(DAILY), at(3, 9))) == Window(at(3, 8), at(3, 10))
    assert next(windows(parse(DAILY), at(3, 10))) == Window(at(4, 8), at(4, 10))


def test_after_the_end_there_is_none() -> None:
    assert list(windows(parse(DAILY), at(5, 9))) == []
    assert list(windows(parse(DAILY), at(30, 0))) == []


def test_states_on_in_a_row_are_one_window() -> None:
    schedule = parse(
        "BEGIN 2026-06-01 08:00:00\nEND 2026-06-30 00:00:00\nON H1\nON M30\nOFF H21 M30\nON H1\n"
    )
    first, second = islice(windows(schedule, at(1, 0)), 2)
    assert first == Window(at(1, 8), at(1, 9, 30))
    assert second == Window(at(2, 7), at(2, 9, 30)), "the last state runs on into the next turn"
    assert next(windows(schedule, at(2, 8, 30))) == second


def test_wait_after_off_leaves_the_start_to_others() -> None:
    schedule = parse("BEGIN 2026-06-01 08:00:00\nEND 2026-06-30 00:00:00\nON H1\nOFF H23 WAIT\n")
    assert [each.wakes for each in islice(windows(schedule, at(1, 0)), 3)] == [True, False, False]
    assert not next(windows(schedule, at(9, 0))).wakes


def test_wait_after_on_leaves_the_end_to_others() -> None:
    schedule = parse("BEGIN 2026-06-01 08:00:00\nEND 2026-06-30 00:00:00\nON H1 WAIT\nOFF H23\n")
    assert not next(windows(schedule, at(1, 0))).ends


def test_a_schedule_of_years_ago_is_worked_out_at_once() -> None:
    schedule = Schedule(
        datetime(1990, 1, 1),  # noqa: DTZ001 (local time)
        datetime(2090, 1, 1),  # noqa: DTZ001 (local time)
        (State(on=True, length=timedelta(seconds=1)), State(on=False, length=timedelta(seconds=1))),
    )
    assert next(windows(schedule, at(1, 0))).begin == at(1, 0)


@given(
    st.lists(st.tuples(st.booleans(), st.integers(1, 200)), min_size=2, max_size=6).filter(
        lambda states: len({on for on, _ in states}) == 2
    ),
    st.integers(0, 5000),
)
def test_windows_are_apart_in_order_and_not_over(states: list[tuple[bool, int]], minutes: int) -> None:
    schedule = Schedule(
        at(1, 0), at(9, 0), tuple(State(on=on, length=timedelta(minutes=length)) for on, length in states)
    )
    since = at(1, 0) + timedelta(minutes=minutes)
    found = list(islice(windows(schedule, since), 20))
    assert all(each.end > since and each.begin < each.end <= schedule.end for each in found)
    assert all(one.end < two.begin for one, two in pairwise(found))
    whole = [each for each in windows(schedule, schedule.begin) if each.end > since][:20]
    assert found == whole, "wherever one begins to look, they are the same"


@pytest.mark.parametrize(
    ("local", "meant"),
    [
        (datetime(2026, 1, 1, 8), datetime(2026, 1, 1, 7, tzinfo=UTC)),  # noqa: DTZ001 (local time)
        (datetime(2026, 7, 1, 8), datetime(2026, 7, 1, 6, tzinfo=UTC)),  # noqa: DTZ001 (local time)
    ],
)
def test_eight_o_clock_stays_eight_o_clock_in_summer(local: datetime, meant: datetime) -> None:
    assert utc(local, ZoneInfo("Europe/Berlin")) == meant
