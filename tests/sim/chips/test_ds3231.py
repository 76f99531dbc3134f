from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from edgepi.sim.bus import SimulatedBus
from edgepi.sim.chips.ds3231 import DS3231

ALARM1, ALARM2, CONTROL, STATUS = 0x07, 0x0B, 0x0E, 0x0F
OPEN = 0x80
NOON = datetime(2026, 6, 1, 12, 0, 0, tzinfo=UTC)  # a Monday


@pytest.fixture
def clock() -> DS3231:
    chip = DS3231()
    chip.set(NOON)
    return chip


def put(chip: DS3231, first: int, *values: int) -> None:
    for register, value in enumerate(values, start=first):
        chip.write(register, value)


def seconds(chip: DS3231, count: int) -> int:
    """Count on; how many times an alarm came."""
    return sum(chip.count_on(1.0) != 0 for _ in range(count))


def test_it_starts_with_no_time_and_knows_that_it_lost_the_time() -> None:
    chip = DS3231()
    assert [chip.read(register) for register in range(7)] == [0, 0, 0, 1, 1, 1, 0]
    assert (chip.read(CONTROL), chip.read(STATUS)) == (0x1C, 0x88)


def test_time_is_shown_as_decimal_digits_and_monday_is_1(clock: DS3231) -> None:
    clock.set(datetime(2026, 12, 31, 23, 59, 58, tzinfo=UTC))
    assert [clock.read(register) for register in range(7)] == [0x58, 0x59, 0x23, 4, 0x31, 0x12, 0x26]
    seconds(clock, 2)
    assert [clock.read(register) for register in range(7)] == [0, 0, 0, 5, 1, 1, 0x27]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (datetime(2028, 2, 28, 23, 59, 59, tzinfo=UTC), datetime(2028, 2, 29, tzinfo=UTC)),
        (datetime(2027, 2, 28, 23, 59, 59, tzinfo=UTC), datetime(2027, 3, 1, tzinfo=UTC)),
        (datetime(2027, 4, 30, 23, 59, 59, tzinfo=UTC), datetime(2027, 5, 1, tzinfo=UTC)),
    ],
)
def test_months_have_their_lengths(clock: DS3231, before: datetime, after: datetime) -> None:
    clock.set(before)
    clock.step(1.0)
    assert clock.shown_utc() == after


def test_the_century_bit_turns_after_the_year_99(clock: DS3231) -> None:
    put(clock, 0, 0x59, 0x59, 0x23, 5, 0x31, 0x12, 0x99)
    clock.step(1.0)
    assert [clock.read(5), clock.read(6)] == [0x81, 0x00]


@pytest.mark.parametrize(("register", "hour"), [(0x52, 0), (0x51, 11), (0x72, 12), (0x71, 23)])
def test_hours_may_be_twelve(clock: DS3231, register: int, hour: int) -> None:
    put(clock, 0, 0x59, 0x59, register)
    shown = clock.shown_utc()
    assert shown is not None
    assert shown.hour == hour
    clock.step(1.0)
    assert clock.read(2) == {0: 0x41, 11: 0x72, 12: 0x61, 23: 0x52}[hour]


def test_setting_the_seconds_starts_the_second_anew(clock: DS3231) -> None:
    clock.step(0.9)
    clock.write(0, 0x30)
    clock.step(0.9)
    assert clock.read(0) == 0x30


@pytest.mark.parametrize(
    ("alarm", "first_after_s", "then_after_s"),
    [
        ((OPEN, OPEN, OPEN, OPEN), 1, 1),
        ((0x30, OPEN, OPEN, OPEN), 30, 60),
        ((0x30, 0x01, OPEN, OPEN), 90, 3600),
        ((0x00, 0x02, 0x12, OPEN), 120, 86400),
        ((0x00, 0x02, 0x12, 0x01), 120, 30 * 86400),
        ((0x00, 0x02, 0x12, 0x41), 120, 7 * 86400),
    ],
)
def test_alarm_1_matches_by_what_is_not_left_open(
    clock: DS3231, alarm: tuple[int, ...], first_after_s: int, then_after_s: int
) -> None:
    put(clock, ALARM1, *alarm)
    assert seconds(clock, first_after_s - 1) == 0
    assert seconds(clock, 1) == 1
    clock.set(NOON + timedelta(seconds=first_after_s + then_after_s - 2))
    assert seconds(clock, 1) == (1 if then_after_s == 1 else 0)
    assert seconds(clock, 1) == 1


