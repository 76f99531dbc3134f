from __future__ import annotations

import json
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from edgepi_weather.chips.rain import Moment, Rain, RainLog

BERLIN = ZoneInfo("Europe/Berlin")
MIDNIGHT = datetime(2026, 6, 1, tzinfo=BERLIN)
TIP = 0.2794


def at(minutes: float, *, midnight: datetime = MIDNIGHT, trusted: bool = True) -> Moment:
    local = datetime.fromtimestamp(midnight.timestamp() + 60.0 * minutes, BERLIN)
    return Moment(60.0 * minutes, local if trusted else None)


def run(log: RainLog, first: int, last: int, total: int = 0, *, trusted: bool = True) -> Rain:
    """Count nothing new each minute."""
    for minute in range(first, last + 1):
        log.count(at(minute, trusted=trusted), total)
    return log.rain(at(last, trusted=trusted))


def test_each_tip_is_worth_the_maker_s_amount() -> None:
    log = RainLog(TIP)
    log.count(at(0), 0)
    assert log.count(at(1), 3) == pytest.approx(3 * TIP)
    assert log.rain(at(1)).total_mm == pytest.approx(3 * TIP)


def test_the_first_total_only_begins_to_count() -> None:
    log = RainLog(TIP)
    assert log.count(at(0), 17) is None
    assert log.rain(at(0)) == Rain(None, None, None, 0.0)


def test_an_hour_without_a_tip_is_dry_once_it_was_counted() -> None:
    log = RainLog(TIP)
    assert run(log, 0, 50).hour_mm is None
    rain = run(log, 51, 60)
    assert rain == Rain(0.0, 0.0, 0.0, 0.0)


def test_the_rate_is_that_of_the_last_ten_minutes() -> None:
    log = RainLog(TIP)
    assert run(log, 0, 1).rate_mm_h is None
    rain = run(log, 2, 6, total=5)
    assert rain.rate_mm_h == pytest.approx(5 * TIP * 10)
    assert run(log, 7, 30, total=5).rate_mm_h == 0.0


def test_the_hour_forgets_and_the_day_does_not() -> None:
    log = RainLog(TIP)
    log.count(at(0), 0)
    run(log, 1, 70, total=4)
    rain = log.rain(at(70))
    assert rain.hour_mm == 0.0
    assert rain.today_mm == pytest.approx(4 * TIP)


def test_a_day_begins_at_local_midnight() -> None:
    log = RainLog(TIP)
    log.count(at(-120), 0)
    run(log, -119, 0, total=10)
    assert log.rain(at(-1)).today_mm is None
    rain = run(log, 1, 10, total=12)
    assert rain.today_mm == pytest.approx(2 * TIP)
    assert rain.total_mm == pytest.approx(12 * TIP)


@pytest.mark.parametrize("day", [datetime(2026, 3, 29, tzinfo=BERLIN), datetime(2026, 10, 25, tzinfo=BERLIN)])
def test_a_day_on_which_clocks_change_is_whole(day: datetime) -> None:
    log = RainLog(TIP)
    for minute in range(18 * 60):
        log.count(at(minute, midnight=day), 0)
    assert log.rain(at(18 * 60 - 1, midnight=day)).today_mm == 0.0


def test_a_night_in_which_nobody_counted_is_not_dry() -> None:
    log = RainLog(TIP)
    rain = run(log, 360, 480)
    assert rain.hour_mm == 0.0
    assert rain.today_mm is None


def test_how_much_of_a_day_may_be_uncounted_is_the_owner_s_choice() -> None:
    log = RainLog(TIP, most_gap_s=86400.0)
    assert run(log, 360, 480).today_mm == 0.0
    assert run(RainLog(TIP), 4, 20).today_mm == 0.0
    assert run(RainLog(TIP), 7, 20).today_mm is None


def test_time_in_which_nobody_counted_makes_the_hour_unknown() -> None:
    log = RainLog(TIP)
    assert run(log, 0, 61).hour_mm == 0.0
    log.lost()
    assert log.count(at(80), 0) is None
    rain = run(log, 81, 85)
    assert rain.hour_mm is None
    assert rain.today_mm is None
    assert rain.rate_mm_h == 0.0


