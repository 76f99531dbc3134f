from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgepi.energy import Account, Ledger, Tick
from edgepi.energy.flows import Flows

START = datetime(2025, 6, 1, 10, 0, tzinfo=UTC)
STATED = {"node": 2.7, "camera": 1.3}


def balanced(account: Account) -> bool:
    harvested = account.harvested_wh
    other = account.total_used_wh + account.stored_wh + account.lost_wh
    return abs(harvested - other) <= 0.001 * max(abs(harvested), abs(other), 1e-6)


def run(
    ledger: Ledger, seconds: float, flows: Flows | None, *, step_s: float = 60.0, at_s: float = 0.0
) -> None:
    for n in range(int(seconds / step_s) + 1):
        passed = at_s + n * step_s
        ledger.book(
            Tick(monotonic_s=passed, now_utc=START + timedelta(seconds=passed), flows=flows, stated_w=STATED)
        )


def test_an_hour_of_measured_flows_is_booked_with_what_nobody_stated() -> None:
    ledger = Ledger(time_zone="UTC")
    run(ledger, 3600.0, Flows(input_w=20.0, output_w=4.5, battery_w=14.0))
    total = ledger.total
    assert total.harvested_wh == pytest.approx(20.0)
    assert total.stored_wh == pytest.approx(14.0)
    assert total.lost_wh == pytest.approx(1.5)
    # Stated powers are as the battery sees them; behind a converter of 90 % less is left of them.
    assert total.used_wh == pytest.approx({"node": 2.43, "camera": 1.17, "unexplained": 0.9})
    assert total.balance_wh == pytest.approx(14.0)


def test_a_gap_in_telemetry_is_booked_as_a_gap() -> None:
    ledger = Ledger(time_zone="UTC")
    run(ledger, 600.0, Flows(input_w=12.0, output_w=3.0))
    before = ledger.total.harvested_wh
    run(ledger, 1200.0, None, at_s=660.0)
    run(ledger, 600.0, Flows(input_w=12.0, output_w=3.0), at_s=1920.0)
    assert ledger.total.gap_s == pytest.approx(1320.0)
    assert ledger.total.harvested_wh == pytest.approx(2 * before)


def test_what_the_battery_gained_in_a_gap_is_booked_once_it_is_measured_again() -> None:
    ledger = Ledger(time_zone="UTC")
    measured = Flows(input_w=12.0, battery_w=9.0)
    held = [(0, 20.0), (60, 20.15), (120, None), (180, None), (4000, 29.0), (4060, 29.15)]
    for at_s, stored_wh in held:
        flows = None if stored_wh is None else measured
        now = START + timedelta(seconds=at_s)
        ledger.book(Tick(monotonic_s=at_s, now_utc=now, flows=flows, stated_w=STATED, stored_wh=stored_wh))
    assert ledger.total.gap_s == pytest.approx(3940.0)
    assert ledger.total.gap_wh == pytest.approx(29.0 - 20.15)
    assert ledger.total.stored_wh == pytest.approx(2 * 9.0 / 60)
    assert balanced(ledger.total)


def test_time_between_two_far_apart_readings_is_a_gap_too() -> None:
    ledger = Ledger(time_zone="UTC")
    flows = Flows(input_w=12.0, output_w=3.0)
    run(ledger, 3600.0, flows, step_s=3600.0)
    assert ledger.total.harvested_wh == 0.0
    assert ledger.total.gap_s == 3600.0


def test_without_any_meter_of_power_the_charge_estimate_shows_the_harvest() -> None:
    ledger = Ledger(time_zone="UTC")
    for minute in range(61):
        ledger.book(
            Tick(
                monotonic_s=minute * 60.0,
                now_utc=START,
                flows=Flows(),
                stated_w=STATED,
                stored_wh=50.0 + minute / 60 * 6.0,
            )
        )
    assert ledger.total.harvested_wh == pytest.approx(10.0)
    assert ledger.total.stored_wh == pytest.approx(6.0)