@pytest.mark.parametrize(
    ("alarm", "after_s"), [((OPEN, OPEN, OPEN), 60), ((0x05, OPEN, OPEN), 300), ((0x05, 0x12, 0x02), 86700)]
)
def test_alarm_2_comes_with_the_minute(clock: DS3231, alarm: tuple[int, ...], after_s: int) -> None:
    put(clock, ALARM2, *alarm)
    clock.set(NOON + timedelta(seconds=after_s - 30))
    assert seconds(clock, 29) == 0
    assert clock.count_on(1.0) == 2


def test_day_0_never_matches(clock: DS3231) -> None:
    clock.set(datetime(2026, 6, 1, 23, 59, 50, tzinfo=UTC))
    assert seconds(clock, 20) == 0


def test_the_line_falls_with_a_flag_that_is_switched_on_and_stays_low_until_it_is_cleared(
    clock: DS3231,
) -> None:
    put(clock, ALARM1, 0x05, OPEN, OPEN, OPEN)
    seconds(clock, 5)
    assert clock.read(STATUS) & 1, "the flag goes up also while its alarm is off"
    assert clock.alarm_line
    clock.write(CONTROL, 0x01)
    assert clock.alarm_line, "it gives a square wave"
    clock.write(CONTROL, 0x06)
    assert clock.alarm_line, "the other alarm is on"
    clock.write(CONTROL, 0x05)
    assert not clock.alarm_line
    seconds(clock, 30)
    assert not clock.alarm_line
    clock.write(STATUS, clock.read(STATUS) & ~1)
    assert clock.alarm_line


def test_flags_of_status_are_cleared_and_never_set(clock: DS3231) -> None:
    clock.write(STATUS, 0x00)
    clock.write(STATUS, 0xFF)
    assert clock.read(STATUS) == 0x08


def test_on_its_battery_it_can_be_told_to_stop(clock: DS3231) -> None:
    clock.write(STATUS, 0x00)
    clock.count_on(1.0, on_battery=True)
    assert clock.shown_utc() == NOON + timedelta(seconds=1)
    clock.write(CONTROL, 0x9C)
    clock.count_on(1.0, on_battery=True)
    assert clock.shown_utc() == NOON + timedelta(seconds=1)
    assert clock.read(STATUS) & 0x80, "and knows it"
    clock.step(1.0)
    assert clock.shown_utc() == NOON + timedelta(seconds=2)


@pytest.mark.parametrize(("celsius", "high", "low"), [(25.25, 0x19, 0x40), (-0.25, 0xFF, 0xC0), (0.0, 0, 0)])
def test_temperature_is_measured_each_64_s_or_when_told(
    clock: DS3231, celsius: float, high: int, low: int
) -> None:
    clock.temperature_c = celsius
    clock.step(1.0)
    assert (clock.read(0x11), clock.read(0x12)) == (high, low)
    clock.temperature_c = 10.0
    seconds(clock, 62)
    assert clock.read(0x11) == high
    clock.write(CONTROL, 0x3C)
    clock.step(1.0)
    assert clock.read(0x11) == 10
    assert clock.read(CONTROL) == 0x1C
    clock.write(0x11, 99)
    assert clock.read(0x11) == 10


def test_a_block_goes_on_from_register_to_register(clock: DS3231) -> None:
    bus = SimulatedBus({0x68: clock})
    assert bus.read_i2c_block_data(0x68, 0, 7) == [0, 0, 0x12, 1, 1, 6, 0x26]


def test_a_saved_clock_goes_on_where_it_was(clock: DS3231) -> None:
    put(clock, ALARM1, 0x05, OPEN, OPEN, OPEN)
    clock.step(0.7)
    again = DS3231(**json.loads(json.dumps(clock.to_dict())))
    assert seconds(again, 5) == seconds(clock, 5) == 1
    assert again == clock