def test_a_counter_that_began_anew_is_time_without_counting() -> None:
    log = RainLog(TIP)
    run(log, 0, 10, total=9)
    assert log.count(at(30), 2) is None
    assert log.count(at(31), 3) == pytest.approx(TIP)


def test_more_than_any_rain_is_not_counted_as_rain() -> None:
    log = RainLog(TIP)
    run(log, 0, 10)
    assert log.count(at(11), 500) is None
    assert log.doubtful == 1
    assert log.rain(at(11)).total_mm == 0.0
    assert log.count(at(12), 501) == pytest.approx(TIP)


def test_a_restart_forgets_nothing_but_the_time_between() -> None:
    log = RainLog(TIP)
    log.count(at(0), 0)
    run(log, 1, 100, total=0)
    run(log, 101, 120, total=6)
    saved = json.loads(json.dumps(log.to_dict(at(120))))
    again = RainLog(TIP)
    later = Moment(5.0, MIDNIGHT + timedelta(minutes=121))
    again.restore(saved, later)
    assert again.count(later, 0) is None
    rain = again.rain(later)
    assert rain.total_mm == rain.today_mm == rain.hour_mm == pytest.approx(6 * TIP)


def test_a_long_stop_makes_hour_and_day_unknown_but_not_the_total() -> None:
    log = RainLog(TIP)
    run(log, 0, 60)
    run(log, 61, 120, total=6)
    again = RainLog(TIP)
    later = Moment(5.0, MIDNIGHT + timedelta(minutes=140))
    again.restore(log.to_dict(at(120)), later)
    rain = again.rain(later)
    assert (rain.hour_mm, rain.today_mm) == (None, None)
    assert rain.total_mm == pytest.approx(6 * TIP)


def test_without_a_clock_to_trust_there_is_no_day_and_its_tips_are_booked_later() -> None:
    log = RainLog(TIP)
    log.count(at(0, trusted=False), 0)
    rain = run(log, 1, 20, total=4, trusted=False)
    assert rain.today_mm is None
    assert rain.total_mm == pytest.approx(4 * TIP)
    assert log.rain(at(20)).today_mm == pytest.approx(4 * TIP)


@pytest.mark.parametrize(
    "broken",
    [{}, {"total_mm": -1.0, "date": "", "day_mm": 0.0, "day_counted_s": 0.0}, {"total_mm": "3"}],
)
def test_what_is_no_saved_rain_is_refused(broken: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="holds no rain"):
        RainLog(TIP).restore(broken, at(0))


def test_what_is_disowned_just_after_midnight_leaves_a_day_that_can_be_restored() -> None:
    log = RainLog(TIP)
    log.count(at(-0.9), 0)
    log.count(at(0.1), 5)
    log.disown()
    saved = json.loads(json.dumps(log.to_dict(at(0.1))))
    again = RainLog(TIP)
    again.restore(saved, at(0.2))
    assert again.rain(at(0.2)).total_mm == 0.0


def test_of_an_interval_that_is_longer_than_an_hour_only_its_share_fell_in_the_last_hour() -> None:
    log = RainLog(TIP)
    log.count(at(0), 0)
    log.count(at(120), 40)
    assert log.rain(at(120)).hour_mm == pytest.approx(20 * TIP)


def test_the_last_hour_is_remembered_though_the_clock_is_trusted_only_later() -> None:
    log = RainLog(TIP)
    log.count(at(0), 0)
    run(log, 1, 120, total=3)
    for minute in range(121, 131):
        log.count(at(minute), 3 + minute - 120)
    saved = json.loads(json.dumps(log.to_dict(at(130))))
    again = RainLog(TIP)
    again.restore(saved, at(131, trusted=False))
    again.count(at(131, trusted=False), 0)
    again.count(at(132, trusted=False), 1)
    assert again.rain(at(132, trusted=False)).hour_mm is None
    assert json.loads(json.dumps(again.to_dict(at(132, trusted=False))))["hour"] == saved["hour"]
    again.count(at(133), 1)
    assert again.rain(at(133)).hour_mm == pytest.approx(11 * TIP)
