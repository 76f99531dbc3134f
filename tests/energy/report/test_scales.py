from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from edgepi.energy.report.scales import Scale, number_ticks, round_up, time_ticks

PARIS = ZoneInfo("Europe/Paris")


def texts(start: datetime, span: timedelta, width: float = 760.0) -> list[str]:
    return [tick.text for tick in time_ticks(start, start + span, PARIS, width)]


def test_values_beyond_a_scale_stay_within_the_picture() -> None:
    scale = Scale(0.0, 10.0, 100.0, 0.0)
    assert [scale(v) for v in (-5.0, 0.0, 5.0, 20.0)] == [100.0, 100.0, 50.0, 0.0]
    assert Scale(3.0, 3.0, 0.0, 10.0)(3.0) == 5.0


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 100, ["0", "20", "40", "60", "80", "100"]),
        (0, 0.9, ["0.0", "0.2", "0.4", "0.6", "0.8"]),
        (-20, 20, ["\u221220", "\u221210", "0", "10", "20"]),
        (0, 40_000, ["0", "10\u202f000", "20\u202f000", "30\u202f000", "40\u202f000"]),
        (5, 5, ["5.0"]),
    ],
)
def test_ticks_of_numbers_are_round(low: float, high: float, expected: list[str]) -> None:
    assert [tick.text for tick in number_ticks(low, high, 5)] == expected


def test_an_axis_begins_at_zero_unless_zero_is_far_away() -> None:
    assert round_up(3.0, 11.0) == (0.0, 15.0)
    assert round_up(13.0, 13.4, 4) == pytest.approx((13.0, 13.4))
    low, high = round_up(7.0, 7.0)
    assert low <= 7.0 < high
    assert round_up(0.0, 0.0) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        (timedelta(hours=1), ["01:00", "01:05"]),
        (timedelta(hours=12), ["01:00", "02:00"]),
        (timedelta(days=2), ["03:00", "06:00"]),
        (timedelta(days=7), ["12:00", "11 Mar"]),
        (timedelta(days=35), ["17 Mar", "24 Mar"]),
        (timedelta(days=365), ["Apr", "May"]),
        (timedelta(days=3000), ["Jul", "2026"]),
    ],
)
def test_ticks_of_time_are_round_in_the_local_time(span: timedelta, expected: list[str]) -> None:
    assert texts(datetime(2025, 3, 10, tzinfo=UTC), span)[:2] == expected


def test_labels_never_need_more_than_the_width() -> None:
    for hours in (1, 5, 20, 70, 300, 1000, 5000, 20_000):
        assert len(texts(datetime(2025, 3, 10, tzinfo=UTC), timedelta(hours=hours), 300)) <= 10


def test_an_hour_that_clocks_leave_out_has_no_tick() -> None:
    start = datetime(2025, 3, 29, 23, tzinfo=UTC)
    assert texts(start, timedelta(hours=6))[:5] == ["30 Mar", "00:30", "01:00", "01:30", "03:00"]


def test_ticks_stand_at_local_midnight_on_both_sides_of_a_clock_change() -> None:
    ticks = time_ticks(datetime(2025, 3, 29, tzinfo=UTC), datetime(2025, 4, 1, tzinfo=UTC), PARIS, 200.0)
    days = [tick for tick in ticks if "Mar" in tick.text]
    assert [datetime.fromtimestamp(t.value, PARIS).strftime("%H:%M") for t in days] == ["00:00"] * 2
