from __future__ import annotations

import sqlite3
from contextlib import closing
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
    assert (store.read(), store.months(), store.whole()) == ({}, [], {})
    assert not store.file.exists()


def test_a_write_that_fails_half_way_changes_nothing(store: Store) -> None:
    store.add({KEY: tally(3.0)})
    before = store.read()
    bad = {("2026-11-28", "a"): tally(1.0), ("2026-11-28", "b"): Tally(total=None)}  # type: ignore[arg-type]  # what the database refuses
    with pytest.raises(RecorderError, match="NOT NULL"):
        store.replace(bad)
    assert store.read() == before


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


# As the first version wrote it: what is changed of the file must still read these.
FIRST_VERSION = """
CREATE TABLE days (
  day TEXT NOT NULL, key TEXT NOT NULL,
  low REAL, low_at TEXT, high REAL, high_at TEXT,
  total REAL NOT NULL, count INTEGER NOT NULL, gaps INTEGER NOT NULL,
  PRIMARY KEY (day, key)
) WITHOUT ROWID;
INSERT INTO days VALUES ('2026-11-28', 'temperature', 3.0, '2026-11-28T12:00:00+01:00',
  3.0, '2026-11-28T12:00:00+01:00', 3.0, 1, 0);
PRAGMA user_version = 1;
"""


def test_records_of_the_first_version_are_read_and_go_on(store: Store) -> None:
    with closing(sqlite3.connect(store.file.path)) as database:
        database.executescript(FIRST_VERSION)
    assert store.file.mend() is None
    assert store.read() == {KEY: tally(3.0)}
    store.add({KEY: tally(5.0, at=NOON + timedelta(minutes=1))})
    assert store.read() == {KEY: tally(3.0, 5.0)}
