from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier

import pytest

from edgepi.errors import RecorderError
from edgepi_camera.events import store as module
from edgepi_camera.events.event import Event, is_event_id
from edgepi_camera.events.store import EventStore

BEGAN = datetime(2025, 6, 1, 12, tzinfo=UTC)


def event(name: str, minutes: float = 0.0) -> Event:
    began = BEGAN + timedelta(minutes=minutes)
    return Event(event_id=name, began_utc=began, ended_utc=began + timedelta(seconds=9), zones=("door",))


@pytest.fixture
def store(tmp_path: Path) -> EventStore:
    return EventStore(tmp_path / "events.sqlite")


def test_it_gives_back_what_it_was_given(store: EventStore) -> None:
    whole = Event(
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
    store.put([whole])
    assert store.get("a-1") == replace(whole, number=1)
    assert store.get("b") is None


def test_an_empty_one_is_no_error_and_makes_no_file(store: EventStore) -> None:
    assert store.page(None, 10) == store.all() == []
    assert store.since(BEGAN) == 0
    assert store.mend() is None
    assert not store.path.exists()


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
    assert EventStore(store.path).tried("a") == 2
    store.forget(["a"])
    assert store.tried("a") == 1


def test_a_damaged_file_is_put_aside_and_a_new_one_begun(store: EventStore) -> None:
    store.path.write_bytes(b"no database at all" * 100)
    with pytest.raises(RecorderError):
        store.put([event("a")])
    aside = store.mend()
    assert aside is not None
    assert aside.read_bytes().startswith(b"no database")
    store.put([event("a")])
    assert store.mend() is None


def test_a_file_damaged_inside_is_found(store: EventStore) -> None:
    store.put([event(f"e{number}") for number in range(200)])
    content = bytearray(store.path.read_bytes())
    content[8192:16384] = b"\xa5" * 8192
    store.path.write_bytes(content)
    assert store.mend() is not None


def test_one_of_a_newer_version_is_left_alone(store: EventStore) -> None:
    with closing(sqlite3.connect(store.path)) as database:
        database.execute("PRAGMA user_version = 99")
    with pytest.raises(RecorderError, match="newer EdgePi"):
        store.put([event("a")])
    with pytest.raises(RecorderError, match="newer EdgePi"):
        store.mend()
    assert store.path.exists()


def test_a_locked_one_says_so_and_is_not_put_aside(
    store: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BUSY_S", 0.01)
    store.put([event("a")])
    with closing(sqlite3.connect(store.path)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(RecorderError, match="locked"):
            store.put([event("b")])
        with pytest.raises(RecorderError, match="locked"):
            store.mend()
    store.put([event("b")])
    assert len(store.all()) == 2


def test_where_there_is_no_folder_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(RecorderError, match="cannot be kept"):
        EventStore(tmp_path / "away" / "events.sqlite").put([event("a")])


@pytest.mark.parametrize("name", ["a", "20250601-a_B", "x" * 64])
def test_names_of_events(name: str) -> None:
    assert is_event_id(name)


@pytest.mark.parametrize(
    "name", ["", "..", "../a", "a/b", "a.mp4", "x" * 65, "a\0", "-a", "ä", "a\n", 5, None]
)
def test_what_is_no_name_of_an_event(name: object) -> None:
    assert not is_event_id(name)


def test_those_who_begin_it_at_once_do_not_disturb_each_other(tmp_path: Path) -> None:
    for attempt in range(5):
        store, together = EventStore(tmp_path / f"{attempt}.sqlite"), Barrier(4)

        def put(name: str, store: EventStore = store, together: Barrier = together) -> None:
            together.wait()
            store.put([event(name)])

        names = [f"a-{number}" for number in range(4)]
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(put, names))
        assert {each.event_id for each in store.all()} == set(names)
