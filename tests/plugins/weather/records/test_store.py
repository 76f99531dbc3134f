from __future__ import annotations

import sqlite3
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgepi.errors import RecorderError
from edgepi_weather.records.store import Store
from edgepi_weather.records.tally import Tally, merged, tallies_of

BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 11, 28, 12, 0, tzinfo=BERLIN)
KEY = ("2026-11-28", "temperature")
readings = st.lists(st.one_of(st.none(), st.floats(-50.0, 50.0)), min_size=1, max_size=20)


def tally(*values: float | None, at: datetime = NOON) -> Tally:
    parts = ({KEY: Tally.of(value, at + timedelta(minutes=index))} for index, value in enumerate(values))
    return merged(parts)[KEY]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "records.db")


def test_of_equal_extremes_the_earlier_stays() -> None:
    assert tally(3.0, 1.0, 1.0, 3.0) == Tally(
        low=1.0, low_at=NOON + timedelta(minutes=1), high=3.0, high_at=NOON, total=8.0, count=4
    )


@given(readings, st.integers(0, 20))
def test_a_day_in_two_parts_is_the_day(values: list[float | None], cut: int) -> None:
    parts = [{KEY: Tally.of(value, NOON + timedelta(minutes=i))} for i, value in enumerate(values)]
    halves = merged((merged(parts[:cut]), merged(parts[cut:])))[KEY]
    whole = merged(parts)[KEY]
    assert halves.total == pytest.approx(whole.total)
    assert (halves.low, halves.low_at, halves.high_at, halves.count, halves.gaps) == (
        whole.low,
        whole.low_at,
        whole.high_at,
        whole.count,
        whole.gaps,
    )


def test_a_day_is_that_of_the_station_not_of_greenwich() -> None:
    late = datetime(2026, 11, 28, 23, 30, tzinfo=ZoneInfo("UTC")).astimezone(BERLIN)
    assert list(tallies_of({"temperature": 1.0}, late)) == [("2026-11-29", "temperature")]


def test_what_is_added_is_merged_with_what_is_there(store: Store) -> None:
    store.add({KEY: tally(3.0, None)})
    store.add({KEY: tally(5.0, -1.0, at=NOON + timedelta(hours=1))})
    assert store.read() == {
        KEY: Tally(
            low=-1.0,
            low_at=NOON + timedelta(minutes=61),
            high=5.0,
            high_at=NOON + timedelta(hours=1),
            total=7.0,
            count=3,
            gaps=1,
        )
    }


def test_an_import_done_twice_counts_once(store: Store) -> None:
    store.add({KEY: tally(3.0)})
    for _ in range(2):
        store.replace({KEY: tally(1.0, 2.0)})
    assert store.read()[KEY] == tally(1.0, 2.0)


def test_months_are_apart_and_the_whole_knows_when(store: Store) -> None:
    october = NOON - timedelta(days=40)
    store.add({KEY: tally(3.0), ("2026-10-19", "temperature"): tally(9.0, 3.0, at=october)})
    assert store.months() == ["2026-10", "2026-11"]
    assert list(store.read("2026-11")) == [KEY]
    whole = store.whole()["temperature"]
    assert whole == Tally(
        low=3.0, low_at=october + timedelta(minutes=1), high=9.0, high_at=october, total=15.0, count=3
    )


def test_where_nothing_was_kept_nothing_is_and_no_file_is_made(store: Store) -> None:
    assert (store.read(), store.months(), store.whole(), store.mend()) == ({}, [], {}, None)
    assert not store.path.exists()


def test_a_write_that_fails_half_way_changes_nothing(store: Store) -> None:
    store.add({KEY: tally(3.0)})
    before = store.read()
    bad = {("2026-11-28", "a"): tally(1.0), ("2026-11-28", "b"): Tally(total=None)}  # type: ignore[arg-type]  # what the database refuses
    with pytest.raises(RecorderError, match="NOT NULL"):
        store.replace(bad)
    assert store.read() == before


def test_a_damaged_file_is_put_aside(store: Store) -> None:
    store.path.write_bytes(b"not a database" * 500)
    with pytest.raises(RecorderError):
        store.read()
    aside = store.mend()
    assert aside is not None
    assert aside.read_bytes().startswith(b"not a database")
    store.add({KEY: tally(3.0)})
    assert store.mend() is None
    assert KEY in store.read()


def test_a_file_that_is_only_locked_is_left_where_it_is(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.add({KEY: tally(3.0)})

    def locked(*_args: object, **_options: object) -> None:
        raise sqlite3.OperationalError("database is locked")

    monkeypatch.setattr(sqlite3, "connect", locked)
    with pytest.raises(RecorderError, match="locked"):
        store.mend()
    assert store.path.is_file()


def test_a_disk_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(RecorderError, match="weather records"):
        Store(tmp_path / "nowhere" / "records.db").add({KEY: tally(3.0)})


@settings(max_examples=12, deadline=None)  # each syncs a file
@given(
    st.lists(st.tuples(st.integers(0, 40), st.one_of(st.none(), st.integers(-3, 3).map(float))), max_size=12)
)
def test_the_whole_is_the_sum_of_its_days(readings: list[tuple[int, float | None]]) -> None:
    rows = merged(
        tallies_of({"rain": value}, NOON + timedelta(days=days)) for days, value in sorted(readings, key=str)
    )
    with TemporaryDirectory() as folder:
        store = Store(Path(folder) / "records.db")
        store.replace(rows)
        days = store.read().items()
        expected = merged({("", key): each} for (_day, key), each in days)
        assert store.whole() == {key: each for (_day, key), each in expected.items()}
