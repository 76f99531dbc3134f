from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from edgepi_camera.events.event import Event, is_event_id
from edgepi_camera.events.store import EventStore

BEGAN = datetime(2025, 6, 1, 12, tzinfo=UTC)

WHOLE = Event(
    event_id="a-1",
    began_utc=BEGAN,
    ended_utc=BEGAN + timedelta(seconds=9.5),
    clip_s=14.5,
    score=0.75,
    zones=("door", "gate"),
    labels=("person",),
    clip=True,
    picture=True,
    bytes=123,
    reason="longest",
    dated=False,
)


def event(name: str, minutes: float = 0.0) -> Event:
    began = BEGAN + timedelta(minutes=minutes)
    return Event(event_id=name, began_utc=began, ended_utc=began + timedelta(seconds=9), zones=("door",))


@pytest.fixture
def store(tmp_path: Path) -> EventStore:
    return EventStore(tmp_path / "events.sqlite")


def test_it_gives_back_what_it_was_given(store: EventStore) -> None:
    store.put([WHOLE])
    assert store.get("a-1") == replace(WHOLE, number=1)
    assert store.get("b") is None


def test_an_empty_one_is_no_error_and_makes_no_file(store: EventStore) -> None:
    assert store.page(None, 10) == store.all() == []
    assert store.since(BEGAN) == 0
    assert not store.file.exists()


def test_pages_go_from_the_newest_on(store: EventStore) -> None:
    store.put([event(f"e{number}", number) for number in range(5)])
    first = store.page(None, 2)
    assert [each.event_id for each in first] == ["e4", "e3"]
    assert [each.event_id for each in store.page("e3", 9)] == ["e2", "e1", "e0"]
    assert store.page("e0", 9) == store.page("unknown", 9) == []


def test_a_second_writing_changes_all_but_the_mark_of_the_owner(store: EventStore) -> None:
    store.put([replace(event("a"), ended_utc=None)])
    assert store.keep("a", True)
    store.put([replace(event("a"), score=0.9)])
    found = store.get("a")
    assert found is not None
    assert (found.kept, found.score, found.number) == (True, 0.9, 1)
    assert found.ended_utc is not None
    assert not store.keep("b", True)


def test_numbers_are_never_given_twice(store: EventStore) -> None:
    store.put([event("a"), event("b")])
    store.forget(["b"])
    store.put([event("c")])
    assert [each.number for each in store.all()] == [1, 3]


def test_those_since_a_moment_are_counted(store: EventStore) -> None:
    store.put([event("a"), event("b", 10), event("c", 20)])
    assert store.since(BEGAN + timedelta(minutes=10)) == 2


def test_trials_are_counted_over_lives(store: EventStore) -> None:
    assert store.tried("a") == 1
    assert EventStore(store.file.path).tried("a") == 2
    store.forget(["a"])
    assert store.tried("a") == 1


@pytest.mark.parametrize("name", ["a", "20250601-a_B", "x" * 64])
def test_names_of_events(name: str) -> None:
    assert is_event_id(name)


@pytest.mark.parametrize(
    "name", ["", "..", "../a", "a/b", "a.mp4", "x" * 65, "a\0", "-a", "ä", "a\n", 5, None]
)
def test_what_is_no_name_of_an_event(name: object) -> None:
    assert not is_event_id(name)


# As the first version wrote it: what is changed of the file must still read these.
FIRST_VERSION = """
CREATE TABLE event (
  number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,
  began TEXT NOT NULL, ended TEXT, clip_s REAL,
  score REAL NOT NULL, zones TEXT NOT NULL, labels TEXT NOT NULL,
  clip INTEGER NOT NULL, picture INTEGER NOT NULL, bytes INTEGER NOT NULL, kept INTEGER NOT NULL,
  reason TEXT NOT NULL, dated INTEGER NOT NULL
);
CREATE TABLE trial (id TEXT PRIMARY KEY, count INTEGER NOT NULL);
INSERT INTO event VALUES (7, 'a-1', '2025-06-01T12:00:00.000+00:00', '2025-06-01T12:00:09.500+00:00', 14.5,
  0.75, '["door", "gate"]', '["person"]', 1, 1, 123, 1, 'longest', 0);
INSERT INTO trial VALUES ('a-1', 2);
PRAGMA user_version = 1;
"""


def test_an_index_of_the_first_version_is_read_and_goes_on(store: EventStore) -> None:
    with closing(sqlite3.connect(store.file.path)) as database:
        database.executescript(FIRST_VERSION)
    assert store.file.mend() is None
    assert store.all() == [replace(WHOLE, number=7, kept=True)]
    assert store.tried("a-1") == 3
    store.put([event("b")])
    assert [each.number for each in store.all()] == [7, 8]