def test_a_noisy_charge_estimate_makes_no_harvest_at_night() -> None:
    ledger = Ledger(time_zone="UTC")
    for minute in range(601):
        noise = 1.5 if minute % 2 else 0.0
        stored = 100.0 - 4.0 * minute / 60 + noise
        ledger.book(
            Tick(
                monotonic_s=minute * 60.0,
                now_utc=START,
                flows=Flows(),
                stated_w=STATED,
                stored_wh=stored,
            )
        )
    assert ledger.total.harvested_wh <= 1.6
    assert balanced(ledger.total)


def test_what_the_battery_itself_loses_is_not_stored() -> None:
    ledger = Ledger(time_zone="UTC", battery_efficiency=0.95)
    for cycle in range(20):
        run(ledger, 3600.0, Flows(input_w=20.0, output_w=4.5, battery_w=15.0), at_s=cycle * 36000.0)
        run(
            ledger,
            3600.0,
            Flows(input_w=0.0, output_w=12.1, battery_w=-13.5375),
            at_s=cycle * 36000.0 + 9000.0,
        )
    assert ledger.total.stored_wh == pytest.approx(0.0, abs=0.01)
    assert ledger.total.lost_wh > 20 * (0.05 * 15.0 + 0.05 * 14.0)
    assert balanced(ledger.total)


def test_an_estimate_that_rises_in_the_dark_waits_for_the_next_sun() -> None:
    ledger = Ledger(time_zone="UTC")
    for minute, stored, dark in [(0, 100.0, True), (60, 98.0, True), (120, 97.0, True), (180, 99.0, False)]:
        ledger.book(
            Tick(
                monotonic_s=minute * 4.0,
                now_utc=START,
                flows=Flows(),
                stated_w={"node": 60.0},
                stored_wh=stored,
                dark=dark,
            )
        )
        if dark:
            assert ledger.total.harvested_wh == 0.0
    assert ledger.total.total_used_wh == pytest.approx(12.0)
    assert ledger.total.harvested_wh == pytest.approx(11.0)
    assert ledger.total.stored_wh == pytest.approx(-1.0)
    assert balanced(ledger.total)


def test_days_are_the_nodes_local_days() -> None:
    ledger = Ledger(time_zone="Europe/Berlin")
    flows = Flows(input_w=6.0, output_w=0.0)
    evening = datetime(2025, 6, 1, 21, 30, tzinfo=UTC)
    for minute in range(61):
        now = evening + timedelta(minutes=minute)
        ledger.book(Tick(monotonic_s=minute * 60.0, now_utc=now, flows=flows, stated_w={}))
    assert sorted(ledger.days) == [date(2025, 6, 1), date(2025, 6, 2)]
    assert ledger.today(evening).harvested_wh == pytest.approx(2.9, abs=0.11)
    assert sum(day.harvested_wh for day in ledger.days.values()) == pytest.approx(6.0)


def test_before_the_clock_is_trusted_nothing_is_dated() -> None:
    ledger = Ledger(time_zone="UTC")
    flows = Flows(input_w=6.0, output_w=0.0)
    past = datetime(1970, 1, 1, tzinfo=UTC)
    for n in range(4):
        now, trusted = (past, False) if n < 3 else (START, True)
        ledger.book(Tick(monotonic_s=n * 60.0, now_utc=now, flows=flows, stated_w={}, trusted=trusted))
    assert list(ledger.days) == [START.date()]
    assert ledger.days[START.date()].harvested_wh == pytest.approx(ledger.total.harvested_wh)


def test_only_the_latest_days_are_kept_but_the_total_stays() -> None:
    ledger = Ledger(time_zone="UTC")
    for day in range(60):
        ledger.book_once("boot", 1.0, START + timedelta(days=day))
    assert len(ledger.days) == 35
    assert min(ledger.days) == (START + timedelta(days=25)).date()
    assert ledger.total.used_wh == {"boot": 60.0}


def test_months_are_kept_for_ever_and_are_the_nodes_local_ones() -> None:
    ledger = Ledger(time_zone="Europe/Berlin")
    new_year = datetime(2025, 12, 31, 23, 30, tzinfo=UTC)
    for day in range(400):
        ledger.book_once("boot", 1.0, new_year + timedelta(days=day))
    assert next(iter(ledger.months)) == "2026-01"
    assert ledger.months["2026-01"].used_wh == {"boot": 31.0}
    assert sum(account.total_used_wh for account in ledger.months.values()) == 400.0


