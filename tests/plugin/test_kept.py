from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from threading import Barrier

import pytest

from edgepi.errors import EdgePiError, RecorderError
from edgepi.plugin import KeptFile
from tests.disks import remount

FIRST = """
CREATE TABLE fish (name TEXT NOT NULL, grams REAL NOT NULL);
CREATE TRIGGER heavy AFTER INSERT ON fish BEGIN UPDATE fish SET grams = 99 WHERE grams > 99; END;
"""
SECOND = "ALTER TABLE fish ADD COLUMN pond TEXT NOT NULL DEFAULT 'upper; left'"


def kept(path: Path, *steps: str) -> KeptFile:
    return KeptFile(path=path, what="the fish", steps=steps or (FIRST,), busy_s=10.0)


@pytest.fixture
def file(tmp_path: Path) -> KeptFile:
    return kept(tmp_path / "fish.db")


def put(file: KeptFile, *names: str) -> None:
    with file.write() as database:
        database.executemany("INSERT INTO fish (name, grams) VALUES (?, 5)", [(name,) for name in names])


def run(file: KeptFile, statements: Iterable[str]) -> None:
    with file.write() as database:
        for statement in statements:
            database.execute(statement)


def names(file: KeptFile) -> set[str]:
    with file.read() as database:
        return {name for (name,) in database.execute("SELECT name FROM fish")}


def version(file: KeptFile) -> int:
    with file.read() as database:
        return int(database.execute("PRAGMA user_version").fetchone()[0])


def test_it_gives_back_what_it_was_given(file: KeptFile) -> None:
    put(file, "carp", "tench")
    assert names(file) == {"carp", "tench"}


def test_where_nothing_was_kept_nothing_is_and_reading_makes_no_file(file: KeptFile) -> None:
    assert names(file) == set()
    assert file.mend() is None
    assert not file.exists()


def test_what_fails_half_way_changes_nothing(file: KeptFile) -> None:
    put(file, "carp")
    with pytest.raises(RecorderError, match=r"the fish in .* NOT NULL"):
        run(file, ["DELETE FROM fish", "INSERT INTO fish VALUES (NULL, 1)"])
    with pytest.raises(ZeroDivisionError):
        run(file, (f"DELETE FROM fish WHERE {1 / left}" for left in (1, 0)))
    assert names(file) == {"carp"}


def test_errors_of_ones_own_pass_as_they_are(file: KeptFile) -> None:
    with pytest.raises(EdgePiError, match=r"^the pond is frozen$"), file.write():
        raise EdgePiError("the pond is frozen")


def test_reading_changes_nothing(file: KeptFile) -> None:
    put(file, "carp")
    with pytest.raises(RecorderError, match="readonly"), file.read() as database:
        database.execute("DELETE FROM fish")


def test_what_is_read_is_of_one_moment(file: KeptFile) -> None:
    put(file, "carp")
    with file.read() as database:
        before = database.execute("SELECT count(*) FROM fish").fetchone()
        with pytest.raises(RecorderError, match="locked"):
            put(replace(file, busy_s=0.01), "tench")
        assert database.execute("SELECT count(*) FROM fish").fetchone() == before
    put(file, "tench")
    assert names(file) == {"carp", "tench"}


def test_who_reads_and_then_writes_is_alone(file: KeptFile) -> None:
    with file.write() as database:
        database.execute("SELECT * FROM fish").fetchall()
        with pytest.raises(RecorderError, match="locked") as caught:
            put(replace(file, busy_s=0.01), "carp")
    assert caught.value.hint == "something else writes to it; try again in a moment"


def test_statements_of_a_step_are_told_apart(file: KeptFile) -> None:
    with file.write() as database:
        database.execute("INSERT INTO fish VALUES ('pike', 5000)")
        assert database.execute("SELECT grams FROM fish").fetchone() == (99.0,)


def test_an_older_file_is_led_to_the_version_of_today(file: KeptFile) -> None:
    put(file, "carp")
    assert version(file) == 1
    newer = kept(file.path, FIRST, SECOND)
    with newer.read() as database:
        assert database.execute("SELECT * FROM fish").fetchall() == [("carp", 5.0, "upper; left")]
    assert version(newer) == 2


def test_a_step_that_fails_is_no_step(file: KeptFile) -> None:
    put(file, "carp")
    broken = kept(file.path, FIRST, f"{SECOND}; CREATE TABLE fish (again)")
    with pytest.raises(RecorderError, match="already exists"):
        put(broken, "tench")
    assert version(file) == 1
    assert names(kept(file.path, FIRST, SECOND)) == {"carp"}


