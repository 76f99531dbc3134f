from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from edgepi.errors import EdgePiError
from edgepi_weather.importing.weewx import Archive, Row
from edgepi_weather.met.limits import LIMITS
from tests.plugins.weather.importing.archives import METRIC, METRICWX, US, make, row

NOON = datetime(2024, 6, 1, 12, 0, tzinfo=UTC)


def read(path: Path) -> list[Row]:
    archive = Archive.open(path, LIMITS)
    try:
        return list(archive.rows(0.0, 4e9))
    finally:
        archive.close()


SAME: dict[int, dict[str, Any]] = {
    US: {
        "outTemp": 68.0,
        "pressure": 28.0,
        "windSpeed": 10.0,
        "rain": 0.1,
        "rainRate": 1.0,
        "windDir": 270.0,
    },
    METRIC: {
        "outTemp": 20.0,
        "pressure": 948.189,
        "windSpeed": 16.0934,
        "rain": 0.254,
        "rainRate": 2.54,
        "windDir": 270.0,
    },
    METRICWX: {
        "outTemp": 20.0,
        "pressure": 948.189,
        "windSpeed": 4.4704,
        "rain": 2.54,
        "rainRate": 25.4,
        "windDir": 270.0,
    },
}


@pytest.mark.parametrize("system", SAME)
def test_each_system_of_units_becomes_ours(tmp_path: Path, system: int) -> None:
    (found,) = read(make(tmp_path / "a.sdb", [row(NOON, system, **SAME[system])]))
    known = {key: value for key, value in found.values.items() if value is not None}
    assert known == pytest.approx(
        {
            "temperature": 20.0,
            "pressure": 948.189,
            "wind_speed": 4.4704,
            "rain": 2.54,
            "rain_rate": 25.4,
            "wind_direction": 270.0,
        },
        abs=0.001,
    )


def test_a_row_stands_for_the_interval_that_ends_at_its_time(tmp_path: Path) -> None:
    (found,) = read(make(tmp_path / "a.sdb", [row(NOON, interval=30, outTemp=1.0)]))
    assert (found.begin_s, found.end_s) == (NOON.timestamp() - 1800, NOON.timestamp())


def test_units_may_change_within_an_archive(tmp_path: Path) -> None:
    rows = [row(NOON, US, outTemp=32.0), row(NOON + timedelta(minutes=5), METRICWX, outTemp=1.0)]
    assert [each.values["temperature"] for each in read(make(tmp_path / "a.sdb", rows))] == [0.0, 1.0]


def test_what_cannot_be_is_not_believed_and_what_is_missing_is_none(tmp_path: Path) -> None:
    (found,) = read(
        make(tmp_path / "a.sdb", [row(NOON, outTemp=140.0, outHumidity=None, windSpeed=float("inf"))])
    )
    assert found.doubted == ("temperature",)
    assert (found.values["temperature"], found.values["humidity"], found.values["wind_speed"]) == (
        None,
        None,
        None,
    )


def test_columns_that_an_archive_lacks_are_no_quantities(tmp_path: Path) -> None:
    (found,) = read(make(tmp_path / "a.sdb", [row(NOON, outTemp=1.0)], without=("appTemp", "rain")))
    assert not {"apparent_temperature", "rain"} & set(found.values)


def test_rows_that_cannot_be_understood_are_left_out_and_known(tmp_path: Path) -> None:
    rows = [
        row(NOON, 99, outTemp=1.0),
        row(NOON + timedelta(minutes=5), interval=0, outTemp=1.0),
        row(NOON + timedelta(minutes=10), outTemp=1.0),
    ]
    archive = Archive.open(make(tmp_path / "a.sdb", rows), LIMITS)
    assert len(list(archive.rows(0.0, 4e9))) == 1
    assert len(archive.strange) == 2
    archive.close()


def test_files_that_are_no_archive_are_told(tmp_path: Path) -> None:
    (tmp_path / "text.sdb").write_text("nonsense " * 1000)
    for name, words in (("none.sdb", "no file"), ("text.sdb", "cannot be read")):
        with pytest.raises(EdgePiError, match=words):
            Archive.open(tmp_path / name, LIMITS)
    (tmp_path / "empty.sdb").write_bytes(b"")
    with pytest.raises(EdgePiError, match="no archive of WeeWX"):
        Archive.open(tmp_path / "empty.sdb", LIMITS)


def test_words_in_a_column_of_numbers_are_nothing_measured_even_if_nobody_can_read_them(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.sdb"
    make(path, [row(NOON, outTemp="warm", outHumidity=50.0)])
    with sqlite3.connect(path) as database:
        database.execute("UPDATE archive SET pressure = CAST(x'fffe' AS TEXT)")
    database.close()
    (found,) = read(path)
    assert (found.values["temperature"], found.values["pressure"]) == (None, None)
    assert found.values["humidity"] == 50.0


def test_what_only_looks_like_an_archive_is_told_and_not_followed(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "view.sdb") as database:
        database.execute(
            "CREATE VIEW archive AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 300 FROM n) "
            "SELECT i AS dateTime, 17 AS usUnits, 5 AS interval, 1.0 AS outTemp FROM n"
        )
    database.close()
    with pytest.raises(EdgePiError, match="no archive of WeeWX"):
        Archive.open(tmp_path / "view.sdb", LIMITS)


def test_rows_of_a_clock_that_was_wrong_are_left_out_and_counted(tmp_path: Path) -> None:
    unset, future = datetime(1970, 1, 1, 0, 5, tzinfo=UTC), NOON + timedelta(days=9000)
    archive = Archive.open(
        make(tmp_path / "a.sdb", [row(at, outTemp=1.0) for at in (unset, NOON, future)]), LIMITS
    )
    now_s = NOON.timestamp() + 60.0
    assert archive.span(0.0, now_s) == (NOON.timestamp(), NOON.timestamp(), 1)
    assert len(list(archive.rows(0.0, now_s))) == 1
    assert archive.misdated(now_s) == 2
    archive.close()
