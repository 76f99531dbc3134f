from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgepi_wittypi.codes import choose_alarm, decode_clock, encode_clock
from edgepi_wittypi.gen4.codes import decode_temperature, decode_wake, encode_voltage, encode_wake

NOW = datetime(2026, 6, 1, 12, 0, 0, 250_000, tzinfo=UTC)
times = st.datetimes(datetime(2024, 1, 1), datetime(2099, 12, 31)).map(  # noqa: DTZ001
    lambda t: t.replace(microsecond=0, tzinfo=UTC)
)


@given(times)
def test_each_time_survives_the_board(time: datetime) -> None:
    assert decode_clock(encode_clock(time)) == time


@given(st.lists(st.integers(0, 255), min_size=7, max_size=7))
def test_no_register_content_breaks_the_clock(registers: list[int]) -> None:
    time = decode_clock(registers)
    assert time is None or time.tzinfo is not None


def test_year_zero_is_a_lost_clock() -> None:
    assert decode_clock([0, 0, 0, 1, 6, 1, 0]) is None


@given(st.integers(-30 * 86400, 90 * 86400))
def test_an_alarm_is_never_in_the_past_nor_ambiguous(seconds: int) -> None:
    alarm = choose_alarm(NOW + timedelta(seconds=seconds), NOW, margin_s=120.0, horizon_s=27 * 86400.0)
    ahead = alarm.time_utc - NOW
    assert timedelta(seconds=120) <= ahead <= timedelta(days=27)
    assert alarm.time_utc.microsecond == 0
    moved = alarm.time_utc - (NOW + timedelta(seconds=seconds))
    assert bool(alarm.note) == (not timedelta() <= moved < timedelta(seconds=1))


def test_a_wake_is_never_before_its_fraction_of_a_second() -> None:
    wanted = NOW + timedelta(hours=1)
    assert choose_alarm(wanted, NOW, margin_s=60.0, horizon_s=86400.0).time_utc == datetime(
        2026, 6, 1, 13, 0, 1, tzinfo=UTC
    )


@pytest.mark.parametrize(
    ("hours", "register"), [(0, 1), (1, 1), (127, 127), (128, 0x80 | 6), (24 * 300, 0xFF)]
)
def test_guaranteed_wake_is_hours_then_days(hours: int, register: int) -> None:
    assert encode_wake(hours) == register


@given(st.integers(1, 24 * 127))
def test_guaranteed_wake_never_comes_early(hours: int) -> None:
    assert hours <= decode_wake(encode_wake(hours)) < hours + 24


@pytest.mark.parametrize(("volts", "register"), [(None, 255), (12.94, 129), (0.0, 0), (99.0, 254)])
def test_voltages_are_tenths_and_never_off_by_mistake(volts: float | None, register: int) -> None:
    assert encode_voltage(volts) == register


@pytest.mark.parametrize(("word", "celsius"), [(0x0019, 25.0), (0x201F, 31.125), (0x80F3, -12.5)])
def test_temperatures(word: int, celsius: float) -> None:
    assert decode_temperature(word) == celsius
