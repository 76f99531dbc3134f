from __future__ import annotations

import contextlib
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgepi_wittypi.schedule.grammar import ScheduleError, State, parse

HOUR = timedelta(hours=1)
HEAD = "BEGIN 2026-06-01 08:00:00\nEND 2026-12-31 23:59:59\n"
EXAMPLE = """# wake by day
BEGIN 2026-06-01 08:00:00   # local time
END   2026-12-31 23:59:59

ON    H1 M30 S15
OFF   D1 H2 H1   WAIT
on    m5         # small letters do as well
"""


def test_every_word_of_the_grammar_is_known() -> None:
    schedule = parse(EXAMPLE)
    assert schedule.begin == datetime(2026, 6, 1, 8)  # noqa: DTZ001 (local time)
    assert schedule.end == datetime(2026, 12, 31, 23, 59, 59)  # noqa: DTZ001 (local time)
    assert schedule.states == (
        State(on=True, length=timedelta(hours=1, minutes=30, seconds=15)),
        State(on=False, length=27 * HOUR, wait=True),
        State(on=True, length=timedelta(minutes=5)),
    )
    assert schedule.cycle == timedelta(hours=28, minutes=35, seconds=15)


def test_windows_line_ends_and_a_byte_order_mark_do_no_harm() -> None:
    assert parse("\ufeff" + EXAMPLE.replace("\n", "\r\n")) == parse(EXAMPLE)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (HEAD + "ON H1\nOFF H1\nONN H1", "s.wpi:5:1: expected BEGIN, END, ON or OFF, not 'ONN'; is ON"),
        (HEAD + "ON H1\n  OFF H1 X5", "s.wpi:4:10: expected D, H, M or S with a number"),
        (HEAD + "ON H1M30\nOFF H1", "or WAIT, not 'H1M30'; write H1 M30"),
        (HEAD + "ON 2h\nOFF H1", "write H2"),
        (HEAD + "ON H1 WIAT\nOFF H1", "is WAIT meant?"),
        (HEAD + "ON H1 WAIT M5\nOFF H1", "s.wpi:3:12: nothing may follow WAIT"),
        (HEAD + "ON WAIT\nOFF H1", "s.wpi:3:1: ON needs a length"),
        (HEAD + "ON M0\nOFF H1", "s.wpi:3:1: ON needs a length"),
        (HEAD + "ON D99999\nOFF H1", "longer than a hundred years"),
        (HEAD + "ON H1", "s.wpi:3:1: there is no OFF"),
        (HEAD + "OFF H1 # ON H1", "there is no ON"),
        ("END 2026-12-31 23:59:59\nON H1\nOFF H1", "there is no BEGIN"),
        ("BEGIN 2026-12-31 23:59:59\nON H1\nOFF H1", "there is no END"),
        ("", "s.wpi:1:1: there is no BEGIN"),
        ("BEGIN", "s.wpi:1:1: BEGIN needs a date and a time"),
        ("BEGIN tomorrow 08:00:00", "s.wpi:1:7: BEGIN needs a date"),
        ("BEGIN 2026-06-01", "s.wpi:1:7: BEGIN needs a date and a time"),
        ("BEGIN 2026-06-01 8:00", "s.wpi:1:18: BEGIN needs a date and a time"),
        ("BEGIN 2026-02-30 08:00:00", "s.wpi:1:7: 2026-02-30 08:00:00 is no time"),
        ("BEGIN 2026-06-01 08:00:00 UTC", "s.wpi:1:27: nothing may follow the time"),
        (HEAD + "BEGIN 2026-06-01 08:00:00", "s.wpi:3:1: BEGIN stands here for the second time"),
        ("BEGIN 2026-06-01 08:00:00\nEND 2026-06-01 08:00:00", "s.wpi:2:5: END must come after BEGIN"),
        ("END 2026-06-01 08:00:00\nBEGIN 2026-06-01 08:00:00\nON H1\nOFF H1", "END must come after BEGIN"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_line_and_column(text: str, said: str) -> None:
    with pytest.raises(ScheduleError) as caught:
        parse(text, "s.wpi")
    assert said in caught.value.message
    assert caught.value.message.startswith("s.wpi:")


@given(st.text(alphabet="BEGINDOFWATHMS0123456789:- #\n", max_size=80))
def test_nothing_that_is_written_breaks_it(text: str) -> None:
    with contextlib.suppress(ScheduleError):
        assert parse(text).cycle > timedelta()
