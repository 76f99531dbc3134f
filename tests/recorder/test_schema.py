from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from edgepi.errors import RecorderError
from edgepi.recorder.schema import (
    MIGRATIONS,
    connect,
    is_healthy,
    migrate,
    move_aside,
    open_read_only,
    version_of,
)
from edgepi.testing.clock import START


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "h.db"


def test_a_new_file_gets_the_newest_version(path: Path) -> None:
    database = connect(path)
    assert version_of(database) == 0
    migrate(database, path)
    assert version_of(database) == len(MIGRATIONS)
    database.close()


def test_an_old_file_is_brought_forward_with_its_rows(path: Path) -> None:
    database = connect(path)
    migrate(database, path)
    database.execute("INSERT INTO entity (entity_id) VALUES ('a.b')")
    newer = (*MIGRATIONS, "ALTER TABLE entity ADD COLUMN unit TEXT;")
    migrate(database, path, newer)
    assert version_of(database) == len(newer)
    assert database.execute("SELECT entity_id, unit FROM entity").fetchall() == [("a.b", None)]
    database.close()


def test_a_migration_that_fails_changes_nothing(path: Path) -> None:
    database = connect(path)
    migrate(database, path)
    with pytest.raises(sqlite3.OperationalError):
        migrate(database, path, (*MIGRATIONS, "CREATE TABLE fresh (x); CREATE TABLE entity (x);"))
    assert version_of(database) == len(MIGRATIONS)
    assert database.execute("SELECT 1 FROM sqlite_schema WHERE name = 'fresh'").fetchone() is None
    database.close()


@pytest.mark.parametrize("read_only", [False, True])
def test_a_newer_version_is_refused_with_a_hint(path: Path, read_only: bool) -> None:
    database = connect(path)
    migrate(database, path)
    database.execute("UPDATE schema_version SET version = 99")
    with pytest.raises(RecorderError, match="version 99") as caught:
        open_read_only(path) if read_only else migrate(database, path)
    assert caught.value.hint
    database.close()


def test_a_directory_that_is_missing_is_said(tmp_path: Path) -> None:
    with pytest.raises(RecorderError, match="cannot open"):
        connect(tmp_path / "none" / "h.db")


def test_reading_what_is_not_there_makes_no_file(path: Path) -> None:
    with pytest.raises(RecorderError, match="no history"):
        open_read_only(path)
    assert not path.exists()


def test_reading_something_else_is_said(path: Path) -> None:
    path.write_bytes(b"not a database, certainly not" * 100)
    with pytest.raises(RecorderError, match="cannot read"):
        open_read_only(path)


def test_moving_aside_keeps_every_part_and_every_earlier_one(path: Path) -> None:
    for content in ("first", "second"):
        for suffix in ("", "-wal"):
            path.with_name(path.name + suffix).write_text(content + suffix)
        move_aside(path, START)
    assert {p.name: p.read_text() for p in path.parent.iterdir()} == {
        "h.db.corrupt.20250601T120000Z": "first",
        "h.db.corrupt.20250601T120000Z-wal": "first-wal",
        "h.db.corrupt.20250601T120000Z-2": "second",
        "h.db.corrupt.20250601T120000Z-2-wal": "second-wal",
    }


def test_a_torn_page_is_found(path: Path) -> None:
    database = connect(path)
    migrate(database, path)
    database.execute("BEGIN")
    database.executemany("INSERT INTO entity (entity_id) VALUES (?)", [(f"e.{n}" * 9,) for n in range(2000)])
    database.execute("COMMIT")
    assert is_healthy(database)
    database.close()
    content = bytearray(path.read_bytes())
    content[20 * 4096 : 21 * 4096] = b"\x5a" * 4096
    path.write_bytes(content)
    database = connect(path)
    assert not is_healthy(database)
    database.close()
