from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable
from datetime import timedelta

import pytest

from edgepi.recorder import Sample, Tier
from edgepi.recorder.samples import FLOAT, TEXT, UNAVAILABLE, to_ms
from edgepi.recorder.segments import Segment
from edgepi.recorder.tiers import HOUR_MS
from edgepi.recorder.writer import Batch, Row, Writer
from edgepi.testing.clock import START

MakeWriter = Callable[..., Writer]
START_MS = to_ms(START)
SEGMENT = Segment(0, 0, START_MS)
TIERS: tuple[Tier, ...] = ("raw", "5min", "hour")


def some_rows(hours: float, entities: int = 3) -> list[Row]:
    dice = random.Random(1)
    rows: list[Row] = []
    for t_ms in range(0, int(hours * HOUR_MS), 17_000):
        entity = f"e.{t_ms % entities}"
        gap = dice.random() < 0.05
        rows.append((0, t_ms, entity, UNAVAILABLE, None) if gap else (0, t_ms, entity, FLOAT, dice.gauss(20)))
        rows.append((0, t_ms, "e.word", TEXT, dice.choice("abc")))
    return rows


def everything(writer: Writer, tier: Tier, entity: str = "e.0") -> list[Sample]:
    return writer.archive.history(entity, 0, START_MS * 2, tier)


@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize("entity", ["e.0", "e.word"])
def test_packing_changes_no_answer(writer: MakeWriter, tier: Tier, entity: str) -> None:
    made = writer()
    made.commit(Batch((SEGMENT,), some_rows(3.3)))
    before = everything(made, tier, entity)
    made.tidy(0, START_MS + int(3.3 * HOUR_MS))
    assert made.loose_rows < len(some_rows(0.31))
    assert everything(made, tier, entity) == before
    assert len(before) > 2
    made.close()


def test_a_crowd_of_loose_rows_is_packed_before_the_hour_ends(
    writer: MakeWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edgepi.recorder.writer._LOOSE_ROWS_MAX", 10)
    made = writer()
    made.commit(Batch((SEGMENT,), some_rows(0.2)))
    before = {tier: everything(made, tier) for tier in TIERS}
    assert made.crowded
    made.tidy(0, START_MS + HOUR_MS // 5)
    assert made.loose_rows == 0
    assert {tier: everything(made, tier) for tier in TIERS} == before
    made.close()


def test_an_hour_packed_twice_answers_as_one(writer: MakeWriter) -> None:
    made, rows = writer(), some_rows(1)
    half = len(rows) // 2
    made.commit(Batch((SEGMENT,), rows))
    whole = everything(made, "hour")
    made.close()
    other = Writer(made._path.with_name("other.db"), made._settings, made._log)
    other.open(START)
    for part in (rows[:half], rows[half:]):
        other.commit(Batch((SEGMENT,), part))
        other.tidy(0, START_MS + HOUR_MS)
    twice = everything(other, "hour")
    assert [(s.readings, s.min, s.max, s.value) for s in twice] == [
        (s.readings, s.min, s.max, s.value) for s in whole
    ]
    assert twice[0].mean == pytest.approx(whole[0].mean)
    other.close()


def test_a_commit_that_fails_leaves_nothing_behind(writer: MakeWriter) -> None:
    made = writer()
    bad: list[Row] = [(0, 0, "new.entity", FLOAT, 1.0), (0, 0, "new.entity", FLOAT, 2**70)]
    with pytest.raises((sqlite3.Error, OverflowError)):
        made.commit(Batch((SEGMENT,), bad))
    assert made.archive.entities() == []
    made.commit(Batch((SEGMENT,), bad[:1]))
    assert [s.value for s in everything(made, "raw", "new.entity")] == [1.0]
    made.close()


def test_rows_without_a_date_are_let_go_by_the_next_run(
    writer: MakeWriter, caplog: pytest.LogCaptureFixture
) -> None:
    made = writer()
    made.commit(Batch((Segment(0, 0, None),), [(0, 5, "a.b", FLOAT, 1.0)]))
    made.close()
    made = writer()
    assert made.loose_rows == 0
    assert "1 rows of an earlier run never got a date" in caplog.text
    made.close()


def test_each_run_has_a_boot_and_segments_of_its_own(writer: MakeWriter) -> None:
    for _ in range(3):
        made = writer()
        made.commit(Batch((SEGMENT, Segment(1, 50, START_MS)), [(1, 0, "a.b", FLOAT, 1.0)]))
        made.close()
    made = writer()
    found = made._db.execute("SELECT number, boot FROM segment ORDER BY 1").fetchall()
    assert found == [(1, 1), (2, 1), (3, 2), (4, 2), (5, 3), (6, 3)]
    assert made._db.execute("SELECT segment FROM raw").fetchall() == [(2,), (4,), (6,)]
    made.close()


def test_only_an_unclean_end_makes_the_next_run_read_the_whole_file(
    writer: MakeWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[object] = []

    def is_healthy(database: object) -> bool:
        read.append(database)
        return True

    monkeypatch.setattr("edgepi.recorder.writer.is_healthy", is_healthy)
    made = writer()
    made.check(START)
    made.close()
    made = writer()
    made.check(START)
    assert not read
    made._close_quietly()
    made = writer()
    made.check(START)
    assert len(read) == 1
    made.close()


def test_a_gap_of_the_node_is_seen_in_every_tier(writer: MakeWriter) -> None:
    for boot in range(2):
        made = writer()
        wall = Segment(0, 0, START_MS + boot * 3 * HOUR_MS)
        made.commit(Batch((wall,), [(0, n * 60_000, "a.b", FLOAT, 1.0) for n in range(30)]))
        made.close()
    made = writer()
    made.tidy(0, START_MS + timedelta(days=1) // timedelta(milliseconds=1))
    for tier, at in (("raw", 29 * 60_000 + 1), ("5min", 30 * 60_000), ("hour", HOUR_MS)):
        gaps = [s for s in everything(made, tier, "a.b") if s.value is None]  # type: ignore[arg-type]
        assert [to_ms(s.time_utc) - START_MS for s in gaps] == [at], tier
    made.close()
