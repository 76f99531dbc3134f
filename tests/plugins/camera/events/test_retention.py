from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from edgepi_camera.events.retention import Item, Rules, to_drop

NOW = datetime(2025, 6, 15, 12, tzinfo=UTC)
MB = 10**6
WIDE = 10**12


def event(
    number: int, *, days_ago: float | None, mb: int = 10, kept: bool = False, kind: str = "event"
) -> Item:
    at = None if days_ago is None else NOW - timedelta(days=days_ago)
    return Item(kind=kind, name=f"{kind}{number}", bytes=mb * MB, at_utc=at, number=number, kept=kept)


def dropped(
    items: list[Item],
    *,
    days: float = 14.0,
    mb: int = 1000,
    free_mb: int = 100,
    free_bytes: int = WIDE,
    now: datetime | None = NOW,
) -> list[tuple[str, str]]:
    drops = to_drop(items, Rules(days, mb * MB, free_mb * MB), now_utc=now, free_bytes=free_bytes)
    return [(drop.item.name, drop.why) for drop in drops]


def test_nothing_goes_while_there_is_room() -> None:
    assert dropped([event(1, days_ago=3), event(2, days_ago=0)]) == []
    assert dropped([]) == []


def test_what_is_too_old_goes() -> None:
    assert dropped([event(1, days_ago=15), event(2, days_ago=13.9)]) == [("event1", "age")]


def test_the_oldest_go_until_the_rest_fits() -> None:
    items = [event(number, days_ago=10 - number) for number in (3, 1, 2, 4)]
    assert dropped(items, mb=20) == [("event1", "size"), ("event2", "size")]


def test_the_oldest_go_until_enough_is_free() -> None:
    items = [event(number, days_ago=10 - number) for number in (1, 2, 3, 4)]
    assert dropped(items, free_bytes=85 * MB) == [("event1", "free"), ("event2", "free")]


def test_what_went_by_age_counts_for_room() -> None:
    items = [event(1, days_ago=20, mb=50), event(2, days_ago=2), event(3, days_ago=1)]
    assert dropped(items, free_bytes=60 * MB) == [("event1", "age")]


def test_stills_and_films_go_in_turn_with_events() -> None:
    items = [
        event(1, days_ago=2),
        event(1, days_ago=3, kind="still"),
        event(1, days_ago=1, kind="film"),
    ]
    assert dropped(items, mb=10) == [("still1", "size"), ("event1", "size")]


def test_what_the_owner_keeps_goes_last_and_never_by_age() -> None:
    items = [event(1, days_ago=30, kept=True), event(2, days_ago=1), event(3, days_ago=0)]
    assert dropped(items) == []
    assert dropped(items, mb=10) == [("event2", "size"), ("event3", "size")]
    assert dropped(items, mb=5) == [("event2", "size"), ("event3", "size"), ("event1", "size")]


def test_nothing_is_too_old_while_the_clock_is_not_believed() -> None:
    items = [event(1, days_ago=400), event(2, days_ago=1)]
    assert dropped(items, now=None) == []
    assert dropped(items, now=None, mb=10) == [("event1", "size")]


@pytest.mark.parametrize("days_ago", [None, -3650.0, 20000.0])
def test_one_whose_clock_was_wrong_goes_in_the_order_in_which_it_came(days_ago: float | None) -> None:
    items = [event(1, days_ago=3), event(2, days_ago=days_ago), event(3, days_ago=1)]
    assert dropped(items, days=1e6, mb=20) == [("event1", "size")]
    assert dropped(items, days=1e6, mb=10) == [("event1", "size"), ("event2", "size")]


def test_a_clock_that_jumped_ahead_and_back_leaves_no_event_for_ever() -> None:
    items = [event(1, days_ago=-300), event(2, days_ago=1)]
    assert dropped(items, mb=10) == [("event1", "size")]


def test_rows_without_files_make_no_room() -> None:
    items = [event(1, days_ago=5, mb=0), event(2, days_ago=4), event(3, days_ago=3)]
    assert dropped(items, mb=10) == [("event2", "size")]


def test_a_full_disk_takes_all_that_there_is_and_no_more() -> None:
    items = [event(1, days_ago=1), event(2, days_ago=0, kept=True)]
    assert dropped(items, free_bytes=0) == [("event1", "free"), ("event2", "free")]