def test_earlier_books_without_months_get_those_that_their_days_tell_of() -> None:
    ledger = Ledger(time_zone="UTC")
    for day in range(20):
        ledger.book_once("boot", 1.0, START + timedelta(days=day * 2))
    before = {key: value for key, value in ledger.memory().items() if key != "months"}
    again = Ledger(time_zone="UTC")
    again.recall(before)
    assert {month: account.total_used_wh for month, account in again.months.items()} == {
        "2025-06": 15.0,
        "2025-07": 5.0,
    }


def test_a_year_of_books_is_small_and_loses_nothing_by_being_kept() -> None:
    ledger = Ledger(time_zone="UTC")
    consumers = {f"plugin.part_{n}": 0.1234567 * n for n in range(6)}
    for hour in range(365 * 24):
        now = START + timedelta(hours=hour)
        flows = Flows(input_w=3.3 + hour % 7, output_w=2.9, battery_w=0.3)
        tick = Tick(monotonic_s=hour * 300.0, now_utc=now, flows=flows, stated_w=consumers)
        ledger.book(tick)
    text = json.dumps(ledger.memory(), separators=(",", ":"))
    assert len(text) < 20_000
    again = Ledger(time_zone="UTC")
    again.recall(json.loads(text))
    assert again.total.harvested_wh == pytest.approx(ledger.total.harvested_wh, abs=1e-5)
    assert balanced(again.total)
    assert all(balanced(account) for account in again.months.values())


flow = st.none() | st.floats(0, 60)
ticks = st.lists(
    st.tuples(
        st.floats(0.1, 200.0),
        flow,
        flow,
        st.none() | st.floats(-60, 60),
        st.none() | st.floats(0, 154),
        st.booleans(),
        st.floats(-1e8, 1e8),
    ),
    max_size=60,
)


@given(ticks)
def test_books_balance_to_a_thousandth_whatever_is_measured_and_however_the_clock_jumps(
    series: list[tuple[float, float | None, float | None, float | None, float | None, bool, float]],
) -> None:
    ledger = Ledger(time_zone="Europe/Berlin")
    passed, measured = 0.0, 0.0
    for step_s, input_w, output_w, battery_w, stored_wh, blind, jump_s in series:
        passed += step_s
        tick = Tick(
            monotonic_s=passed,
            now_utc=START + timedelta(seconds=jump_s),
            flows=None if blind else Flows(input_w, output_w, battery_w),
            stated_w=STATED,
            stored_wh=stored_wh,
        )
        booked = ledger.book(tick)
        assert balanced(booked)
        measured += booked.measured_s + booked.gap_s
    assert balanced(ledger.total)
    assert measured == pytest.approx(passed - series[0][0] if series else 0.0)
    summed = Account()
    for account in ledger.days.values():
        summed.add(account)
    if len(ledger.days) < 35:
        assert summed.harvested_wh == pytest.approx(ledger.total.harvested_wh)
    for book in (*ledger.days.values(), *ledger.months.values()):
        assert balanced(book)
    months = Account()
    for account in ledger.months.values():
        months.add(account)
    assert months.total_used_wh == pytest.approx(ledger.total.total_used_wh)
    assert months.gap_s == pytest.approx(ledger.total.gap_s)


def test_memory_goes_on_where_it_stopped_and_nonsense_is_refused() -> None:
    ledger = Ledger(time_zone="UTC")
    run(ledger, 600.0, Flows(input_w=12.0, output_w=3.0))
    again = Ledger(time_zone="UTC")
    again.recall(ledger.memory())
    assert again.memory() == ledger.memory()
    books: list[dict[str, Any]] = [
        {"total": {"harvested_wh": "nan"}, "days": {}},
        {"total": {}, "days": {"x": {}}},
    ]
    for nonsense in books:
        with pytest.raises(ValueError, match=r"finite|isoformat"):
            again.recall(nonsense)
    assert again.memory() == ledger.memory()