def test_a_file_of_a_newer_version_is_left_alone(file: KeptFile) -> None:
    put(kept(file.path, FIRST, SECOND), "carp")
    for use in (lambda: put(file, "tench"), lambda: names(file), file.mend):
        with pytest.raises(RecorderError, match="newer version"):
            use()
    assert names(kept(file.path, FIRST, SECOND)) == {"carp"}


def test_an_empty_file_is_one_that_a_cut_left_before_anything_was_kept(file: KeptFile) -> None:
    file.path.touch()
    assert names(file) == set()
    assert file.mend() is None
    put(file, "carp")
    assert names(file) == {"carp"}


def test_those_who_begin_it_at_once_do_not_disturb_each_other(tmp_path: Path) -> None:
    for attempt in range(5):
        file, together = kept(tmp_path / f"{attempt}.db", FIRST, SECOND), Barrier(4)

        def begin(name: str, file: KeptFile = file, together: Barrier = together) -> None:
            together.wait()
            put(file, name)

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(begin, "abcd"))
        assert names(file) == set("abcd")


def test_a_damaged_file_is_put_aside_and_a_new_one_begun(file: KeptFile) -> None:
    file.path.write_bytes(b"no database at all" * 100)
    file.path.with_name("fish.db-journal").write_bytes(b"what belongs to it")
    with pytest.raises(RecorderError, match=r"the fish in .* not a database") as caught:
        names(file)
    assert caught.value.hint is not None
    assert "aside" in caught.value.hint
    assert file.mend() == file.path.with_name("fish.broken")
    assert file.path.with_name("fish.broken").read_bytes().startswith(b"no database")
    assert not file.path.with_name("fish.db-journal").exists()
    put(file, "carp")
    assert file.mend() is None
    assert names(file) == {"carp"}


@pytest.mark.parametrize("rest", [slice(8192, 16384), slice(6000, None)], ids=["inside", "cut short"])
def test_damage_that_does_not_show_at_once_is_found(file: KeptFile, rest: slice) -> None:
    put(file, *(f"fish {number}" for number in range(2000)))
    content = bytearray(file.path.read_bytes())
    assert len(content) > 20000
    content[rest] = b"\xa5" * 8192 if rest.stop else b""
    file.path.write_bytes(content)
    assert file.mend() is not None
    assert not file.exists()


def test_a_file_that_is_only_locked_stays_where_it_is(file: KeptFile) -> None:
    put(file, "carp")
    with closing(sqlite3.connect(file.path)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(RecorderError, match="locked"):
            replace(file, busy_s=0.01).mend()
    assert names(file) == {"carp"}


def test_where_there_is_no_folder_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(RecorderError, match=r"the fish in .*nowhere") as caught:
        put(kept(tmp_path / "nowhere" / "fish.db"), "carp")
    assert caught.value.hint == "is the disk there, and may be written to?"


def test_a_full_disk_is_said_and_what_was_kept_stays(tiny_disk: Path) -> None:
    file, filler = kept(tiny_disk / "fish.db"), tiny_disk / "filler"
    put(file, "carp")
    with pytest.raises(OSError, match="No space left"):
        filler.write_bytes(b"x" * 256 * 1024)
    with pytest.raises(RecorderError, match="full") as caught:
        put(file, *(f"fish {number}" for number in range(2000)))
    assert caught.value.hint == "`df -h` shows which disk is full"
    assert names(file) == {"carp"}
    filler.unlink()
    put(file, "tench")
    assert names(file) == {"carp", "tench"}
    assert file.mend() is None


def test_a_disk_that_is_read_only_can_be_read(tiny_disk: Path) -> None:
    file = kept(tiny_disk / "fish.db")
    put(file, "carp")
    remount(tiny_disk, "ro")
    assert file.mend() is None
    assert names(file) == {"carp"}
    with pytest.raises(RecorderError, match="readonly"):
        put(file, "tench")


WRITER = """
import sys
from pathlib import Path
from edgepi.plugin import KeptFile
file = KeptFile(path=Path(sys.argv[1]), what="the fish", steps=(sys.argv[2],))
for n in range(10**6):
    with file.write() as database:
        for half in range(2):
            database.execute("INSERT INTO fish VALUES (?, ?)", (f"{n}", half))
    print(n, flush=True)
"""


@pytest.mark.slow
@pytest.mark.parametrize("writes", [1, 7, 20])
def test_a_writer_that_is_killed_leaves_whole_writes_and_all_that_it_said(
    file: KeptFile, writes: int
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, file.path, FIRST], stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        said = [child.stdout.readline() for _ in range(writes)]
        child.kill()
        said += child.stdout.readlines()
    assert file.mend() is None
    with file.read() as database:
        rows = database.execute("SELECT name, count(*) FROM fish GROUP BY name").fetchall()
    assert len(rows) >= len(said)
    assert {halves for _, halves in rows} == {2}
